"""What a model answers on faces: raw outputs, landmarks in the image, angles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.faces import Face
from sdk.geometry import Crop
from sdk.interpreter import Interpreter, input_values
from sdk.model_file import ModelFile
from sdk.pose import POSE_UNIT_DEG

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Answers in the order of the faces.

    Attributes:
        raw_landmarks: (faces, n, 2) in crop coordinates.
        raw_pose: (faces, 3) in units of 90 degrees.
        landmarks: (faces, n, 2) in pixels of each image.
    """

    raw_landmarks: Float32
    raw_pose: Float32
    landmarks: Float32

    @property
    def pose_deg(self) -> Float32:
        """(faces, 3) yaw, pitch, roll."""
        return np.asarray(POSE_UNIT_DEG * self.raw_pose, np.float32)


def look(model: ModelFile, interpreter: Interpreter, faces: Sequence[Face]) -> Looks:
    """One pass on each face, as `FaceAligner.align` does."""
    raw_landmarks, raw_pose, landmarks = [], [], []
    for face in faces:
        crop = Crop.around(face.box, size=model.input_size, margin=model.margin)
        points, pose = interpreter.run(rgb_crop(crop, face.image))
        raw_landmarks.append(points)
        raw_pose.append(pose)
        landmarks.append(crop.to_image(points))
    return Looks(np.stack(raw_landmarks), np.stack(raw_pose), np.stack(landmarks))


def rgb_crop(crop: Crop, image: UInt8) -> UInt8:
    """The crop's pixels as interpreters take them."""
    return crop.extract(image, swapped=True)


def input_tensor(entry: dict[str, Any], model: ModelFile, face: Face) -> npt.NDArray[Any]:
    """What to set an interpreter's input to, given its details: the face's crop in the type that it takes."""
    crop = rgb_crop(Crop.around(face.box, size=model.input_size, margin=model.margin), face.image)
    return input_values(crop, entry["dtype"], model.input_scale)
