"""Fit a ShapeModel: generalised Procrustes and PCA for the plane, factorisation for the rigid 3D mean."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.geometry import fit_similarity
from sdk.schemes import IBUG68, LandmarkScheme
from sdk.shape_model import ShapeModel

Float64 = npt.NDArray[np.float64]


def fit_shape_model(
    landmarks: npt.ArrayLike, *, variance: float = 0.98, scheme: LandmarkScheme = IBUG68
) -> ShapeModel:
    """Shape model of landmarks (faces, n, 2) and their mirror images.

    Args:
        variance: share of the variation after alignment that the kept modes explain.
    """
    shapes = np.asarray(landmarks, np.float64)
    if shapes.ndim != 3 or shapes.shape[1:] != (scheme.n_points, 2) or len(shapes) < 3:
        raise InputError(
            f"landmarks: expected (faces, {scheme.n_points}, 2) with 3 faces or more, got {shapes.shape}"
        )
    shapes = np.concatenate([shapes, scheme.mirror_landmarks(shapes.astype(np.float32))])
    mean, aligned = procrustes(shapes)
    offsets = (aligned - mean).reshape(len(aligned), -1)
    _, singular, rows = np.linalg.svd(offsets, full_matrices=False)
    variances = singular**2 / (len(offsets) - 1)
    share = np.cumsum(variances) / variances.sum()
    k = int(np.searchsorted(share, variance)) + 1
    left = variances[k:]
    return ShapeModel(
        mean=mean.astype(np.float32),
        eigenvectors=rows[:k].astype(np.float32),
        eigenvalues=variances[:k].astype(np.float32),
        residual_moments=np.array([left.sum(), (left**2).sum()], np.float32),
        mean_3d=fit_mean_3d(shapes, scheme=scheme).astype(np.float32),
    )


def procrustes(shapes: Float64, *, rounds: int = 10) -> tuple[Float64, Float64]:
    """Generalised Procrustes analysis: mean (n, 2) and the shapes (faces, n, 2) aligned to it.

    The mean keeps zero centroid, unit RMS radius and the orientation of the average shape.
    Source: Gower, Psychometrika 1975.
    """
    mean = _normalised(shapes.mean(axis=0))
    for _ in range(rounds):
        aligned = np.stack([fit_similarity(s, mean).apply(s) for s in shapes])
        mean = _normalised(aligned.mean(axis=0))
    return mean, np.stack([fit_similarity(s, mean).apply(s) for s in shapes])


def _normalised(shape: Float64) -> Float64:
    centred = shape - shape.mean(axis=0)
    return np.asarray(centred / math.sqrt(float((centred**2).sum(axis=1).mean())))


def fit_mean_3d(shapes: Float64, *, scheme: LandmarkScheme, rounds: int = 20) -> Float64:
    """Rigid mean head (n, 3) that explains all shapes (faces, n, 2) as scaled orthographic views.

    Factorisation with the metric constraint gives the start, then poses and structure are refitted in turn.
    Only the scheme's rigid points decide a view's pose; the others take the average of where they lie.
    Frame: sdk.pose's axes; unit RMS radius of x and y; symmetric. Symmetry fixes yaw and roll 0; pitch 0 is
    the mean pitch of the faces given, since people look at the camera on average.
    Source: Tomasi & Kanade, IJCV 1992; Christy & Horaud, PAMI 1996 for the orthographic metric constraint.
    """
    rigid = list(scheme.rigid)
    views = np.stack([_normalised(s) for s in shapes])
    centre = views[:, rigid].mean(axis=1, keepdims=True)
    motion = _factorise((views - centre)[:, rigid])
    structure = _solve_structure(views - centre, motion)
    for _ in range(rounds):
        motion = np.stack([_scaled_orthographic(v, structure[rigid]) for v in (views - centre)[:, rigid]])
        structure = _solve_structure(views - centre, motion)
    return _to_head_axes(structure, motion, scheme)


def _factorise(views: Float64) -> Float64:
    """Motion (faces, 2, 3) of the rank-3 factorisation after the metric upgrade."""
    stacked = views.transpose(0, 2, 1).reshape(-1, views.shape[1])
    u, s, _ = np.linalg.svd(stacked, full_matrices=False)
    motion = (u[:, :3] * np.sqrt(s[:3])).reshape(len(views), 2, 3)
    first, second = motion[:, 0], motion[:, 1]
    equal = _quadratic(first, first) - _quadratic(second, second)
    orthogonal = _quadratic(first, second)
    unit = (_quadratic(first, first) + _quadratic(second, second)).sum(axis=0, keepdims=True)
    rows = np.concatenate([equal, orthogonal, unit])
    right = np.zeros(len(rows))
    right[-1] = 2.0 * len(views)
    a = np.linalg.lstsq(rows, right, rcond=None)[0]
    metric = np.array([[a[0], a[1], a[2]], [a[1], a[3], a[4]], [a[2], a[4], a[5]]])
    values, vectors = np.linalg.eigh(metric)
    upgrade = vectors * np.sqrt(np.maximum(values, 1e-9))
    return motion @ upgrade


def _quadratic(u: Float64, v: Float64) -> Float64:
    """Coefficients of u' L v in the six entries of a symmetric L."""
    x, y, z = u.T
    p, q, r = v.T
    return np.stack([x * p, x * q + y * p, x * r + z * p, y * q, y * r + z * q, z * r], axis=1)


def _scaled_orthographic(view: Float64, structure: Float64) -> Float64:
    """(2, 3) scaled rotation rows that best map structure (m, 3) to view (m, 2)."""
    affine = np.linalg.lstsq(structure - structure.mean(axis=0), view, rcond=None)[0].T
    u, s, vt = np.linalg.svd(affine, full_matrices=False)
    return np.asarray(s.mean() * (u @ vt))


def _solve_structure(views: Float64, motion: Float64) -> Float64:
    """Points (n, 3) that best explain every view under its motion."""
    rows = motion.reshape(-1, 3)
    columns = views.transpose(0, 2, 1).reshape(-1, views.shape[1])
    return np.linalg.lstsq(rows, columns, rcond=None)[0].T


def _to_head_axes(structure: Float64, motion: Float64, scheme: LandmarkScheme) -> Float64:
    """Turn a symmetric structure into x right, y down, z away from the camera, looking at it."""
    mirror = list(scheme.mirror)
    differences = structure - structure[mirror]
    x_axis = np.linalg.eigh(differences.T @ differences)[1][:, -1]
    first_of_pair = [i for i, j in enumerate(mirror) if i < j]  # on the subject's right, the image left
    if (differences[first_of_pair] @ x_axis).sum() > 0:
        x_axis = -x_axis
    view_axis = np.cross(motion[:, 0], motion[:, 1])  # z of every camera, in the structure's frame
    away = (view_axis / np.linalg.norm(view_axis, axis=1, keepdims=True)).mean(axis=0)
    away = away - (away @ x_axis) * x_axis
    away /= np.linalg.norm(away)
    down = np.cross(away, x_axis)
    head = structure @ np.stack([x_axis, down, away]).T
    if head[list(scheme.groups["nose"]), 2].mean() > head[:, 2].mean():
        head[:, 2] *= -1.0  # orthographic views leave depth's sign open; a nose points to the camera
    symmetric = (head + head[mirror] * [-1.0, 1.0, 1.0]) / 2.0
    symmetric -= symmetric.mean(axis=0)
    return np.asarray(symmetric / math.sqrt(float((symmetric[:, :2] ** 2).sum(axis=1).mean())))
