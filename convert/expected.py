"""Answers of a model, committed beside it: on other machines and interpreters they must come again.

The crops need no licence: drawn faces and public-domain portraits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from convert.faces import Face
from convert.interpreters import FINE
from convert.looks import rgb_crop
from sdk.errors import InputError
from sdk.geometry import Crop
from sdk.interpreter import Interpreter
from sdk.model_file import ModelFile
from train.checkpoint import read_arrays, write_arrays

NAMES = ("crops", "landmarks", "pose")


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Crops (faces, size, size, 3) uint8 RGB with raw landmarks (faces, n, 2) and pose (faces, 3)."""

    crops: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]
    pose: npt.NDArray[np.float32]

    @classmethod
    def of(cls, model: ModelFile, interpreter: Interpreter, faces: Sequence[Face]) -> Expected:
        """What the model answers on faces."""
        boxes = [Crop.around(face.box, size=model.input_size, margin=model.margin) for face in faces]
        crops = np.stack([rgb_crop(box, face.image) for box, face in zip(boxes, faces, strict=True)])
        return cls(crops, *_answers(interpreter, crops))

    @classmethod
    def load(cls, path: Path) -> Expected:
        """Read what `save` wrote.

        Raises:
            InputError: it is something else.
        """
        arrays = read_arrays(path)[0]
        if missing := [name for name in NAMES if name not in arrays]:
            raise InputError(f"{path}: expected a file of python -m convert expect, got one without {missing[0]}")
        return cls(*(arrays[name] for name in NAMES))

    def save(self, path: Path) -> None:
        """Write an npz."""
        write_arrays(path, {name: getattr(self, name) for name in NAMES}, {})

    def distance(self, model: ModelFile, interpreter: Interpreter) -> float:
        """The largest difference of a model's answers, in steps of FINE.

        Raises:
            InputError: the crops do not fit the model.
        """
        size = self.crops.shape[1]
        if model.input_size != size:
            raise InputError(
                f"expected answers: crops of {size} pixels, but {model.name} takes {model.input_size}"
            )
        found = _answers(interpreter, self.crops)
        pairs = zip(found, (self.landmarks, self.pose), strict=True)
        return float(max(np.abs(a - b).max() for a, b in pairs)) / FINE


def _answers(
    interpreter: Interpreter, crops: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    landmarks, pose = zip(*(interpreter.run(crop) for crop in crops), strict=True)
    return np.stack(landmarks).astype(np.float32), np.stack(pose).astype(np.float32)
