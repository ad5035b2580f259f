"""Accuracy of landmarks and pose. NME is always in per cent."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdk.checks import as_numbers
from sdk.errors import InputError
from sdk.schemes import IBUG68, LandmarkScheme

Float64 = npt.NDArray[np.float64]


def nme_interocular(truth: npt.ArrayLike, predicted: npt.ArrayLike, *, scheme: LandmarkScheme = IBUG68) -> Float64:
    """Mean point-to-point error of each face over the truth's outer-eye-corner distance, in per cent.

    Args:
        truth, predicted: (faces, n, 2) in one frame, any unit.
    Returns:
        (faces,) float64.
    Source: Sagonas et al., "300 Faces in-the-Wild Challenge", IMAVIS 2016.
    """
    return np.asarray(errors_interocular(truth, predicted, scheme=scheme).mean(axis=-1))


def nme_interpupil(truth: npt.ArrayLike, predicted: npt.ArrayLike, *, scheme: LandmarkScheme = IBUG68) -> Float64:
    """`nme_interocular` with the distance of the pupils instead, each the mean of its eye's points.

    Source: Ren et al., "Face Alignment at 3000 FPS via Regressing Local Binary Features", CVPR 2014.
    """
    true, guess = _pair(truth, predicted, scheme)
    pupils = scheme.pupils(true)  # type: ignore[arg-type]  # float64 serves as well
    distance = np.linalg.norm(pupils[:, 0] - pupils[:, 1], axis=-1)
    if np.any(distance <= 0):
        raise InputError(f"truth: the pupils coincide in face {int(np.argmin(distance))}")
    return np.asarray(100.0 * np.linalg.norm(true - guess, axis=-1).mean(axis=-1) / distance)


def nme_face_box(
    truth: npt.ArrayLike, predicted: npt.ArrayLike, sides: npt.ArrayLike, *, scheme: LandmarkScheme = IBUG68
) -> Float64:
    """`nme_interocular` with the side of each face's box instead, (faces,), in the unit of the landmarks.

    Source: Zhu et al., "Unconstrained Face Alignment via Cascaded Compositional Learning", CVPR 2016 (AFLW).
    """
    true, guess = _pair(truth, predicted, scheme)
    size = as_numbers(sides, "sides")
    if size.shape != true.shape[:1] or not np.all(size > 0):
        raise InputError(f"sides: expected {len(true)} positive numbers, got {size}")
    return np.asarray(100.0 * np.linalg.norm(true - guess, axis=-1).mean(axis=-1) / size)


def errors_interocular(
    truth: npt.ArrayLike, predicted: npt.ArrayLike, *, scheme: LandmarkScheme = IBUG68
) -> Float64:
    """Error of each point over the truth's outer-eye-corner distance, in per cent.

    Args:
        truth, predicted: (faces, n, 2) in one frame, any unit.
    Returns:
        (faces, n) float64; means over some of the points are errors per part of the face.
    """
    true, guess = _pair(truth, predicted, scheme)
    right, left = scheme.outer_eye_corners
    distance = np.linalg.norm(true[:, right] - true[:, left], axis=-1)
    if np.any(distance <= 0):
        raise InputError(f"truth: the outer eye corners coincide in face {int(np.argmin(distance))}")
    return np.asarray(100.0 * np.linalg.norm(true - guess, axis=-1) / distance[:, None])


def failure_rate(nme: npt.ArrayLike, *, limit: float = 10.0) -> float:
    """Share of faces whose NME exceeds `limit` per cent, 0 to 1. A missed face counts as infinity."""
    values = _faces(nme)
    return float(np.mean(~(values <= limit)))


def ced(nme: npt.ArrayLike, *, limit: float = 10.0, steps: int = 1000) -> tuple[Float64, Float64]:
    """Cumulative error distribution: thresholds 0..limit, and the share of faces at or below each."""
    values = np.sort(_faces(nme))
    thresholds = np.linspace(0.0, limit, steps + 1)
    return thresholds, np.searchsorted(values, thresholds, side="right") / len(values)


def auc(nme: npt.ArrayLike, *, limit: float = 10.0) -> float:
    """Area under the cumulative error distribution from 0 to `limit`, divided by `limit`: 0 to 1, exact."""
    return float(np.mean(np.maximum(0.0, 1.0 - _faces(nme) / limit)))


def pose_mae(truth_deg: npt.ArrayLike, predicted_deg: npt.ArrayLike) -> Float64:
    """Mean absolute error per angle, degrees; NaN in the truth means unknown and is left out."""
    return np.asarray(np.nanmean(np.abs(pose_errors(truth_deg, predicted_deg)), axis=0))


def pose_errors(truth_deg: npt.ArrayLike, predicted_deg: npt.ArrayLike) -> Float64:
    """Predicted minus true angles, the short way round: -180 to 180 degrees; NaN where the truth is unknown."""
    difference = as_numbers(predicted_deg, "predicted_deg") - as_numbers(truth_deg, "truth_deg")
    return np.asarray((difference + 180.0) % 360.0 - 180.0)


def sign_agreement(
    truth_deg: npt.ArrayLike, predicted_deg: npt.ArrayLike, *, least_deg: float = 30.0
) -> tuple[float, int]:
    """Share of predictions on the truth's side of 0 where the truth is `least_deg` or more away from it, and
    how many such faces there are: 0.5 is a coin, near 0 a wrong sign. NaN of none."""
    true, guess = as_numbers(truth_deg, "truth_deg"), as_numbers(predicted_deg, "predicted_deg")
    asked = np.abs(true) >= least_deg
    same = np.sign(true[asked]) == np.sign(guess[asked])
    return (float(same.mean()) if same.size else float("nan")), int(same.size)


def _pair(truth: npt.ArrayLike, predicted: npt.ArrayLike, scheme: LandmarkScheme) -> tuple[Float64, Float64]:
    true, guess = as_numbers(truth, "truth"), as_numbers(predicted, "predicted")
    if true.shape != guess.shape or true.ndim != 3 or true.shape[1:] != (scheme.n_points, 2):
        raise InputError(
            f"landmarks: expected two arrays (faces, {scheme.n_points}, 2), got {true.shape} and {guess.shape}"
        )
    return true, guess


def _faces(nme: npt.ArrayLike) -> Float64:
    values = as_numbers(nme, "nme").ravel()
    if values.size == 0:
        raise InputError("nme: expected at least one face, got none")
    return np.where(np.isnan(values), np.inf, values)
