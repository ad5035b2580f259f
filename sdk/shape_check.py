"""Whether numbers from a file are those of a fitted shape model."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.shape_model import ShapeModel

MAX_MODES = 64
"""What readers in C have room for."""

TOLERANCE = 1e-3
"""Of what the fit makes exact to float32: a thousand times its rounding."""


def check_shape_model(model: ShapeModel) -> None:
    """Whether numbers from a file are those of a fitted shape model, beyond what `ShapeModel` itself checks.

    Raises:
        InputError: the mean is not in its frame or has no extent, modes are not orthonormal, variances are out of
            range, or the head is flat.
    """
    mean, modes = model.mean.astype(np.float64), model.eigenvectors.astype(np.float64)
    radius = math.sqrt((mean**2).sum(axis=1).mean())
    if np.abs(mean.mean(axis=0)).max() > TOLERANCE or abs(radius - 1.0) > TOLERANCE:
        raise InputError(
            f"mean: expected zero centroid and unit RMS radius, got {mean.mean(axis=0)} and {radius:g}"
        )
    if _flatness(mean) < TOLERANCE or _flatness(model.mean_3d) < TOLERANCE:
        raise InputError("mean, mean_3d: expected points in the plane and in space, got a line or a plane")
    if not 1 <= model.n_modes <= min(MAX_MODES, mean.size):
        raise InputError(f"eigenvectors: expected 1 to {min(MAX_MODES, mean.size)} modes, got {model.n_modes}")
    if not np.abs(modes @ modes.T - np.eye(model.n_modes)).max() <= TOLERANCE:
        raise InputError("eigenvectors: expected orthonormal rows; are the modes scaled or stored as columns?")
    if model.eigenvalues[0] > mean.size or model.eigenvalues[-1] < 1e-12:
        raise InputError(f"eigenvalues: expected 1e-12 to {mean.size}, got {model.eigenvalues[[-1, 0]]}")
    total, squares = model.residual_moments.tolist()
    if not 0 <= squares <= (1 + TOLERANCE) * total**2 or not 0 <= total <= mean.size:
        raise InputError(
            f"residual_moments: expected a sum and a sum of squares of variances, got {total}, {squares}"
        )


def _flatness(points: npt.ArrayLike) -> float:
    """Least over greatest extent of points along their main axes."""
    values = np.asarray(points, np.float64)
    if not (extents := np.linalg.svd(values - values.mean(axis=0), compute_uv=False)).any():
        return 0.0
    return float(extents[-1] / extents[0])
