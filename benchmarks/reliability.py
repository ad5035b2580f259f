"""Whether point errors and confidence tell the truth on annotated faces: ranks, ratios and a chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.boxes import BOXES
from benchmarks.charts import reliability_chart
from benchmarks.confidence import GOOD, auc
from benchmarks.face_sets import W300, ask, read_set
from sdk import FaceAligner
from sdk.errors import InputError
from sdk.metrics import errors_interocular
from train.labelling.side_shift import SideShift

SETS = ((W300, "test_challenging"), ("WFLW_test_subset", "test"), ("InfAnFace", "test"))
COMMON = (W300, "test_common")
"""Measured by itself: easy faces, of which there are more than of all others."""

WHOLE = "all hard faces"
REFINED = "jittered, refined"
BINS = 5

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Of faces: expected and true errors (faces, n), outer-eye distances, and confidence (faces,), NaN: none."""

    expected: Float64
    true: Float64
    confidence: Float64

    @classmethod
    def joined(cls, parts: Sequence[Told]) -> Told:
        """The faces of several sets."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class ReliabilityRow:
    """One set, seen from one kind of boxes.

    rank_correlation: of the expected with the true errors of all points (Spearman).
    expected_percent, true_percent: means in each fifth of the points by expected error; ratios: of the first over
        the second.
    over_8: faces whose mean error is above 8 %. auc_over_8: the chance that another face has a greater confidence
        than one of these; None without a confidence, or without faces of one kind.
    """

    model: str
    set: str
    boxes: str
    faces: int
    rank_correlation: float
    expected_percent: tuple[float, ...]
    true_percent: tuple[float, ...]
    ratios: tuple[float, ...]
    over_8: int
    auc_over_8: float | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(
    aligner: FaceAligner, data: Path, *, seed: int = 0, side_shifts: Mapping[str, SideShift] | None = None
) -> list[ReliabilityRow]:
    """Rows of each set, of WHOLE and of COMMON, in one look and in two.

    Raises:
        InputError: the model gives no point errors.
    """
    rows = []
    for boxes in ("jittered", REFINED):
        found = dict(_told(aligner, data, boxes, seed, side_shifts or {}))
        whole = Told.joined([found[_name(*of)] for of in SETS])
        found = {WHOLE: whole, **found}
        rows += [row(aligner.model.name, name, boxes, told) for name, told in found.items()]
    return rows


def _told(
    aligner: FaceAligner, data: Path, boxes: str, seed: int, side_shifts: Mapping[str, SideShift]
) -> Iterator[tuple[str, Told]]:
    for folder, split in (*SETS, COMMON):
        faces = read_set(data / folder, split)
        if folder in side_shifts:
            faces = replace(faces, samples=side_shifts[folder].without(faces.samples))
        answers = ask(aligner, faces, BOXES[boxes], seed=seed)
        found = [face for face in answers.faces if face is not None]
        errors = [face.point_errors for face in found if face.point_errors is not None]
        if len(errors) < len(found) or not found:
            raise InputError(
                f"model {aligner.model.origin}: expected one with point errors; --write-into MODEL adds them"
            )
        sure = np.array([np.nan if face.confidence is None else face.confidence for face in found])
        truth, landmarks = answers.pairs()
        true = errors_interocular(truth, landmarks, scheme=aligner.model.scheme) / 100.0
        yield _name(folder, split), Told(np.stack(errors).astype(np.float64), true, sure)


def _name(folder: str, split: str) -> str:
    return f"{folder} {split}"


def row(model: str, name: str, boxes: str, told: Told) -> ReliabilityRow:
    """Figures of one set."""
    from scipy.stats import spearmanr

    expected, true = binned(told, BINS)
    bad = 100.0 * told.true.mean(axis=1) > GOOD
    known = not np.isnan(told.confidence).any() and bad.any() and not bad.all()
    return ReliabilityRow(
        model,
        name,
        boxes,
        len(told.true),
        float(spearmanr(told.expected.ravel(), told.true.ravel()).statistic),
        *(tuple(values.tolist()) for values in (100.0 * expected, 100.0 * true, expected / true)),
        int(bad.sum()),
        auc(told.confidence[~bad], told.confidence[bad]) if known else None,
    )


def binned(told: Told, bins: int) -> tuple[Float64, Float64]:
    """Mean expected and true error in each of so many equal parts of the points, by expected error."""
    parts = np.array_split(np.argsort(told.expected.ravel(), kind="stable"), bins)
    expected, true = (np.array([v.ravel()[part].mean() for part in parts]) for v in (told.expected, told.true))
    return expected, true


def chart(rows: Sequence[ReliabilityRow]) -> Any:
    """True over expected error in each fifth of the points, of WHOLE and of COMMON in two looks."""
    shown = [r for r in rows if r.boxes == REFINED and r.set in (WHOLE, _name(*COMMON))]
    return reliability_chart({f"{r.model}, {r.set}": (r.expected_percent, r.true_percent) for r in shown})


def to_table(rows: Sequence[ReliabilityRow]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| model | faces of | boxes | faces | rank | expected over true error, by fifths | over 8 % | AUC |",
        "|---|---|---|---:|---:|---|---:|---:|",
    ]
    for r in rows:
        known = "-" if r.auc_over_8 is None else f"{r.auc_over_8:.3f}"
        lines.append(
            f"| {r.model} | {r.set} | {r.boxes} | {r.faces} | {r.rank_correlation:.2f} "
            f"| {', '.join(f'{v:.2f}' for v in r.ratios)} | {r.over_8} | {known} |"
        )
    return "\n".join(lines)
