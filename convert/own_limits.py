"""Limits of a network that has none of its own: what its float model reaches, and a little more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace

import numpy as np

from convert.graph import read_graph
from convert.inspection import is_integer, size, work
from convert.limits import Limits
from convert.product import Answers, Reading, poses_apart_deg
from convert.scenes import Scenes
from sdk.model_file import ModelFile

INTEGER_SHARE, OVERHEAD = 0.45, 64 << 10
"""Of a float model's bytes, what one on integers may have; and what names, shapes and grids take beside."""

NONE = ("drawn_nme", "drawn_point_percent", "confidence_least", "confidence_most")
"""Set where the gate looks at the drawn faces, or known of models with a confidence alone."""


def own_limits(
    limits: Limits, model: ModelFile, reference: ModelFile, reading: Reading, answers: Answers | None, seen: Scenes
) -> Limits:
    """Limits with nothing left open but NONE.

    Args:
        reading, answers: the reference's; answers None where the gate asks for none.
    """
    found = {"bytes": _bytes(model, reference), "mmacs": 1.05 * work(reference) / 1e6}
    found |= _of_reading(reading) | ({} if answers is None else _of_answers(answers, seen))
    names = [field.name for field in fields(limits) if getattr(limits, field.name) is None]
    return replace(limits, **{name: found[name] for name in names if name in found})


def is_complete(limits: Limits) -> bool:
    """Whether nothing comes from the reference."""
    return all(getattr(limits, field.name) is not None for field in fields(limits) if field.name not in NONE)


def _bytes(model: ModelFile, reference: ModelFile) -> float:
    integer = is_integer(read_graph(model.flatbuffer))
    return INTEGER_SHARE * size(reference) + OVERHEAD if integer else 1.01 * size(reference)


def _of_reading(reading: Reading) -> Mapping[str, float]:
    """Shape model and settings are the reference's, or another limit breaks: these keep what it is from worse."""
    deviations = float(reading.true_deviations.mean())
    inverse = 1.0 / deviations if deviations > 1e-6 else math.inf  # the mean shape alone has none
    return {
        "plausibility_least": min(0.01, 0.5 * float(reading.true_chances.min())),
        "plausibility_most": max(0.01, 2.0 * float(reading.chances.max())),
        "deviations_most": max(5.0, 2.0 * deviations, 2.0 * inverse),
        "regularised_percent": max(3.0, 1.5 * float(reading.true_moves.mean())),
        "yaw_deg": float(np.abs(reading.said[:2, 0]).max()) + 0.1,
    }


def _of_answers(answers: Answers, seen: Scenes) -> Mapping[str, float]:
    faces, nothing = np.split(answers.counts, [len(seen.pictures)])
    return {
        "faces_plausibility": min(0.01, 1e-3 * float(answers.plausibilities.min())),
        "poses_apart_deg": poses_apart_deg(answers) + 2.0,
        "pictures_most": float((faces != 1).sum()) + 1.0,
        "textures_most": float(nothing.sum()) + 1.0,
    }
