"""What rows of accuracy say in short: harder faces on a line for each model, and what int8 costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.accuracy import AccuracyRow, figure
from benchmarks.boxes import REFINED
from benchmarks.face_sets import MASKED, W300, WHOLE

WFLW = "WFLW_test_subset"
INTEGER, REAL = "_int8", "_float32"


def hard_faces_table(rows: Sequence[AccuracyRow]) -> str:
    """InfAnFace, WFLW and Masked from jittered boxes, two looks: a line for each model, as a Markdown table."""
    lines = [
        "| model | InfAnFace: median % | mean % | FR10 % | WFLW: all % | pose % | occlusion % "
        "| Masked: median % | mean % |",
        "|---" + "|---:" * 8 + "|",
    ]
    for model in dict.fromkeys(row.model for row in rows):
        of = {(r.set, r.part): r for r in rows if r.model == model and r.boxes == REFINED}
        infants, masked = of.get(("InfAnFace", WHOLE)), of.get((MASKED, WHOLE))
        wflw = [of.get((WFLW, part)) for part in (WHOLE, "pose", "occlusion")]
        cells = [infants and infants.median_without_own_shift, infants and infants.nme_without_own_shift]
        rate = "-" if infants is None else f"{100 * infants.failure_rate_at_10:.1f}"
        figures = [*(figure(c, 2) for c in cells), rate, *(figure(r and r.nme_without_own_shift, 2) for r in wflw)]
        figures += [
            figure(masked and masked.nme_interocular_median, 2),
            figure(masked and masked.nme_interocular, 2),
        ]
        lines.append(f"| {model} | {' | '.join(figures)} |")
    return "\n".join(lines)


def whole_300w(rows: Sequence[AccuracyRow]) -> list[AccuracyRow]:
    """The rows of whole splits of 300-W."""
    return [row for row in rows if row.set == W300 and row.part == WHOLE]


def refined_parts(rows: Sequence[AccuracyRow]) -> list[AccuracyRow]:
    """The rows of parts of sets from jittered boxes, two looks."""
    return [row for row in rows if row.part != WHOLE and row.boxes == REFINED]


def quantisation_table(rows: Sequence[AccuracyRow]) -> str:
    """NME of each int8 model minus that of its float32 source, over all splits of a set; empty without a pair."""
    lines = []
    whole = [row for row in rows if row.part == WHOLE]
    for name in dict.fromkeys(r.model.removesuffix(INTEGER) for r in whole if r.model.endswith(INTEGER)):
        for place in dict.fromkeys((r.set, r.boxes) for r in whole):
            kinds = [
                [r for r in whole if r.model == name + kind and (r.set, r.boxes) == place]
                for kind in (INTEGER, REAL)
            ]
            if all(kinds):
                steps = [
                    _mean(kinds[0], key) - _mean(kinds[1], key)
                    for key in ("nme_interocular", "nme_without_own_shift")
                ]
                figures = " | ".join("-" if np.isnan(step) else f"{step:+.3f}" for step in steps)
                lines.append(f"| {name} | {' | '.join(place)} | {figures} |")
    if not lines:
        return ""
    head = "| int8 minus float32 | faces of | boxes | NME % | without own shift % |"
    return "\n".join([head, "|---|---|---|---:|---:|", *lines])


def _mean(rows: Sequence[AccuracyRow], key: str) -> float:
    """Over all faces found in several splits; NaN where a split has no such figure."""
    values = [getattr(row, key) for row in rows]
    found = [row.faces - row.missed for row in rows]
    if any(value is None for value in values) or not sum(found):
        return float("nan")
    return float(np.average(values, weights=found))
