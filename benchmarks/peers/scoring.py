"""Errors, misses and times of peers, all scored alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy import CED_STEPS, figure, signed
from benchmarks.boxes import MATCH
from benchmarks.goals import OURS
from benchmarks.offsets import mean_percent, own_shift, without_own_shift, without_side
from sdk import BBox
from sdk.metrics import ced, failure_rate
from sdk.schemes import IBUG68
from train.eyes import Complex, differences
from train.labelling.side_shift import SideShift

Float64 = npt.NDArray[np.float64]
INNER = slice(17, 68)
"""The 51 points without the jaw, which markups place differently."""
_ABSENT = -1e8


@dataclass(frozen=True, slots=True)
class PeerRow:
    """One library in one mode on one set. NME in per cent of the outer-eye distance over the faces found; failure
    rate at 10 % of the inner points over all faces.

    Attributes:
        points: how many of the 68 the library's markup has.
        mode: `photo`, the whole call on a photo; `box`, given where the face is; `tracking`, frames of a clip.
        p50_ms, p95_ms: the whole call, detection included, on one processor; None in the mode `box`.
        import_ms: of the library alone, in a fresh process; peak_rss_mb: of that process at its end.
        install_mb: of all packages in its environment.
        nme_68_without_side and others: as AccuracyRow has them, of the 68 and of the 51 points.
        shift_right, shift_down: mean of found minus true points along and across the line of the eyes, per cent,
            of the 68 points if the library has them, else of the 51.
    """

    peer: str
    version: str
    mode: str
    split: str
    faces: int
    missed: int
    points: int
    nme_68: float | None
    nme_51: float | None
    failure_rate_at_10: float
    p50_ms: float | None
    p95_ms: float | None
    import_ms: float | None
    peak_rss_mb: float | None
    install_mb: float | None
    ced_51: tuple[float, ...] = ()
    nme_68_without_side: float | None = None
    nme_68_without_own_shift: float | None = None
    nme_51_without_side: float | None = None
    nme_51_without_own_shift: float | None = None
    shift_right: float | None = None
    shift_down: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def score(
    found: Sequence[Sequence[Any]],
    truths: Sequence[npt.NDArray[np.float32]],
    *,
    side_shift: SideShift | None = None,
    fitted_on: Complex | None = None,
) -> dict[str, Any]:
    """The part of a row that is about points.

    Args:
        found: the faces (68, 2) of each image.
        side_shift: of the labels.
        fitted_on: what `errors_of` says of the faces that the library's own shift is measured on; None: these.
    """
    chosen = nearest(found, truths)
    inner = np.array([_nme(f, t, INNER) for f, t in zip(chosen, truths, strict=True)])
    whole = np.array([_nme(f, t, slice(None)) for f, t in zip(chosen, truths, strict=True)])
    finite, errors = np.isfinite(inner), errors_of(chosen, truths)
    points = int(np.isfinite(errors[0]).sum()) if len(errors) else 0
    complete = points == IBUG68.n_points
    figures = {
        "faces": len(truths),
        "missed": int((~finite).sum()),
        "points": points,
        "nme_68": float(whole[finite].mean()) if complete else None,
        "nme_51": float(inner[finite].mean()) if finite.any() else None,
        "failure_rate_at_10": failure_rate(inner),
        "ced_51": tuple(ced(inner, steps=CED_STEPS)[1].tolist()),
    }
    kinds = {"nme_51": INNER} | ({"nme_68": slice(None)} if complete else {})  # the shift is that of the last
    for name, kept in kinds.items():
        figures |= _without_conventions(name, errors, kept, side_shift, fitted_on)
    return figures


def _without_conventions(
    name: str, errors: Complex, kept: slice, side_shift: SideShift | None, fitted_on: Complex | None
) -> dict[str, float | None]:
    """NME of some points without the labels' side and without the library's own shift, and that shift."""
    if not len(errors):
        return {}
    side = None if side_shift is None else mean_percent(without_side(errors, side_shift)[:, kept])
    own = without_own_shift(errors[:, kept], None if fitted_on is None else fitted_on[:, kept])
    shift = 100.0 * own_shift(errors[:, kept])
    return {
        f"{name}_without_side": side,
        f"{name}_without_own_shift": None if own is None else mean_percent(own),
        "shift_right": shift.real,
        "shift_down": shift.imag,
    }


def errors_of(chosen: Sequence[Float64 | None], truths: Sequence[npt.NDArray[np.float32]]) -> Complex:
    """What train.eyes.differences says (faces found, 68) of what `nearest` chose; NaN: an absent point."""
    both = [(truth, face) for face, truth in zip(chosen, truths, strict=True) if face is not None]
    if not both:
        return np.empty((0, IBUG68.n_points), np.complex128)
    truth, face = (np.stack(arrays) for arrays in zip(*both, strict=True))
    return differences(truth, face, IBUG68)


def nearest(found: Sequence[Sequence[Any]], truths: Sequence[npt.NDArray[np.float32]]) -> list[Float64 | None]:
    """The answer (68, 2) to each image that is its true face, absent points as NaN; None: that one is missed."""
    return [_nearest(faces, truth) for faces, truth in zip(found, truths, strict=True)]


def _nearest(faces: Sequence[Any], truth: npt.NDArray[np.float32]) -> Float64 | None:
    """Of the faces found the one that overlaps the true one most, if by MATCH or more; absent points as NaN."""
    box = BBox.around(truth)
    arrays = [np.asarray(face, np.float64) for face in faces]
    arrays = [np.where(face > _ABSENT, face, np.nan) for face in arrays]
    overlaps = [box.overlap(BBox.around(face[np.isfinite(face).all(axis=1)])) for face in arrays]
    best = max(range(len(arrays)), key=lambda i: overlaps[i], default=None)
    return arrays[best] if best is not None and overlaps[best] >= MATCH else None


def _nme(face: Float64 | None, truth: npt.NDArray[np.float32], points: slice) -> float:
    if face is None:
        return float("inf")
    right, left = IBUG68.outer_eye_corners
    eyes = float(np.linalg.norm(truth[right] - truth[left]))
    return float(100 * np.nanmean(np.linalg.norm(face[points] - truth[points], axis=1)) / eyes)


def to_table(rows: Sequence[PeerRow]) -> str:
    """The errors of rows as a Markdown table."""
    lines = [
        "| library | mode | set | faces | missed | NME 68 % | without side % | without own shift % | NME 51 % "
        "| without side % | without own shift % | FR10 51 % | right % | down % |",
        "|---|---|---" + "|---:" * 11 + "|",
    ]
    for r in rows:
        errors = [r.nme_68, r.nme_68_without_side, r.nme_68_without_own_shift]
        errors += [r.nme_51, r.nme_51_without_side, r.nme_51_without_own_shift]
        figures = [*(figure(value, 2) for value in errors), figure(100 * r.failure_rate_at_10, 1)]
        figures += [signed(value) for value in (r.shift_right, r.shift_down)]
        lines.append(f"| {_named(r)} | {r.faces} | {r.missed} | {' | '.join(figures)} |")
    return "\n".join(lines)


def costs_table(rows: Sequence[PeerRow]) -> str:
    """Times and sizes of rows that have them, as a Markdown table; empty where none has."""
    lines = []
    for r in rows:
        values = [(r.p50_ms, 1), (r.p95_ms, 1), (r.import_ms, 0), (r.peak_rss_mb, 0), (r.install_mb, 0)]
        if r.p50_ms is not None:
            lines.append(f"| {_named(r)} | {' | '.join(figure(v, d) for v, d in values)} |")
    head = "| library | mode | set | median ms | p95 ms | import ms | peak RSS MB | install MB |"
    return "\n".join([head, "|---|---|---" + "|---:" * 5 + "|", *lines]) if lines else ""


def _named(row: PeerRow) -> str:
    return f"{row.peer} {row.version} | {row.mode} | {row.split}"


OF_CALLS = (
    ("nme_51", "error of inner points, %", 1.0),
    ("nme_51_without_own_shift", "the same without own shift, %", 1.0),
    ("missed", "faces missed", 1.0),
    ("failure_rate_at_10", "failures, %", 100.0),
    ("p50_ms", "time of a call, ms", 1.0),
)
OF_PROCESSES = (
    ("peak_rss_mb", "memory, MB", 1.0),
    ("install_mb", "size installed, MB", 1.0),
    ("import_ms", "time to import, ms", 1.0),
)
"""What we are compared by, all of them better when less, with a factor; the latter are the same in all sets."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Ours beside the best of the others in one respect."""

    where: str
    what: str
    ours: float
    other: float
    peer: str

    @property
    def verdict(self) -> str:
        return "level" if self.ours == self.other else "we lead" if self.ours < self.other else "we do not"


def standings(rows: Sequence[Mapping[str, Any]]) -> list[Standing]:
    """Where we lead the peers measured, and where we do not, by set and mode."""
    lines = []
    for split, mode in dict.fromkeys((r["split"], r["mode"]) for r in rows):
        lines += _standing(
            f"{split}, {mode}", [r for r in rows if (r["split"], r["mode"]) == (split, mode)], OF_CALLS
        )
    return lines + _standing("process", rows, OF_PROCESSES)


def _standing(where: str, rows: Sequence[Mapping[str, Any]], compared: Any) -> list[Standing]:
    lines = []
    for key, what, factor in compared:
        known = [(factor * r[key], r["peer"]) for r in rows if r.get(key) is not None]
        ours = min((value for value, peer in known if peer == OURS), default=None)
        others = [pair for pair in known if pair[1] != OURS]
        if ours is not None and others:
            lines.append(Standing(where, what, ours, *min(others)))
    return lines


def standings_table(lines: Sequence[Standing]) -> str:
    """Standings as a Markdown table."""
    out = ["| set, mode | what | ours | best other | | library |", "|---|---|---:|---:|---|---|"]
    out += [f"| {s.where} | {s.what} | {s.ours:.3g} | {s.other:.3g} | {s.verdict} | {s.peer} |" for s in lines]
    return "\n".join(out)
