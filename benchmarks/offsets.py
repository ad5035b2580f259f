"""Errors without what conventions can move: the side that labels lean to, and a network's own constant shift.

Frame: errors (faces, n) are what train.eyes.differences gives.
"""

from __future__ import annotations

import numpy as np

from train.eyes import Complex
from train.labelling.side_shift import SideShift

FOLDS = 2


def nme_without_side(errors: Complex, shift: SideShift) -> float | None:
    """Per cent, after the set's side shift is taken off the labels; None without a face."""
    return _mean_percent(errors + shift.offsets) if len(errors) else None


def nme_without_own_shift(errors: Complex, fitted_on: Complex | None = None) -> float | None:
    """Per cent, after one (dx, dy) of the network is taken off its answers; None with too few faces.

    Args:
        errors: (faces, n).
        fitted_on: (faces, n) of another split, whose mean it is; None: each half of the faces gets the mean of the
            other half, every second face being in the same one.
    """
    if fitted_on is not None:
        return _mean_percent(errors - fitted_on.mean()) if len(errors) and len(fitted_on) else None
    if len(errors) < FOLDS:
        return None
    fold = np.arange(len(errors)) % FOLDS
    moved = [errors[fold == k] - errors[fold != k].mean() for k in range(FOLDS)]
    return _mean_percent(np.concatenate(moved))


def _mean_percent(errors: Complex) -> float:
    return float(100.0 * np.abs(errors).mean())
