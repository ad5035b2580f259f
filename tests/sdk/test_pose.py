"""Head pose through its matrix, and the sign of each angle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdk import HeadPose
from sdk.pose import (
    angle_between_deg,
    decode_pose,
    expanded_yaw,
    mirror_pose,
    nearest_rotation,
    pose_from_rotation,
    rotation_from_pose,
)

POSES = st.builds(
    HeadPose,
    yaw_deg=st.floats(-89, 89),
    pitch_deg=st.floats(-179, 179),
    roll_deg=st.floats(-179, 179),
)
NOSE = np.array([0.0, 0.0, -1.0])  # x right, y down, z away from the camera
RIGHT = np.array([1.0, 0.0, 0.0])


@given(POSES)
def test_pose_survives_its_matrix(pose):
    again = pose_from_rotation(rotation_from_pose(pose))
    assert again.yaw_deg == pytest.approx(pose.yaw_deg, abs=1e-4)
    assert again.pitch_deg == pytest.approx(pose.pitch_deg, abs=1e-4)
    assert again.roll_deg == pytest.approx(pose.roll_deg, abs=1e-4)


@given(POSES)
def test_matrices_are_rotations(pose):
    rotation = rotation_from_pose(pose)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


@given(POSES)
def test_mirroring_twice_changes_nothing(pose):
    assert mirror_pose(mirror_pose(pose)) == pose


@given(POSES)
def test_a_mirrored_pose_has_the_mirrored_matrix(pose):
    flip = np.diag([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(
        rotation_from_pose(mirror_pose(pose)), flip @ rotation_from_pose(pose) @ flip, atol=1e-12
    )


@pytest.mark.parametrize("yaw", [90.0, -90.0])
def test_gimbal_lock_still_gives_the_same_matrix(yaw):
    rotation = rotation_from_pose(HeadPose(yaw, 20.0, 10.0))
    np.testing.assert_allclose(rotation_from_pose(pose_from_rotation(rotation)), rotation, atol=1e-6)


def test_positive_yaw_turns_the_nose_to_the_image_left():
    assert (rotation_from_pose(HeadPose(30, 0, 0)) @ NOSE)[0] < -0.4


def test_positive_pitch_lifts_the_nose():
    assert (rotation_from_pose(HeadPose(0, 30, 0)) @ NOSE)[1] < -0.4  # y points down


def test_positive_roll_lowers_the_image_right():
    assert (rotation_from_pose(HeadPose(0, 0, 30)) @ RIGHT)[1] > 0.4


def test_decode_pose_turns_units_into_degrees_and_adds_the_crop_angle():
    assert decode_pose(np.array([0.5, -0.25, 0.125], np.float32), crop_angle_deg=10.0) == HeadPose(
        45.0, -22.5, 21.25
    )


@given(POSES, POSES)
def test_the_angle_between_poses_is_a_distance(first, second):
    assert angle_between_deg(first, first) == pytest.approx(0, abs=1e-5)
    assert angle_between_deg(first, second) == pytest.approx(angle_between_deg(second, first), abs=1e-6)


@pytest.mark.parametrize("axis", ["yaw_deg", "pitch_deg", "roll_deg"])
def test_a_turn_about_one_axis_is_its_angle(axis):
    first, second = (HeadPose(**{"yaw_deg": 0, "pitch_deg": 0, "roll_deg": 0, axis: v}) for v in (-20, 25))
    assert angle_between_deg(first, second) == pytest.approx(45)


def test_opposite_ways_are_180_apart():
    assert angle_between_deg(HeadPose(0, 0, 0), HeadPose(0, 0, 180)) == pytest.approx(180)


@given(st.floats(-90, 90), st.floats(0, 1))
def test_expanded_yaw_is_odd_and_never_shrinks(yaw, expansion):
    assert expanded_yaw(-yaw, expansion) == -expanded_yaw(yaw, expansion)
    assert abs(yaw) <= abs(expanded_yaw(yaw, expansion)) <= 90
    assert expanded_yaw(yaw, 0.0) == yaw


def test_expansion_by_hand():
    assert expanded_yaw(40.0, 0.25) == 50.0
    assert expanded_yaw(4.0, 0.25) == pytest.approx(4.01)
    pose = decode_pose(np.array([40 / 90, 0.1, 0.1], np.float32), yaw_expansion=0.25)
    assert (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) == pytest.approx((50, 9, 9), abs=1e-4)


@given(POSES, st.integers(0, 1000))
def test_the_nearest_rotation_to_a_rotation_is_itself_and_to_anything_a_rotation(pose, seed):
    rotation = rotation_from_pose(pose)
    np.testing.assert_allclose(nearest_rotation(1.7 * rotation), rotation, atol=1e-9)
    any_other = nearest_rotation(np.random.default_rng(seed).normal(size=(3, 3)))  # half of them turn inside out
    np.testing.assert_allclose(any_other @ any_other.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(any_other) == pytest.approx(1.0)
