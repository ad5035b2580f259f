"""How far a figure depends on which faces happened to be looked at: bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

RESAMPLES = 200
TAIL_PERCENT = 5.0
"""Left out at each end: a figure of other faces lies inside the interval nine times out of ten."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure of all faces, and the ends of its interval."""

    value: float
    low: float
    high: float


def estimate(statistic: Callable[..., float], *rows: Array, seed: int = 0) -> Estimate:
    """A statistic of arrays whose first axis is the face, drawn again with replacement RESAMPLES times.

    Faces are drawn whole and alike in all arrays, so that what two models say of one face stays together.
    Source: Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, the percentile interval.
    """
    value, count = float(statistic(*rows)), len(rows[0])
    if not np.isfinite(value):
        return Estimate(value, value, value)
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(0, count, count) for _ in range(RESAMPLES)]
    found = [statistic(*(row[faces] for row in rows)) for faces in drawn]
    low, high = np.percentile(found, (TAIL_PERCENT, 100.0 - TAIL_PERCENT)).tolist()
    return Estimate(value, min(low, value), max(high, value))


def ratio_of_means(over: Array, under: Array) -> float:
    """Mean of one array over that of another."""
    return float(over.mean()) / max(float(under.mean()), 1e-12)


def mean(values: Array) -> float:
    """Mean over everything."""
    return float(values.mean())


def p95(values: Array) -> float:
    """95th percentile of everything."""
    return float(np.percentile(values, 95))


def worst_point(values: Array) -> float:
    """The greatest mean over faces of values (faces, points)."""
    return float(values.mean(axis=0).max())
