"""Head pose from landmarks: projected mean heads give their pose back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk import HeadPose, InputError, ModelFile
from sdk.pose import angle_between_deg, rotation_from_pose
from sdk.pose_fit import pose_from_landmarks

MODEL = ModelFile.default().shape_model
CAMERA = np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]])
POSES = st.builds(HeadPose, yaw_deg=st.floats(-60, 60), pitch_deg=st.floats(-40, 40), roll_deg=st.floats(-60, 60))


def photographed(pose: HeadPose, place: tuple[float, float, float]) -> np.ndarray:
    """Landmarks (68, 2) of the mean head at a place of the camera's axes, in units of the head."""
    points = (MODEL.mean_3d @ rotation_from_pose(pose).T + place) @ CAMERA.T
    return points[:, :2] / points[:, 2:]


@given(POSES)
@settings(max_examples=30, deadline=None)
def test_the_pose_of_a_far_head_comes_back(pose):
    landmarks = 80 * (MODEL.mean_3d @ rotation_from_pose(pose).T)[:, :2] + (300, 200)
    assert angle_between_deg(pose_from_landmarks(landmarks, MODEL), pose) < 3  # orthographic against a far camera


@given(POSES, st.tuples(st.floats(-3, 3), st.floats(-2, 2), st.floats(8, 30)))
@settings(max_examples=30, deadline=None)
def test_with_a_camera_matrix_the_pose_is_that_in_the_cameras_axes(pose, place):
    found = pose_from_landmarks(photographed(pose, place), MODEL, camera_matrix=CAMERA)
    assert angle_between_deg(found, pose) < 0.1


@given(POSES, st.sampled_from([90.0, -90.0, 135.0, 180.0]))
@settings(max_examples=30, deadline=None)
def test_a_lying_head_has_the_pose_of_an_upright_one_and_the_roll_besides(pose, turn):
    lying = HeadPose(pose.yaw_deg, pose.pitch_deg, pose.roll_deg + turn)
    landmarks = 80 * (MODEL.mean_3d @ rotation_from_pose(lying).T)[:, :2] + (300, 200)
    assert angle_between_deg(pose_from_landmarks(landmarks, MODEL), lying) < 3


def test_beside_the_axis_a_frontal_head_is_seen_from_the_side():
    aside = photographed(HeadPose(0, 0, 0), (6, 0, 10))
    assert pose_from_landmarks(aside, MODEL, camera_matrix=CAMERA).yaw_deg == pytest.approx(0, abs=0.1)
    seen = pose_from_landmarks(aside, MODEL)  # turned away from the camera in the middle: to the image right
    assert seen.yaw_deg < -20


@pytest.mark.parametrize(
    ("camera", "message"),
    [(np.eye(2), r"camera_matrix: expected \(3, 3\)"), (np.zeros((3, 3)), "fx, 0, cx")],
)
def test_a_camera_matrix_is_checked(camera, message):
    with pytest.raises(InputError, match=message):
        pose_from_landmarks(MODEL.mean, MODEL, camera_matrix=camera)


@pytest.mark.parametrize("landmarks", [np.zeros((5, 2)), np.full((68, 2), np.nan)])
def test_landmarks_are_checked(landmarks):
    with pytest.raises(InputError, match="landmarks: expected finite"):
        pose_from_landmarks(landmarks, MODEL)


def test_landmarks_in_one_place_give_an_answer_or_an_error_but_no_nan():
    try:
        pose = pose_from_landmarks(np.zeros((68, 2)), MODEL)
    except InputError:
        return
    assert np.isfinite([pose.yaw_deg, pose.pitch_deg, pose.roll_deg]).all()
