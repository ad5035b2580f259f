"""Each sentence of docs/conventions.md, pinned on a drawn head and on real faces."""

from __future__ import annotations

import numpy as np
import pytest

from sdk import IBUG68, FaceAligner, HeadPose, ModelFile
from sdk.pose import rotation_from_pose

HEAD = ModelFile.default().shape_model.mean_3d
NOSE_TIP, CHIN = 30, 8
RIGHT_EYE, LEFT_EYE = (IBUG68.groups[f"subject_{side}_eye"] for side in ("right", "left"))


def seen(*angles: float) -> np.ndarray:
    """(68, 2) image places of the mean head under yaw, pitch, roll, far from the camera."""
    return (HEAD @ rotation_from_pose(HeadPose(*angles)).T)[:, :2]


@pytest.fixture(scope="module")
def faces(request):
    aligner = FaceAligner()
    return {name: aligner.predict(request.getfixturevalue(name))[0].landmarks for name in ("hopper", "astronaut")}


def test_yaw_above_zero_moves_the_nose_to_the_image_left():
    assert seen(30, 0, 0)[NOSE_TIP, 0] < seen(0, 0, 0)[NOSE_TIP, 0] - 0.2


def test_pitch_above_zero_lifts_the_nose_tip_against_the_jaw_joints():
    ears = [0, 16]
    up, level = seen(0, 20, 0), seen(0, 0, 0)
    assert up[NOSE_TIP, 1] - up[ears, 1].mean() < level[NOSE_TIP, 1] - level[ears, 1].mean() - 0.2


def test_roll_above_zero_is_clockwise_in_the_image():
    eyes = seen(0, 0, 20)
    assert eyes[list(LEFT_EYE), 1].mean() > eyes[list(RIGHT_EYE), 1].mean() + 0.2  # the image right goes down


def test_the_3d_mean_looks_at_the_camera():
    assert HEAD[NOSE_TIP, 2] < HEAD[:, 2].mean() < HEAD[[0, 16], 2].mean()  # z points away from it


def test_the_subjects_right_is_on_the_image_left(faces):
    for landmarks in faces.values():
        assert landmarks[list(RIGHT_EYE), 0].mean() < landmarks[list(LEFT_EYE), 0].mean()
        assert landmarks[0, 0] < landmarks[16, 0]
        assert landmarks[48, 0] < landmarks[54, 0]


def test_y_points_down(faces):
    for landmarks in faces.values():
        brows, eyes, nose, mouth, chin = (
            landmarks[list(part), 1].mean()
            for part in (range(17, 27), range(36, 48), (33,), range(48, 68), (CHIN,))
        )
        assert brows < eyes < nose < mouth < chin


def test_landmarks_are_where_the_eyes_of_the_portraits_are(faces):
    """Eye centres, read off the portraits by hand to about 3 pixels."""
    places = {"hopper": ((220, 190), (306, 187)), "astronaut": ((204, 102), (247, 103))}
    for name, (right, left) in places.items():
        landmarks = faces[name]
        tolerance = 0.12 * np.linalg.norm(landmarks[36] - landmarks[45])
        np.testing.assert_allclose(landmarks[list(RIGHT_EYE)].mean(axis=0), right, atol=tolerance)
        np.testing.assert_allclose(landmarks[list(LEFT_EYE)].mean(axis=0), left, atol=tolerance)


@pytest.mark.parametrize("turn", [-25.0, 25.0])
def test_a_turned_photo_changes_roll_by_the_turn(hopper, turn):
    import cv2

    aligner = FaceAligner()
    (face,) = aligner.predict(hopper)
    centre = np.array([face.box.center_x, face.box.center_y])
    matrix = cv2.getRotationMatrix2D(centre.tolist(), -turn, 1.0)  # OpenCV's angle is anticlockwise
    turned = cv2.warpAffine(hopper, matrix, hopper.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    box = face.box
    again = aligner.align(turned, (box.left, box.top, box.right, box.bottom), refine=True)
    assert again.pose.roll_deg - face.pose.roll_deg == pytest.approx(turn, abs=6)
    expected = face.landmarks @ matrix[:, :2].T + matrix[:, 2]
    error = np.linalg.norm(again.landmarks - expected, axis=1).mean()
    assert error < 0.08 * np.linalg.norm(face.landmarks[36] - face.landmarks[45])


@pytest.mark.data
def test_pose_signs_agree_with_aflw2000(data_root):
    """12 faces with the pose of a fitted 3D model: a check of signs, not a benchmark."""
    import cv2

    table = np.load(data_root / "AFLW2000_16" / "annotations.npz")
    aligner = FaceAligner()
    for file, landmarks, truth in zip(table["file"], table["landmarks"], table["pose_deg"], strict=True):
        low, high = landmarks.min(axis=0), landmarks.max(axis=0)
        pose = aligner.align(cv2.imread(str(data_root / "AFLW2000_16" / str(file))), (*low, *high)).pose
        for angle, true in zip((pose.yaw_deg, pose.pitch_deg, pose.roll_deg), truth, strict=True):
            if 12 < abs(true) < 60 and abs(truth[0]) < 60:
                assert np.sign(angle) == np.sign(true), (file, pose, truth)
