"""The faces on which a model errs most, drawn with truth and prediction on one sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.boxes import Find
from benchmarks.face_sets import FaceSet, ask
from sdk import FaceAligner
from sdk.drawing import write_line
from sdk.metrics import nme_interocular
from sdk.schemes import IBUG68
from train.datasets import Sample
from train.plots import marked_face

SIDE, STRIP, LETTERS = 256, 40, 34
"""Pixels of a face, of the strip of text below it, and how many letters fit into its lines."""

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Wrong:
    """A face and how far a model is off: NME in per cent, infinite and no landmarks (n, 2) where it was missed."""

    sample: Sample
    error: float
    truth: Float32
    found: Float32 | None


def worst(aligner: FaceAligner, sets: Sequence[FaceSet], find: Find, *, count: int, seed: int = 0) -> list[Wrong]:
    """The faces of all sets with the largest errors, missed ones first."""
    seen = [wrong for faces in sets for wrong in _errors(aligner, faces, find, seed)]
    return sorted(seen, key=lambda wrong: -wrong.error)[:count]


def tiles(faces: Sequence[Wrong]) -> Iterator[UInt8]:
    """A picture (SIDE + STRIP, SIDE, 3) of each: truth green, prediction red, error and file name below."""
    for wrong in faces:
        picture = marked_face(wrong.sample.read_image(), wrong.found, wrong.truth, IBUG68, lines=[], side=SIDE)
        strip = np.zeros((STRIP, SIDE, 3), np.uint8)
        for k, text in enumerate((error_words(wrong.error), wrong.sample.path.stem[-LETTERS:])):
            write_line(strip, text, (4, 15 + 17 * k), 0.42)
        yield np.vstack([picture, strip])


def error_words(error: float) -> str:
    """`NME 12.3 %`, or that the face was missed."""
    return f"NME {error:.1f} %" if np.isfinite(error) else "missed"


def _errors(aligner: FaceAligner, faces: FaceSet, find: Find, seed: int) -> Iterator[Wrong]:
    answers = ask(aligner, faces, find, seed=seed)
    for sample, truth, face in zip(faces.samples, answers.truth, answers.faces, strict=True):
        if truth is None or face is None:
            yield Wrong(sample, float("inf"), sample.landmarks if truth is None else truth, None)
        else:
            error = float(nme_interocular(truth[None], face.landmarks[None])[0])
            yield Wrong(sample, error, truth, face.landmarks)
