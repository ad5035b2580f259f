"""From the six numbers of a rotation to yaw, pitch and roll, inside the network."""

from __future__ import annotations

import math
from typing import Any

from sdk.pose import POSE_UNIT_DEG

TINY = 1e-12
"""Added below square roots, as in `train.losses.rotation_from_6d`."""


def with_euler_pose(keras: Any, network: Any) -> Any:
    """A network with outputs (landmarks, pose) whose pose is (batch, 3), yaw, pitch, roll in units of 90 degrees.

    A network that gives them already is returned as it is. Six numbers are converted by operations of the
    graph, without weights, so that a model file made of the network carries the conversion.
    """
    landmarks, pose = network.outputs
    if pose.shape[-1] == 3:
        return network
    angles = euler_layer(keras)(name="pose_angles", dtype="float32")(pose)
    return keras.Model(network.inputs, [landmarks, angles], name=network.name)


def euler_layer(keras: Any) -> Any:
    """The class of the layer from (batch, 6) to (batch, 3), for either Keras.

    With R of `rotation_from_6d`: yaw = atan2(-R20, |(R00, R10)|), pitch = -atan2(R21, R22) and
    roll = atan2(R10, R00), as `sdk.pose.pose_from_rotation`; only where yaw is exactly 90 degrees, and the two
    others have no single value, do they differ.
    """
    maths = _maths(keras)

    class EulerPose(keras.layers.Layer):  # type: ignore[misc,name-defined]
        """Six numbers of a rotation to yaw, pitch and roll in units of 90 degrees."""

        def call(self, values: Any) -> Any:
            a, b = [values[:, i] for i in range(3)], [values[:, i] for i in range(3, 6)]
            a = _unit(maths, [a[0] + 1.0, a[1], a[2]])
            b = [b[0], b[1] + 1.0, b[2]]
            along = sum(p * q for p, q in zip(a, b, strict=True))
            b = _unit(maths, [q - along * p for p, q in zip(a, b, strict=True)])
            yaw = maths.atan2(-a[2], maths.sqrt(a[0] * a[0] + a[1] * a[1] + TINY))
            pitch = -maths.atan2(b[2], a[0] * b[1] - a[1] * b[0])
            roll = maths.atan2(a[1], a[0])
            return maths.stack([yaw, pitch, roll], axis=-1) / math.radians(POSE_UNIT_DEG)

        def compute_output_shape(self, shape: Any) -> Any:
            return (shape[0], 3)

    return EulerPose


def _unit(maths: Any, vector: list[Any]) -> list[Any]:
    length = maths.sqrt(sum(v * v for v in vector) + TINY)
    return [v / length for v in vector]


class _KerasMaths:
    """Keras 3's operations by TensorFlow's names."""

    def __init__(self, ops: Any) -> None:
        self.atan2, self.sqrt, self.stack = ops.arctan2, ops.sqrt, ops.stack


def _maths(keras: Any) -> Any:
    """Operations for the tensors of a keras namespace; tf-keras has none of its own."""
    if hasattr(keras, "ops"):
        return _KerasMaths(keras.ops)
    import tensorflow as tf

    return tf
