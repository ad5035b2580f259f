"""How far two models differ: on the same faces, in their own units, in per cent of the face and in degrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.faces import Face
from convert.looks import Looks
from sdk.errors import InputError
from sdk.metrics import failure_rate, nme_interocular, pose_mae
from sdk.pose_fit import pose_from_landmarks
from sdk.schemes import LandmarkScheme
from sdk.shape_model import ShapeModel

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, 95th percentile and maximum of absolute differences."""

    mean: float
    p95: float
    max: float

    @classmethod
    def of(cls, differences: npt.ArrayLike) -> Spread:
        values = np.abs(np.asarray(differences, np.float64)).ravel()
        return cls(float(values.mean()), float(np.percentile(values, 95)), float(values.max()))


@dataclass(frozen=True, slots=True)
class Parity:
    """Differences of model B from model A.

    Attributes:
        landmarks_percent: distance of each point of each face over A's outer-eye distance.
        pose_deg: each angle of each face.
        raw_landmarks: coordinates in sides of the crop; None where the crops are not the same.
        raw_pose: in units of 90 degrees.
    """

    faces: int
    landmarks_percent: Spread
    pose_deg: Spread
    raw_landmarks: Spread | None
    raw_pose: Spread


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Errors of one model. NME in per cent of the outer-eye distance; failures above 8 and 10 per cent, 0 to 1;
    pose against the pseudo-labels that training uses, yaw, pitch and roll together."""

    faces: int
    nme_interocular: float
    failure_rate_at_8: float
    failure_rate_at_10: float
    pose_mae_deg: float


def parity(a: Looks, b: Looks, *, scheme: LandmarkScheme, same_crop: bool) -> Parity:
    """B's differences from A."""
    eyes = eye_distances(a.landmarks, scheme)
    distances = np.linalg.norm(b.landmarks - a.landmarks, axis=-1)
    return Parity(
        faces=len(distances),
        landmarks_percent=Spread.of(100.0 * distances / eyes[:, None]),
        pose_deg=Spread.of(b.pose_deg - a.pose_deg),
        raw_landmarks=Spread.of(b.raw_landmarks - a.raw_landmarks) if same_crop else None,
        raw_pose=Spread.of(b.raw_pose - a.raw_pose),
    )


def eye_distances(landmarks: npt.NDArray[Any], scheme: LandmarkScheme) -> npt.NDArray[Any]:
    """Outer-eye distances (faces,) of landmarks (faces, n, 2).

    Raises:
        InputError: one is zero.
    """
    right, left = scheme.outer_eye_corners
    eyes = np.asarray(np.linalg.norm(landmarks[:, right] - landmarks[:, left], axis=-1))
    if np.any(eyes <= 0):
        raise InputError("model A: puts both outer eye corners in one place; was it trained?")
    return eyes


def accuracy(looks: Looks, truth: Float64, true_pose_deg: Float64, *, scheme: LandmarkScheme) -> Accuracy:
    """Errors against true landmarks (faces, n, 2) and angles (faces, 3)."""
    nme = nme_interocular(truth, looks.landmarks, scheme=scheme)
    return Accuracy(
        faces=len(nme),
        nme_interocular=float(nme.mean()),
        failure_rate_at_8=failure_rate(nme, limit=8.0),
        failure_rate_at_10=failure_rate(nme, limit=10.0),
        pose_mae_deg=float(pose_mae(true_pose_deg, looks.pose_deg).mean()),
    )


def truth_of(
    faces: Sequence[Face], shape_model: ShapeModel, *, scheme: LandmarkScheme
) -> tuple[Float64, Float64] | None:
    """Landmarks (faces, n, 2) and pseudo-labels of pose (faces, 3) in degrees; None unless all are known, and of
    this scheme."""
    known = [f.truth for f in faces if f.truth is not None and len(f.truth) == scheme.n_points]
    if not known or len(known) < len(faces):
        return None
    poses = [pose_from_landmarks(points, shape_model, scheme=scheme) for points in known]
    return np.stack(known).astype(np.float64), np.array([(p.yaw_deg, p.pitch_deg, p.roll_deg) for p in poses])
