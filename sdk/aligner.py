"""FaceAligner: from a frame to landmarks and head pose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.detector import Detector, default_detector
from sdk.errors import InputError
from sdk.geometry import Crop
from sdk.interpreter import Interpreter, TfliteInterpreter, check_num_threads
from sdk.model_file import ModelFile
from sdk.pose import decode_pose
from sdk.results import BBox, Face
from sdk.schemes import IBUG68

UInt8 = npt.NDArray[np.uint8]

MAX_DISAGREEMENT = 0.10
"""On a face two looks agree, on anything else the second moves away: python -m benchmarks detection prints
what other limits keep."""

MAX_OVERLAP = 0.5
"""Two detections are one face if the boxes of their landmarks overlap (IoU) by more."""


class FaceAligner:
    """Finds faces in frames; gives 68 landmarks and the head pose of each.

    >>> faces = FaceAligner().predict(cv2.imread("photo.jpg"))

    Args:
        model: a model file made by `python -m convert`, or its path; None is the model that comes along.
        detector: anything with the Detector protocol; None is OpenCV's Haar cascade.
        num_threads: threads of the interpreter; None is 1.
        interpreter: what runs the model's network, if not a TFLite interpreter (see sdk.testing).
        max_disagreement: `predict` looks at each detection twice, and drops it as no face if the two looks
            differ by more than this on average, in outer-eye distances; math.inf keeps everything.
    Raises:
        ModelFileError, BackendError: the model cannot be used, or no interpreter is installed.

    One aligner serves one thread at a time; give each thread its own.
    """

    def __init__(
        self,
        model: ModelFile | str | Path | None = None,
        *,
        detector: Detector | None = None,
        num_threads: int | None = None,
        interpreter: Interpreter | None = None,
        max_disagreement: float = MAX_DISAGREEMENT,
    ) -> None:
        threads = check_num_threads(num_threads)
        self._model = _as_model(model)
        self._interpreter = interpreter or TfliteInterpreter(self._model, num_threads=threads)
        self._max_disagreement = _check_limit(max_disagreement)
        self._detector = default_detector() if detector is None else _check_detector(detector)

    @property
    def model(self) -> ModelFile:
        """The model in use."""
        return self._model

    @property
    def interpreter(self) -> Interpreter:
        """What runs the network; it serves one thread at a time."""
        return self._interpreter

    @property
    def max_disagreement(self) -> float:
        """What two looks at a face may differ by, in outer-eye distances."""
        return self._max_disagreement

    def predict(self, frame: UInt8) -> list[Face]:
        """All faces of a frame, best first; an empty list when there is none.

        Args:
            frame: (h, w, 3) uint8, BGR as cv2.imread returns it.
        Raises:
            InputError: the frame has another type or shape, or no pixels.
        """
        _check_frame(frame)
        faces = []
        for found in self._detector(frame):
            first, second = self._looks(frame, found.box, found.score, passes=2)
            if disagreement(first, second) <= self._max_disagreement:
                faces.append(second)
        return _distinct(sorted(faces, key=lambda face: -face.score))

    def align(self, frame: UInt8, box: BBox | Sequence[float], *, refine: bool = False) -> Face:
        """The face in a known box.

        Args:
            frame: (h, w, 3) uint8, BGR as cv2.imread returns it.
            box: left, top, right, bottom in pixels of the frame: the tight box of the landmarks, brows to
                chin and jaw to jaw, give or take 10 %. It may reach beyond the frame, but must touch it.
            refine: run a second time on the box and roll of the landmarks first found: twice the time, for
                boxes that are less exact than that.
        Raises:
            InputError: the frame or the box is not as described.
        """
        _check_frame(frame)
        return self._looks(frame, _as_box(box), 1.0, passes=2 if refine else 1)[-1]

    def look_again(self, frame: UInt8, face: Face) -> Face | None:
        """The same face in the next frame, or more exactly in this one: its landmarks give the crop.

        None where the landmarks lie outside the frame.
        """
        _check_frame(frame)
        crop = self._crop_of(face, frame)
        return None if crop is None else self._look(frame, crop, face.score)

    def _looks(self, frame: UInt8, box: BBox, score: float, *, passes: int) -> list[Face]:
        """The face as each pass sees it; every pass but the first crops around the landmarks of the last."""
        crops = [Crop.around(box, size=self._model.input_size, margin=self._model.margin)]
        faces = [self._look(frame, crops[0], score)]
        while len(faces) < passes:
            crops.append(self._crop_of(faces[-1], frame) or crops[-1])
            faces.append(self._look(frame, crops[-1], score))
        return faces

    def _look(self, frame: UInt8, crop: Crop, score: float) -> Face:
        points, pose_output = self._interpreter.run(np.ascontiguousarray(crop.extract(frame)[..., ::-1]))
        landmarks = crop.to_image(points)
        shape, _ = self._model.shape_model.align(landmarks)
        return Face(
            landmarks=landmarks,
            pose=decode_pose(pose_output, crop_angle_deg=crop.angle_deg),
            box=BBox.around(landmarks),
            score=score,
            shape_parameters=self._model.shape_model.parameters(shape),
            plausibility=self._model.shape_model.plausibility(landmarks),
        )

    def _crop_of(self, face: Face, frame: UInt8) -> Crop | None:
        """The upright crop of a face's landmarks; None where all of them lie outside the frame."""
        height, width = frame.shape[:2]
        inside = (face.landmarks >= 0).all(axis=1) & (face.landmarks <= (width - 1, height - 1)).all(axis=1)
        if not inside.any():
            return None
        return Crop.around_landmarks(
            face.landmarks, size=self._model.input_size, margin=self._model.margin, angle_deg=face.pose.roll_deg
        )


def disagreement(first: Face, second: Face) -> float:
    """Mean distance of two faces' landmarks over the second's outer-eye distance; infinite where its eyes meet."""
    right, left = IBUG68.outer_eye_corners
    eyes = float(np.linalg.norm(second.landmarks[right] - second.landmarks[left]))
    distance = float(np.linalg.norm(first.landmarks - second.landmarks, axis=1).mean())
    return distance / eyes if eyes > 0 else math.inf


def _distinct(faces: list[Face]) -> list[Face]:
    """Faces, best first, without those that overlap a better one by more than MAX_OVERLAP."""
    kept: list[Face] = []
    for face in faces:
        if all(face.box.overlap(other.box) <= MAX_OVERLAP for other in kept):
            kept.append(face)
    return kept


def _as_model(model: ModelFile | str | Path | None) -> ModelFile:
    if model is None:
        return ModelFile.default()
    if isinstance(model, ModelFile):
        return model
    if isinstance(model, str | Path):
        return ModelFile.load(model)
    raise InputError(f"model: expected a path, a ModelFile or None, got {type(model).__name__}")


def _check_detector(detector: Detector) -> Detector:
    if not callable(detector):
        raise InputError(
            f"detector: expected a callable that maps a frame to detections, got {type(detector).__name__}"
        )
    return detector


def _check_limit(limit: float) -> float:
    if not isinstance(limit, int | float) or not limit > 0:
        raise InputError(f"max_disagreement: expected a number above 0, got {limit!r}")
    return float(limit)


def _check_frame(frame: object) -> None:
    if frame is None:
        raise InputError("frame: expected an image, got None; did cv2.imread not find the file?")
    if not isinstance(frame, np.ndarray):
        raise InputError(f"frame: expected a numpy array (h, w, 3) uint8, got {type(frame).__name__}")
    if frame.ndim != 3 or frame.shape[2] != 3:
        hint = {2: "; a grey image? cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)"}.get(frame.ndim, "")
        if frame.ndim == 3 and frame.shape[2] == 4:
            hint = "; with an alpha channel? cv2.cvtColor(frame, cv2.COLOR_BGRA2BGR)"
        raise InputError(f"frame: expected shape (h, w, 3), got {frame.shape}{hint}")
    if frame.dtype != np.uint8:
        hint = "; values in 0..1? (frame * 255).astype(np.uint8)" if frame.dtype.kind == "f" else ""
        raise InputError(f"frame: expected uint8, got {frame.dtype}{hint}")
    if frame.size == 0:
        raise InputError(f"frame: expected at least one pixel, got shape {frame.shape}")


def _as_box(box: BBox | Sequence[float]) -> BBox:
    if isinstance(box, BBox):
        return box
    try:
        left, top, right, bottom = (float(v) for v in box)
    except (TypeError, ValueError) as error:
        raise InputError(f"box: expected left, top, right, bottom, got {box!r}") from error
    return BBox(left, top, right, bottom)
