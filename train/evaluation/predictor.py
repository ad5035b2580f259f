"""Trained weights and model files behind one call: crops in, landmarks and pose out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.geometry import Crop
from sdk.interpreter import TfliteInterpreter
from sdk.model_file import ModelFile
from sdk.pose import decode_pose
from sdk.results import BBox, HeadPose
from sdk.schemes import LandmarkScheme, scheme_by_name
from train.datasets import Sample
from train.datasets.sample import scheme_of
from train.evaluation.two_stages import TwoStages

CHUNK = 64
"""Faces in memory at a time."""

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]


class Predictor(Protocol):
    """A network and what it takes: pixels per side, crop side over box side, landmark scheme."""

    size: int
    margin: float
    scheme: LandmarkScheme

    def __call__(self, crops: UInt8, /) -> tuple[Float32, list[HeadPose]]:
        """Landmarks (faces, n, 2) in crop coordinates and poses as seen in crops (faces, size, size, 3), BGR."""
        ...

    def describe(self) -> dict[str, Any]:
        """What names the model in a report."""
        ...


class TflitePredictor:
    """A model file, run one face at a time as `FaceAligner.align` does."""

    def __init__(self, path: Path) -> None:
        model = ModelFile.load(path)
        self.size, self.margin, self.scheme = model.input_size, model.margin, model.scheme
        self._interpreter = TfliteInterpreter(model)
        self._yaw_expansion = model.yaw_expansion
        self._described = {"name": model.name, **_file(path), "runs_on": self._interpreter.backend}

    def __call__(self, crops: UInt8, /) -> tuple[Float32, list[HeadPose]]:
        answers = [self._interpreter.run(np.ascontiguousarray(crop[..., ::-1])) for crop in crops]
        poses = [decode_pose(pose, yaw_expansion=self._yaw_expansion) for _, pose in answers]
        return np.stack([points for points, _ in answers]), poses

    def describe(self) -> dict[str, Any]:
        return self._described


class KerasPredictor:
    """The best.npz of `python -m train fit`; Keras is imported when one is opened."""

    def __init__(self, path: Path) -> None:
        import keras

        from train.trained import load_trained

        self._network, config, note = load_trained(path)
        self.size, self.margin = config.size, config.margin
        self.scheme = scheme_by_name(scheme_of(self._network.output_shape[0][-1] // 2, origin=path))
        kept = {key: note[key] for key in ("epoch", "val_nme", "data", "config") if key in note}
        name, runs_on = f"{config.network}_{config.size}", f"keras {keras.backend.backend()}"
        self._described: dict[str, Any] = {"name": name, **_file(path), "runs_on": runs_on, **kept}

    def __call__(self, crops: UInt8, /) -> tuple[Float32, list[HeadPose]]:
        from train.batches import network_input

        points, poses = self._network.predict(network_input(crops), batch_size=CHUNK, verbose=0)
        return np.asarray(points).reshape(len(crops), -1, 2), [decode_pose(row) for row in np.asarray(poses)]

    def describe(self) -> dict[str, Any]:
        return self._described


def open_predictor(path: Path) -> Predictor:
    """The network of a .tflite model file or of a best.npz.

    Raises:
        InputError: the name ends otherwise.
        CheckpointError, ModelFileError, BackendError: the file cannot be used.
    """
    if path.suffix == ".tflite":
        return TflitePredictor(path)
    if path.suffix == ".npz":
        return KerasPredictor(path)
    raise InputError(f"model {path}: expected a .tflite model file or the best.npz of python -m train fit")


def look(
    predictor: Predictor, samples: Sequence[Sample], boxes: Sequence[BBox], *, passes: int = 1
) -> tuple[Float32, Float64]:
    """Landmarks (faces, n, 2) in pixels of each image and yaw, pitch, roll (faces, 3) in degrees.

    Every pass but the first crops around the landmarks of the last, turned upright: two passes see what
    `FaceAligner.align` and then `look_again` see. The first of two stages looks once before.

    Raises:
        InputError: the network's answer is not finite; the message names the face.
    """
    opening = predictor.first if isinstance(predictor, TwoStages) else predictor
    closer_looks = passes - 1 + (opening is not predictor)
    found = []
    for start in range(0, len(samples), CHUNK):
        part = samples[start : start + CHUNK]
        images = [sample.read_image() for sample in part]
        crops = [Crop.around(b, size=opening.size, margin=opening.margin) for b in boxes[start : start + CHUNK]]
        answer = _look_once(opening, part, images, crops)
        for _ in range(closer_looks):
            crops = [_closer(predictor, *seen) for seen in zip(images, crops, *answer, strict=True)]
            answer = _look_once(predictor, part, images, crops)
        found.append(answer)
    return np.concatenate([points for points, _ in found]), np.concatenate([poses for _, poses in found])


def _look_once(
    predictor: Predictor, samples: Sequence[Sample], images: Sequence[UInt8], crops: Sequence[Crop]
) -> tuple[Float32, Float64]:
    pixels = np.stack([crop.extract(image) for crop, image in zip(crops, images, strict=True)])
    points, poses = predictor(pixels)
    angles = np.array([(p.yaw_deg, p.pitch_deg, p.roll_deg) for p in poses], np.float64)
    angles[:, 2] += [crop.angle_deg for crop in crops]
    finite = np.isfinite(points).all(axis=(1, 2)) & np.isfinite(angles).all(axis=1)
    if not finite.all():
        source = samples[int(np.argmin(finite))].source
        raise InputError(
            f"model: expected finite landmarks and angles, got others on {source}; did training end well?"
        )
    return np.stack([crop.to_image(face) for crop, face in zip(crops, points, strict=True)]), angles


def _closer(predictor: Predictor, image: UInt8, crop: Crop, landmarks: Float32, angles: Float64) -> Crop:
    """The upright crop of the landmarks; that of the old place where all of them lie outside the image."""
    turn = predictor.turn_deg(landmarks) if isinstance(predictor, TwoStages) else float(angles[2])
    size, box = predictor.size, BBox.around(landmarks)
    closer = Crop.closer(landmarks, box, image, size=size, margin=predictor.margin, angle_deg=turn)
    return closer or replace(crop, size=size)


def _file(path: Path) -> dict[str, str]:
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
