"""Head pose: rotation matrix to yaw, pitch, roll and back.

Frame: x right, y down, z away from the camera, as OpenCV's camera. A frontal face has the identity matrix
and its nose points to -z. R = Rz(roll) Ry(yaw) Rx(-pitch), each a right-handed rotation about its axis,
with the signs of 300W-LP (yaw > 0 to the image left, pitch > 0 chin up, roll > 0 clockwise).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from sdk.results import HeadPose

Float64 = npt.NDArray[np.float64]

POSE_UNIT_DEG = 90.0
"""Degrees per unit of the network's pose output."""


def rotation_from_pose(pose: HeadPose) -> Float64:
    """(3, 3) matrix that turns a frontal head to `pose`: Rz(roll) Ry(yaw) Rx(-pitch), multiplied out."""
    (cz, sz), (cy, sy), (cx, sx) = map(_turn, (pose.roll_deg, pose.yaw_deg, -pose.pitch_deg))
    return np.array(
        [
            [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
            [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
            [-sy, cy * sx, cy * cx],
        ]
    )


def pose_from_rotation(rotation: Float64) -> HeadPose:
    """Inverse of `rotation_from_pose` for |yaw| < 90; at 90 degrees roll is set to 0."""
    (r00, _, _), (r10, r11, r12), (r20, r21, r22) = rotation.tolist()
    yaw = math.asin(max(-1.0, min(1.0, -r20)))
    if math.hypot(r00, r10) < 1e-6:  # gimbal lock: only roll -+ pitch is known
        roll = 0.0
        about_x = math.atan2(-r12, r11)
    else:
        roll = math.atan2(r10, r00)
        about_x = math.atan2(r21, r22)
    return HeadPose(math.degrees(yaw), -math.degrees(about_x), math.degrees(roll))


def nearest_rotation(matrix: Float64) -> Float64:
    """The rotation (3, 3) closest to a matrix (3, 3), by its singular vectors; never a reflection."""
    u, _, vt = np.linalg.svd(matrix)
    (a, b, c), (d, e, f), (g, h, i) = (u @ vt).tolist()
    if a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) < 0:
        u[:, 2] *= -1.0
    return np.asarray(u @ vt)


def angle_between_deg(first: HeadPose, second: HeadPose) -> float:
    """Angle of the one turn that leads from a pose to the other (geodesic distance), 0 to 180 degrees."""
    turn = rotation_from_pose(first).T @ rotation_from_pose(second)
    axis = (turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1])  # 2 sin(angle) long
    return math.degrees(math.atan2(math.hypot(*axis), float(np.trace(turn)) - 1.0))


def mirror_pose(pose: HeadPose) -> HeadPose:
    """Pose of the image flipped left to right."""
    return HeadPose(-pose.yaw_deg, pose.pitch_deg, -pose.roll_deg)


def mean_pose(first: HeadPose, second: HeadPose) -> HeadPose:
    """Each angle halfway between those of two poses that are near one another."""
    return HeadPose(
        (first.yaw_deg + second.yaw_deg) / 2.0,
        (first.pitch_deg + second.pitch_deg) / 2.0,
        (first.roll_deg + second.roll_deg) / 2.0,
    )


def decode_pose(
    output: npt.NDArray[np.float32], *, crop_angle_deg: float = 0.0, yaw_expansion: float = 0.0
) -> HeadPose:
    """Network output (3,), yaw, pitch, roll in units of 90 degrees, of a crop turned by crop_angle_deg."""
    yaw, pitch, roll = (float(v) * POSE_UNIT_DEG for v in output)
    return HeadPose(expanded_yaw(yaw, yaw_expansion), pitch, roll + crop_angle_deg)


def expanded_yaw(yaw_deg: float, expansion: float) -> float:
    """Yaw of a network that falls short of large angles: yaw (1 + c (yaw / 40)²), within ±90 degrees.

    Small angles stay; c is the model file's `yaw_expansion` (python -m benchmarks pose fits it).
    """
    return max(-90.0, min(90.0, yaw_deg * (1.0 + expansion * (yaw_deg / 40.0) ** 2)))


def _turn(angle_deg: float) -> tuple[float, float]:
    """Cosine and sine."""
    angle = math.radians(angle_deg)
    return math.cos(angle), math.sin(angle)
