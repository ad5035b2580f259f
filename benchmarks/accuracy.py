"""NME, failure rate and AUC of model files on annotated faces, from jittered true boxes and from a detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.boxes import BOXES
from benchmarks.face_sets import MASKED, W300, WHOLE, Answers, FaceSet, ask, read_set
from benchmarks.offsets import mean_percent, median_percent, own_shift, without_own_shift, without_side
from sdk import FaceAligner
from sdk.metrics import auc, ced, failure_rate, nme_interocular
from sdk.schemes import IBUG68
from train.eyes import Complex, differences
from train.labelling.side_shift import SideShift

CED_STEPS = 40

COMMON = "test_common"
"""The split of 300-W that a network's own constant shift is measured on."""


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """One model on one part of a split. NME in per cent of the outer-eye distance, over the faces found; failure
    rate at 10 % and AUC up to 10 % over all faces, a missed face being a failure."""

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
    """NME after one (dx, dy) of the network is taken off: two-fold, but on test_challenging that of common."""
    set: str = W300
    part: str = WHOLE
    shift_right: float | None = None
    shift_down: float | None = None
    """Mean of found minus true points along and across the line of the eyes, per cent, without failures."""
    median_without_own_shift: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def faces_of(self) -> str:
        """Set, split and part in words."""
        return f"{self.set} {self.split}" + ("" if self.part == WHOLE else f", {self.part}")


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """What a FaceSet's answers come to: errors (found, n) of three kinds, NME (faces,) of all, who was found."""

    plain: Complex
    without_side: Complex | None
    without_own_shift: Complex | None
    nme: npt.NDArray[np.float64]
    found: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, answers: Answers, shift: SideShift | None, fitted_on: Complex | None) -> Errors:
        found, nme = answers.found, np.full(len(answers.faces), np.inf)
        plain = np.empty((0, 0), np.complex128)
        if found.any():
            pairs = answers.pairs()
            plain, nme[found] = differences(*pairs, IBUG68), nme_interocular(*pairs)
        side = None if shift is None else without_side(plain, shift)
        return cls(plain, side, without_own_shift(plain, fitted_on), nme, found)


def measure(
    aligner: FaceAligner,
    sha256: str,
    root: Path,
    splits: Sequence[str],
    *,
    seed: int = 0,
    side_shift: SideShift | None = None,
) -> list[AccuracyRow]:
    """Rows of whole splits of a packed set, one for each source of boxes."""
    sets = [read_set(root, split) for split in splits]
    shifts = {} if side_shift is None else {root.name: side_shift}
    rows = measure_sets(aligner, sha256, sets, seed=seed, side_shifts=shifts)
    return [row for row in rows if row.part == WHOLE]


def measure_sets(
    aligner: FaceAligner,
    sha256: str,
    sets: Sequence[FaceSet],
    *,
    seed: int = 0,
    side_shifts: Mapping[str, SideShift] | None = None,
) -> list[AccuracyRow]:
    """Rows of each set, source of boxes and part of the set.

    Args:
        seed: of the jitter; that of a face depends on it and on the face's place in its split alone.
        side_shifts: of labels, by the name of the set.
    """
    rows = []
    of_common: dict[tuple[str, str], Complex] = {}
    for faces in sets:
        for boxes, find in BOXES.items():
            answers = ask(aligner, faces, find, seed=seed)
            fitted_on = None if faces.split == COMMON else of_common.get((faces.name, boxes))
            errors = Errors.of(answers, (side_shifts or {}).get(faces.name), fitted_on)
            if faces.split == COMMON:
                of_common[faces.name, boxes] = errors.plain
            names = {"model": aligner.model.name, "model_sha256": sha256, "set": faces.name, "split": faces.split}
            for part, chosen in faces.parts().items():
                rows.append(_row({**names, "boxes": boxes, "part": part}, errors, chosen))
    return rows


def _row(names: Mapping[str, str], errors: Errors, chosen: npt.NDArray[np.bool_]) -> AccuracyRow:
    nme = errors.nme[chosen]
    of_found = chosen[errors.found]
    plain, found = errors.plain[of_found], nme[np.isfinite(nme)]
    shift = 100.0 * own_shift(plain) if len(plain) else None
    kinds = errors.without_side, errors.without_own_shift
    side, own = (None if kind is None else mean_percent(kind[of_found]) for kind in kinds)
    own_median = None if errors.without_own_shift is None else median_percent(errors.without_own_shift[of_found])
    two_answers = names["set"] == MASKED  # both have the network's shift, and no label has a part in them
    return AccuracyRow(
        **names,
        faces=len(nme),
        missed=len(nme) - len(found),
        nme_interocular=float(found.mean()) if len(found) else float("nan"),
        nme_interocular_median=float(np.median(found)) if len(found) else float("nan"),
        failure_rate_at_10=failure_rate(nme),
        auc_at_10=auc(nme),
        ced=tuple(ced(nme, steps=CED_STEPS)[1].tolist()),
        nme_without_side=side,
        nme_without_own_shift=None if two_answers else own,
        shift_right=None if shift is None else shift.real,
        shift_down=None if shift is None else shift.imag,
        median_without_own_shift=None if two_answers else own_median,
    )


def to_table(rows: Sequence[AccuracyRow]) -> str:
    """The rows as a Markdown table."""
    head = (
        "| model | faces of | boxes | faces | missed | NME % | without side % | without own shift % | median % "
        "| FR10 % | AUC10 | right % | down % |"
    )
    lines = [head, "|---|---|---" + "|---:" * 10 + "|"]
    for r in rows:
        errors = [r.nme_interocular, r.nme_without_side, r.nme_without_own_shift, r.nme_interocular_median]
        figures = [figure(value, 2) for value in errors]
        figures += [f"{100 * r.failure_rate_at_10:.1f}", f"{r.auc_at_10:.3f}"]
        figures += [signed(value) for value in (r.shift_right, r.shift_down)]
        named = f"| {r.model} | {r.faces_of} | {r.boxes} | {r.faces} | {r.missed} |"
        lines.append(f"{named} {' | '.join(figures)} |")
    return "\n".join(lines)


def figure(value: float | None, digits: int) -> str:
    """A number with so many digits; - where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def signed(value: float | None) -> str:
    """A number with its sign and two digits; - where there is none."""
    return "-" if value is None else f"{value:+.2f}"
