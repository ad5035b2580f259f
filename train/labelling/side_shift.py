"""The side shift of a set: how far its annotators' points lie to one side of where a mirror would put them.

A network that is trained on faces and their mirror images is taught two targets, one to the left and one to the
right of the middle, and answers their mean. Taken off the labels first, both targets are one.

Frame: that of train.eyes. A shift of 0.01 is one per cent of the outer-eye distance towards the subject's left,
which is the image right of an upright face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.geometry import to_complex, to_points
from sdk.schemes import LandmarkScheme, scheme_by_name
from train.checkpoint import read_arrays, write_arrays
from train.datasets import Sample
from train.eyes import Complex, differences, eye_line

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class SideShift:
    """How far labels of a set lie to one side of mirror-consistent ones.

    Attributes:
        offsets: (n,) complex, in outer-eye distances along and across the line of the eyes. A point and its mirror
            partner have equal real parts and opposite imaginary ones.
        scheme: the landmark scheme.
        data: name of the set that it was estimated on.
        faces: how many faces it is the mean of.
    """

    offsets: Complex
    scheme: LandmarkScheme
    data: str
    faces: int

    @classmethod
    def between(cls, truth: Float32, answers: Float32, scheme: LandmarkScheme, *, data: str) -> SideShift:
        """Of labels (faces, n, 2) against answers that a mirror does not change, (faces, n, 2): the mean of what a
        network says of an image and of its mirror image."""
        if truth.shape != answers.shape or truth.ndim != 3 or not len(truth):
            raise InputError(
                f"side shift: expected labels and answers alike, got {truth.shape} and {answers.shape}"
            )
        mean = -differences(truth, answers, scheme).mean(axis=0)
        # What a mirror keeps is the answers' own error; what it turns round is the shift: x alike, y opposite.
        return cls((mean + mean[list(scheme.mirror)].conj()) / 2.0, scheme, data, len(truth))

    def removed_from(self, landmarks: Float32) -> Float32:
        """Labels (..., n, 2) without the shift."""
        labels = to_complex(landmarks)
        moved = labels - self.offsets * eye_line(labels, self.scheme)[..., None]
        return to_points(moved).astype(np.float32)

    def without(self, samples: Sequence[Sample]) -> list[Sample]:
        """Samples whose landmarks have the shift taken off.

        Raises:
            InputError: a sample has another landmark scheme.
        """
        for sample in samples:
            if sample.scheme != self.scheme.name:
                raise InputError(f"side shift: it is of {self.scheme.name}, {sample.path} has {sample.scheme}")
        return [replace(sample, landmarks=self.removed_from(sample.landmarks)) for sample in samples]

    def save(self, path: Path) -> None:
        """Write an npz: offsets (n, 2) float64, x and y, and a note."""
        note = {"scheme": self.scheme.name, "data": self.data, "faces": self.faces, "unit": "outer-eye distances"}
        write_arrays(path, {"offsets": to_points(self.offsets)}, note)

    @classmethod
    def load(cls, path: Path) -> SideShift:
        """What `save` wrote.

        Raises:
            CheckpointError: the file is missing or damaged. InputError: it holds something else.
        """
        arrays, note = read_arrays(path)
        if "offsets" not in arrays or "scheme" not in note:
            raise InputError(f"{path}: expected what python -m train side-shift wrote")
        scheme, offsets = scheme_by_name(str(note["scheme"])), np.asarray(arrays["offsets"], np.float64)
        if offsets.shape != (scheme.n_points, 2) or not np.isfinite(offsets).all():
            raise InputError(f"{path}: expected {scheme.n_points} finite offsets, got {offsets.shape}")
        return cls(to_complex(offsets), scheme, str(note["data"]), int(note["faces"]))
