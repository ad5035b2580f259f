"""Errors without what conventions can move: the side that labels lean to, and a network's own constant shift.

Frame: differences of found and true points are complex numbers over the vector between the true outer eye corners,
so that their absolute values are errors in outer-eye distances (train.labelling.side_shift).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdk.schemes import IBUG68, LandmarkScheme
from train.labelling.side_shift import SideShift, as_complex, eye_line

Complex = npt.NDArray[np.complex128]
Float32 = npt.NDArray[np.float32]
FOLDS = 2


def differences(truth: Float32, found: Float32, scheme: LandmarkScheme = IBUG68) -> Complex:
    """Found minus true points (faces, n), of landmarks (faces, n, 2)."""
    labels = as_complex(truth)
    return np.asarray((as_complex(found) - labels) / eye_line(labels, scheme)[:, None])


def nme_without_side(errors: Complex, shift: SideShift) -> float:
    """Per cent, after the set's side shift is taken off the labels."""
    return float(100.0 * np.abs(errors + shift.offsets).mean()) if len(errors) else float("nan")


def nme_without_own_shift(errors: Complex, fitted_on: Complex | None = None) -> float:
    """Per cent, after one (dx, dy) of the network is taken off its answers.

    Args:
        errors: (faces, n).
        fitted_on: (faces, n) of another split, whose mean it is; None: each half of the faces gets the mean of the
            other half, every second face being in the same one.
    """
    if fitted_on is not None:
        return _mean_percent(errors - fitted_on.mean()) if len(errors) and len(fitted_on) else float("nan")
    if len(errors) < FOLDS:
        return float("nan")
    fold = np.arange(len(errors)) % FOLDS
    moved = [errors[fold == k] - errors[fold != k].mean() for k in range(FOLDS)]
    return _mean_percent(np.concatenate(moved))


def _mean_percent(errors: Complex) -> float:
    return float(100.0 * np.abs(errors).mean())
