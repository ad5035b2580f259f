"""NME, failure rate and AUC of model files on 300W, from jittered true boxes and from a detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.offsets import nme_without_own_shift, nme_without_side
from sdk import BBox, Face, FaceAligner
from sdk.metrics import auc, ced, failure_rate, nme_interocular
from sdk.schemes import IBUG68
from train.datasets import Sample, read_packed
from train.datasets.packed import Split
from train.evaluation.boxes import JITTER as JITTER
from train.evaluation.boxes import jittered_box
from train.eyes import Complex, differences
from train.labelling.side_shift import SideShift

MATCH = 0.3
"""A detected face is the annotated one if their landmark boxes overlap (IoU) by this much."""

CED_STEPS = 40

COMMON = "test_common"
"""The split that a network's own constant shift is measured on."""

Float32 = npt.NDArray[np.float32]
Find = Callable[[FaceAligner, Sample, npt.NDArray[np.uint8], np.random.Generator], Face | None]


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """One model on one split. NME in per cent of the outer-eye distance, over the faces found; failure rate
    at 10 % and AUC up to 10 % over all faces, a missed face being a failure."""

    model: str
    model_sha256: str
    split: str
    boxes: str
    faces: int
    missed: int
    nme_interocular: float
    nme_interocular_median: float
    failure_rate_at_10: float
    auc_at_10: float
    ced: tuple[float, ...] = ()
    """Shares of all faces with an NME of at most 0, 0.25, ... 10 %."""
    nme_without_side: float | None = None
    """NME after the set's side shift, estimated on its train split, is taken off the labels."""
    nme_without_own_shift: float | None = None
    """NME after one (dx, dy) of the network is taken off: two-fold on test_common, that of common elsewhere."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


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


BOXES: dict[str, Find] = {"jittered": from_true_box, "jittered, refined": refined, "detector": from_detector}


def measure(
    aligner: FaceAligner,
    sha256: str,
    root: Path,
    splits: Sequence[Split],
    *,
    seed: int = 0,
    side_shift: SideShift | None = None,
) -> list[AccuracyRow]:
    """A row per split and source of boxes. The jitter of face i depends on seed and i alone."""
    rows = []
    of_common: dict[str, Complex] = {}
    for split in splits:
        samples = read_packed(root, split=split)
        for boxes, find in BOXES.items():
            faces = [
                find(aligner, sample, sample.read_image(), np.random.default_rng((seed, i)))
                for i, sample in enumerate(samples)
            ]
            row = _row(aligner.model.name, sha256, split, boxes, np.array([*map(_error, samples, faces)]))
            apart = _differences(samples, faces)
            if split == COMMON:
                of_common[boxes] = apart
            own = nme_without_own_shift(apart, None if split == COMMON else of_common.get(boxes))
            side = None if side_shift is None else nme_without_side(apart, side_shift)
            rows.append(replace(row, nme_without_side=side, nme_without_own_shift=own))
    return rows


def _error(sample: Sample, face: Face | None) -> float:
    if face is None:
        return float("inf")
    return float(nme_interocular(sample.landmarks[None], face.landmarks[None])[0])


def _differences(samples: Sequence[Sample], faces: Sequence[Face | None]) -> Complex:
    pairs = [(s.landmarks, f.landmarks) for s, f in zip(samples, faces, strict=True) if f is not None]
    if not pairs:
        return np.empty((0, 0), np.complex128)
    truth, found = (np.stack(arrays) for arrays in zip(*pairs, strict=True))
    return differences(truth, found, IBUG68)


def _row(model: str, sha256: str, split: str, boxes: str, errors: npt.NDArray[np.float64]) -> AccuracyRow:
    found = errors[np.isfinite(errors)]
    return AccuracyRow(
        model=model,
        model_sha256=sha256,
        split=split,
        boxes=boxes,
        faces=len(errors),
        missed=len(errors) - len(found),
        nme_interocular=float(found.mean()) if len(found) else float("nan"),
        nme_interocular_median=float(np.median(found)) if len(found) else float("nan"),
        failure_rate_at_10=failure_rate(errors),
        auc_at_10=auc(errors),
        ced=tuple(ced(errors, steps=CED_STEPS)[1].tolist()),
    )


def to_table(rows: Sequence[AccuracyRow]) -> str:
    """The rows as a Markdown table."""
    head = (
        "| model | 300W split | boxes | faces | missed | NME % | without side % | without own shift % | median % "
        "| FR10 % | AUC10 |"
    )
    lines = [head, "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for r in rows:
        errors = (
            f"{r.nme_interocular:.2f} | {figure(r.nme_without_side, 2)} | {figure(r.nme_without_own_shift, 2)}"
        )
        lines.append(
            f"| {r.model} | {r.split} | {r.boxes} | {r.faces} | {r.missed} | {errors} | "
            f"{r.nme_interocular_median:.2f} | {100 * r.failure_rate_at_10:.1f} | {r.auc_at_10:.3f} |"
        )
    return "\n".join(lines)


def figure(value: float | None, digits: int) -> str:
    """A number with so many digits; - where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"
