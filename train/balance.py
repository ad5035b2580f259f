"""Pose-based data balancing: rare head poses are seen as often as common ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.schemes import IBUG68, LandmarkScheme
from sdk.shape_model import ShapeModel


def yaw_mode(shape_model: ShapeModel, *, scheme: LandmarkScheme = IBUG68) -> int:
    """The mode that carries yaw: of those that a mirror turns into their opposite, the one that varies most."""
    modes = shape_model.eigenvectors.reshape(shape_model.n_modes, -1, 2)
    mirrored = scheme.mirror_landmarks(modes)
    likeness = (modes * mirrored).sum(axis=(1, 2))  # 1 symmetric, -1 antisymmetric
    candidates = np.flatnonzero(likeness < -0.5)
    if len(candidates) == 0:
        raise InputError("shape model: expected a mode of yaw; was it fitted without mirror images?")
    return int(candidates[0])


def shown_indices(
    landmarks: npt.ArrayLike, shape_model: ShapeModel, *, bins: int, scheme: LandmarkScheme = IBUG68
) -> npt.NDArray[np.intp]:
    """Which of the faces (faces, n, 2) an epoch shows: balanced with `bins`, each of them once without (0)."""
    if bins:
        return balanced_indices(landmarks, shape_model, bins=bins, scheme=scheme)
    return np.arange(len(np.asarray(landmarks)))


def balanced_indices(
    landmarks: npt.ArrayLike, shape_model: ShapeModel, *, bins: int = 9, scheme: LandmarkScheme = IBUG68
) -> npt.NDArray[np.intp]:
    """Which faces to show in an epoch: indices into landmarks (faces, n, 2), rare poses repeated.

    |coefficient of the yaw mode| falls into `bins` equal bins; each face of a bin with n faces is shown
    round(largest / n) times. Faces on the upper edge belong to the last bin; empty bins are left out.
    Augmentation makes the copies differ.
    Source: Feng et al., "Wing Loss ...", CVPR 2018, section 4.2; 9 bins as there.
    """
    mode = yaw_mode(shape_model, scheme=scheme)
    faces = np.asarray(landmarks, np.float64)
    if faces.ndim != 3 or len(faces) == 0 or bins < 1:
        raise InputError(f"expected landmarks (faces, n, 2) and bins >= 1, got {faces.shape} and {bins}")
    turned = [abs(shape_model.parameters(shape_model.align(f)[0], limit=None)[mode]) for f in faces]
    yaw = np.array(turned, np.float64)
    width = max(float(yaw.max()), 1e-12) / bins
    which = np.minimum((yaw / width).astype(int), bins - 1)
    counts = np.bincount(which, minlength=bins)
    repeats = np.rint(counts.max() / np.maximum(counts, 1)).astype(int)
    return np.repeat(np.arange(len(faces)), repeats[which])
