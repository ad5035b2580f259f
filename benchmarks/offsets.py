"""Errors without what conventions can move: the side that labels lean to, and a network's own constant shift.

Frame: errors (faces, n) are what train.eyes.differences gives; NaN is a point that a network does not have.
"""

from __future__ import annotations

import numpy as np

from train.eyes import Complex
from train.labelling.side_shift import SideShift

FOLDS = 2

FAILURE = 0.1
"""Mean error of a face in outer-eye distances from which it is a failure, as in failure_rate_at_10."""


def nme_without_side(errors: Complex, shift: SideShift) -> float | None:
    """Per cent, after the set's side shift is taken off the labels; None without a face."""
    return mean_percent(without_side(errors, shift))


def nme_without_own_shift(errors: Complex, fitted_on: Complex | None = None) -> float | None:
    """Per cent, after one (dx, dy) of the network is taken off its answers; None with too few faces.

    Args:
        errors: (faces, n).
        fitted_on: (faces, n) of another split, whose mean it is; None: each half of the faces gets the mean of the
            other half, every second face being in the same one.
    """
    moved = without_own_shift(errors, fitted_on)
    return None if moved is None else mean_percent(moved)


def without_side(errors: Complex, shift: SideShift) -> Complex:
    """Errors (faces, n) against labels whose side shift is taken off."""
    return errors + shift.offsets if len(errors) else errors


def without_own_shift(errors: Complex, fitted_on: Complex | None = None) -> Complex | None:
    """Errors (faces, n) of answers without the network's own (dx, dy), see nme_without_own_shift."""
    if fitted_on is not None:
        return errors - own_shift(fitted_on) if len(errors) and len(fitted_on) else None
    if len(errors) < FOLDS:
        return None
    fold = np.arange(len(errors)) % FOLDS
    constants = np.array([own_shift(errors[fold != k]) for k in range(FOLDS)])
    return errors - constants[fold][:, None]


def own_shift(errors: Complex) -> complex:
    """The mean difference, dx + i dy in outer-eye distances along and across the line of the eyes.

    It is over the faces that are no failures, where there are any: a single face that is taken upside down would
    move the mean of a hundred by more than a network's convention does.
    """
    fitted = np.nanmean(np.abs(errors), axis=1) <= FAILURE
    return complex(np.nanmean(errors[fitted] if fitted.any() else errors))


def mean_percent(errors: Complex) -> float | None:
    """The mean size of errors (faces, n) in per cent; None without a face."""
    return float(100.0 * np.nanmean(np.abs(errors))) if len(errors) else None


def median_percent(errors: Complex) -> float | None:
    """The median over faces of what `mean_percent` is the mean of."""
    return float(100.0 * np.median(np.nanmean(np.abs(errors), axis=1))) if len(errors) else None
