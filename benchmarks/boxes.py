"""From which boxes a benchmark has faces looked at: true ones, jittered, and those of a detector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from sdk import BBox, Face, FaceAligner
from train.datasets import Sample
from train.evaluation.boxes import jittered_box

MATCH = 0.3
"""A detected face is the annotated one if their landmark boxes overlap (IoU) by this much."""

Find = Callable[[FaceAligner, Sample, npt.NDArray[np.uint8], np.random.Generator], Face | None]


def from_true_box(
    aligner: FaceAligner, sample: Sample, image: npt.NDArray[np.uint8], rng: np.random.Generator
) -> Face | None:
    """`align` on the jittered true box: one pass."""
    return aligner.align(image, jittered_box(sample.landmarks, rng))


def refined(
    aligner: FaceAligner, sample: Sample, image: npt.NDArray[np.uint8], rng: np.random.Generator
) -> Face | None:
    """`align(refine=True)` on the same box: two looks, as `predict` has them."""
    return aligner.align(image, jittered_box(sample.landmarks, rng), refine=True)


def from_detector(
    aligner: FaceAligner, sample: Sample, image: npt.NDArray[np.uint8], rng: np.random.Generator
) -> Face | None:
    """`predict`; of the faces found, the one that overlaps the annotated one most."""
    truth = BBox.around(sample.landmarks)
    best = max(aligner.predict(image), key=lambda face: truth.overlap(face.box), default=None)
    return best if best is not None and truth.overlap(best.box) >= MATCH else None


REFINED = "jittered, refined"

BOXES: Mapping[str, Find] = MappingProxyType(
    {"jittered": from_true_box, REFINED: refined, "detector": from_detector}
)
