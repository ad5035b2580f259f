"""Views from further to the side: pixels, landmarks and pose turn together, and the jaw slides to the contour."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from sdk import IBUG68, HeadPose, InputError, ModelFile
from sdk.pose import rotation_from_pose
from sdk.pose_fit import pose_from_landmarks
from sdk.testing import rendered_face
from train.augment import augmented
from train.config import AugmentConfig, TrainConfig
from train.turning import HeadTurner
from train.turning.head import Head
from train.turning.views import FARTHEST_DEG, FARTHEST_SOURCE_DEG

SHAPE_MODEL = ModelFile.default().shape_model
TURNER = HeadTurner(SHAPE_MODEL)
HEAD = Head.around(SHAPE_MODEL.mean_3d)
JAW = list(IBUG68.groups["jaw"])
INNER = [i for i in range(68) if i not in JAW]
SIZE, SCALE = 240, 40.0
FRONT = HeadPose(0, 0, 0)
EMPTY = np.zeros((SIZE, SIZE, 3), np.uint8)


def seen(pose: HeadPose) -> np.ndarray:
    """Landmarks (68, 2) of the mean head, as annotators would mark them, in the middle of the image."""
    upright = HEAD.points @ rotation_from_pose(HeadPose(pose.yaw_deg, pose.pitch_deg, 0)).T
    upright[JAW] = HEAD.contour(upright)
    turn = rotation_from_pose(HeadPose(0, 0, pose.roll_deg))
    return (SIZE / 2 + SCALE * (upright[:68] @ turn.T)[:, :2]).astype(np.float32)


def turned(pose: HeadPose, to: HeadPose, image: np.ndarray = EMPTY):
    view = TURNER.turned(image, seen(pose), pose, to)
    assert view is not None
    return view


def about(points: np.ndarray) -> np.ndarray:
    """Points less their rigid ones' mean: where a head turns about moves it as a whole."""
    return points - points[list(IBUG68.rigid)].mean(axis=0)


@pytest.mark.parametrize("to", [HeadPose(35, 0, 0), HeadPose(-50, 0, 0), HeadPose(30, -10, 0)])
def test_the_mean_head_turns_into_the_mean_head_of_the_other_pose(to):
    view = turned(FRONT, to)
    np.testing.assert_allclose(about(view.landmarks), about(seen(to)), atol=0.1)
    found = pose_from_landmarks(view.landmarks, SHAPE_MODEL)
    assert found.yaw_deg == pytest.approx(to.yaw_deg, abs=2.5)  # PnP's camera is not quite orthographic
    assert found.pitch_deg == pytest.approx(to.pitch_deg, abs=2.5)
    assert view.pose == to


def test_a_turn_by_nothing_gives_the_photo_back():
    image, landmarks = rendered_face(np.random.default_rng(2), size=SIZE)
    pose = pose_from_landmarks(landmarks, SHAPE_MODEL)
    view = TURNER.turned(image, landmarks, pose, pose)
    assert view is not None
    np.testing.assert_allclose(view.landmarks[INNER], landmarks[INNER], atol=0.01)
    jaw = np.linalg.norm(view.landmarks[JAW] - landmarks[JAW], axis=1)
    assert jaw.max() < 0.03 * np.linalg.norm(landmarks[45] - landmarks[36])
    assert np.abs(view.image.astype(int) - image).mean() < 1.0  # resampled at the same places


@pytest.mark.parametrize("to", [HeadPose(30, 0, 0), HeadPose(-40, 0, 0), HeadPose(-25, 10, 0)])
def test_pixels_move_with_their_landmarks(to):
    landmarks = seen(FRONT)
    near = [36, 39, 48, 31] if to.yaw_deg < 0 else [45, 42, 54, 35]  # of the side that stays in view
    for i in near:
        image = cv2.circle(EMPTY.copy(), [round(float(v)) for v in landmarks[i]], 3, (255, 255, 255), -1)
        view = turned(FRONT, to, image)
        x, y = (round(float(v)) for v in view.landmarks[i])
        assert view.image[y - 1 : y + 2, x - 1 : x + 2].max() > 150, i
        assert np.linalg.norm(view.landmarks[i] - landmarks[i]) > 3.0


def test_the_background_stays():
    image = np.random.default_rng(0).integers(0, 256, (2 * SIZE, 2 * SIZE, 3), np.uint8)
    view = TURNER.turned(image, seen(FRONT), FRONT, HeadPose(40, 0, 0))
    assert view is not None
    np.testing.assert_array_equal(view.image[-120:], image[-120:])


@pytest.mark.parametrize("yaw", [40, -40])
def test_the_hidden_side_of_the_jaw_slides_to_the_visible_contour(yaw):
    """The bone itself would lie inside the face; every jaw point of the far side ends where the skin ends."""
    view, to = turned(FRONT, HeadPose(yaw, 0, 0)), rotation_from_pose(HeadPose(yaw, 0, 0))
    side = -1.0 if yaw > 0 else 1.0
    far, near = (JAW[1:7], JAW[10:16]) if yaw > 0 else (JAW[10:16], JAW[1:7])
    bone = about((SCALE * (HEAD.points[:68] @ to.T)[:, :2]).astype(np.float32))
    found = about(view.landmarks)
    assert (side * (found[far] - bone[far])[:, 0] > 0.1 * SCALE).any()
    assert (side * (found[far] - bone[far])[:, 0] > -0.1).all()
    np.testing.assert_allclose(found[near], bone[near], atol=0.05 * SCALE)
    np.testing.assert_allclose(found[JAW, 1], bone[JAW, 1], atol=0.1)  # at the bone's height
    np.testing.assert_allclose(found[8], bone[8], atol=0.1)


def test_a_lying_head_turns_as_an_upright_one():
    to = HeadPose(30, 5, 0)
    upright, lying = turned(FRONT, to), turned(HeadPose(0, 0, 90), HeadPose(30, 5, 90))
    centred = upright.landmarks - SIZE / 2
    np.testing.assert_allclose(
        lying.landmarks - SIZE / 2, np.stack([-centred[:, 1], centred[:, 0]], axis=1), atol=0.05
    )


def test_drawn_turns_go_on_in_the_direction_of_the_face_and_end():
    rng = np.random.default_rng(4)
    for yaw in (-28.0, -10.0, 12.0, 28.0):
        for _ in range(8):
            view = TURNER.drawn(EMPTY, seen(HeadPose(yaw, 0, 0)), HeadPose(yaw, 0, 0), rng, turn_deg=50)
            assert view is not None
            assert math.copysign(1, view.pose.yaw_deg) == math.copysign(1, yaw)
            assert abs(yaw) + 9.9 < abs(view.pose.yaw_deg) <= min(abs(yaw) + 50, FARTHEST_DEG)
            assert abs(view.pose.pitch_deg) <= 12.5
    both = [TURNER.drawn(EMPTY, seen(FRONT), FRONT, rng, turn_deg=30) for _ in range(12)]
    assert {math.copysign(1, view.pose.yaw_deg) for view in both if view} == {-1.0, 1.0}


def test_faces_that_are_turned_already_or_fit_no_head_are_left():
    rng = np.random.default_rng(5)
    far = HeadPose(FARTHEST_SOURCE_DEG + 1, 0, 0)
    assert TURNER.drawn(EMPTY, seen(far), far, rng, turn_deg=20) is None
    scattered = seen(FRONT)[rng.permutation(68)]
    assert TURNER.drawn(EMPTY, scattered, FRONT, rng, turn_deg=20) is None
    assert TURNER.drawn(EMPTY, np.full((68, 2), 30, np.float32), FRONT, rng, turn_deg=20) is None


@pytest.mark.parametrize("seed", range(6))
def test_an_augmented_view_may_be_turned_and_its_pose_follows(seed):
    rng = np.random.default_rng(seed)
    image, landmarks = rendered_face(rng, size=SIZE)
    pose = pose_from_landmarks(landmarks, SHAPE_MODEL)
    config = AugmentConfig(turn=1.0, turn_deg=35.0)
    pixels, points, label, _ = augmented(
        image, landmarks, pose, rng, config=config, size=96, margin=1.3, scheme=IBUG68, turner=TURNER
    )
    found = pose_from_landmarks(points, SHAPE_MODEL)
    assert abs(label.yaw_deg) > 5
    assert found.yaw_deg == pytest.approx(label.yaw_deg, abs=6)  # a drawn face is no rigid head
    assert found.roll_deg == pytest.approx(label.roll_deg, abs=4)
    assert pixels.shape == (96, 96, 3)
    assert pixels.std() > 10


def test_faces_of_other_schemes_and_impossible_angles_are_refused():
    with pytest.raises(InputError, match=r"augment\.turn: expected faces of ibug68"):
        Head.around(np.zeros((98, 3)))
    with pytest.raises(InputError, match=r"augment\.turn_deg: expected 1\.0 to 50\.0, got 80"):
        AugmentConfig(turn_deg=80.0)
    with pytest.raises(InputError, match=r"augment\.turn: expected 0\.0 to 1\.0"):
        AugmentConfig(turn=2.0)
    assert TrainConfig().augment.turn == 0.0
