"""Losses of head pose, and rotations inside the graph.

Convention: that of `sdk.pose`. Truth is (batch, 3): yaw, pitch, roll in units of 90 degrees.
R = Rz(roll) Ry(yaw) Rx(-pitch); a frontal face has the identity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from sdk.pose import POSE_UNIT_DEG, pose_from_rotation
from sdk.results import HeadPose

FRONTAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""First two columns of the identity."""

TINY = 1e-12
"""Added below square roots: keeps their gradient finite at 0, and is lost in the rounding elsewhere."""


class PoseLoss(keras.losses.Loss):
    """weight * mean squared error of yaw, pitch and roll (batch, 3). Source: ASMNet, section 3.3."""

    def __init__(self, *, weight: float = 1.0, name: str = "pose_mse") -> None:
        super().__init__(name=name)
        self.weight = weight

    def call(self, true: Any, pred: Any) -> Any:
        return self.weight * ops.mean(ops.square(true - pred), axis=-1)


class GeodesicLoss(keras.losses.Loss):
    """weight · (θ / 90°)² / 3, with θ the angle of the rotation that brings the prediction to the truth.

    For a turn about one axis it equals `PoseLoss`, so the two share their weights; near |yaw| = 90, where yaw,
    pitch and roll jump between equal rotations, it does not jump. With ‖R - R'‖² = 8 sin²(θ/2),
    θ = 2 atan2(sin θ/2, cos θ/2), which unlike an arc cosine has a gradient at θ = 0.

    Args:
        rotations: from network outputs to (batch, 3, 3): `rotation_from_6d` or `rotation_from_euler`.
    Source: metric φ₆ of Huynh, "Metrics for 3D Rotations", JMIV 2009, squared.
    """

    def __init__(self, rotations: Callable[[Any], Any], *, weight: float = 1.0, name: str = "geodesic") -> None:
        super().__init__(name=name)
        self.rotations, self.weight = rotations, weight

    def call(self, true: Any, pred: Any) -> Any:
        difference = rotation_from_euler(true) - self.rotations(pred)
        sine = ops.sum(ops.square(difference), axis=(-2, -1)) / 8.0
        cosine = ops.maximum(1.0 - sine, 0.0)
        angle = 2.0 * ops.arctan2(ops.sqrt(sine + TINY), ops.sqrt(cosine + TINY))
        return self.weight * ops.square(angle / math.radians(POSE_UNIT_DEG)) / 3.0


def rotation_from_euler(pose: Any) -> Any:
    """(batch, 3, 3) rotations of yaw, pitch, roll (batch, 3) in units of 90 degrees."""
    angles = math.radians(POSE_UNIT_DEG) * pose
    cy, cx, cz = (ops.cos(angles[:, i]) for i in range(3))
    sy, sx, sz = ops.sin(angles[:, 0]), -ops.sin(angles[:, 1]), ops.sin(angles[:, 2])
    rows = [
        [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
        [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
        [-sy, cy * sx, cy * cx],
    ]
    return ops.stack([ops.stack(row, axis=-1) for row in rows], axis=-2)


def rotation_from_6d(values: Any) -> Any:
    """(batch, 3, 3) rotations of six numbers each: what to add to the frontal face's first two columns.

    The sums are made orthonormal in turn, the third column is their cross product. Zeros are a frontal face.
    Source: Zhou et al., "On the Continuity of Rotation Representations in Neural Networks", CVPR 2019.
    """
    values = values + ops.convert_to_tensor(FRONTAL, dtype=values.dtype)
    first = _unit(values[:, :3])
    second = values[:, 3:] - ops.sum(first * values[:, 3:], axis=-1, keepdims=True) * first
    second = _unit(second)
    return ops.stack([first, second, ops.cross(first, second)], axis=-1)


def sixd_from_rotation(rotation: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Inverse of `rotation_from_6d`: (..., 6) of rotations (..., 3, 3)."""
    matrix = np.asarray(rotation, np.float64)
    return np.concatenate([matrix[..., 0], matrix[..., 1]], axis=-1) - np.asarray(FRONTAL)


def pose_from_6d(values: npt.ArrayLike) -> list[HeadPose]:
    """Yaw, pitch and roll of outputs (batch, 6)."""
    rotations = np.asarray(rotation_from_6d(ops.convert_to_tensor(values, dtype="float32")), np.float64)
    return [pose_from_rotation(rotation) for rotation in rotations]


def _unit(vector: Any) -> Any:
    return vector / ops.sqrt(ops.sum(ops.square(vector), axis=-1, keepdims=True) + TINY)
