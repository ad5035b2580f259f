"""Augmentation moves image, landmarks and pose together."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from sdk import IBUG68, HeadPose, ModelFile
from sdk.metrics import nme_interocular
from sdk.pose_fit import pose_from_landmarks
from sdk.testing import rendered_face
from train.augment import augmented, distorted, jittered_crop
from train.config import AugmentConfig

SHAPE_MODEL = ModelFile.default().shape_model
STILL = AugmentConfig(brightness=0.0, contrast=0.0, colour_shift=0.0, grey=0.0, blur=0.0, noise=0.0, occlusion=0.0)


def dots(landmarks: np.ndarray, size: int = 256) -> np.ndarray:
    """An image with a soft white dot at every fifth landmark."""
    image = np.zeros((size, size, 3), np.uint8)
    for x, y in landmarks[::5]:
        cv2.circle(image, (round(float(x) * 8), round(float(y) * 8)), 20, (255, 255, 255), -1, cv2.LINE_AA, 3)
    return image


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_landmarks_stay_on_what_they_mark(seed, flip):
    rng = np.random.default_rng(seed)
    landmarks = rendered_face(rng, size=256)[1]
    config = dataclasses.replace(STILL, flip=flip)
    pixels, points, _, _ = augmented(
        dots(landmarks), landmarks, HeadPose(0, 0, 0), rng, config=config, size=128, margin=1.3, scheme=IBUG68
    )
    marked = points if flip == 0.0 else IBUG68.mirror_landmarks(points)  # back to the order of the dots
    for x, y in marked[::5]:
        u, v = (round((float(c) * (-1 if flip and c is x else 1) + 0.5) * 128 - 0.5) for c in (x, y))
        if 2 <= u < 126 and 2 <= v < 126:
            assert pixels[v - 1 : v + 2, u - 1 : u + 2].max() > 100


@pytest.mark.parametrize("seed", range(8))
def test_the_pose_label_follows_rotation_and_flip(seed):
    rng = np.random.default_rng(seed)
    landmarks = rendered_face(rng, size=256)[1]
    pose = pose_from_landmarks(landmarks, SHAPE_MODEL)
    _, points, moved, _ = augmented(
        np.zeros((256, 256, 3), np.uint8), landmarks, pose, rng, config=STILL, size=64, margin=1.3, scheme=IBUG68
    )
    again = pose_from_landmarks(points, SHAPE_MODEL)
    assert again.yaw_deg == pytest.approx(moved.yaw_deg, abs=0.5)  # perspective is not quite orthographic
    assert again.pitch_deg == pytest.approx(moved.pitch_deg, abs=0.5)
    assert again.roll_deg == pytest.approx(moved.roll_deg, abs=0.5)


def test_without_jitter_the_crop_is_the_tight_one():
    landmarks = rendered_face(np.random.default_rng(0))[1]
    crop = jittered_crop(landmarks, np.random.default_rng(0), size=64, margin=1.0, scale=(1.0, 1.0), shift=0.0)
    assert np.abs(crop.to_crop(landmarks)).max() == pytest.approx(0.5, abs=1e-5)


def test_jitter_stays_within_its_bounds():
    landmarks = rendered_face(np.random.default_rng(0))[1]
    tight = jittered_crop(landmarks, np.random.default_rng(0), size=64, margin=1.3, scale=(1, 1), shift=0)
    for seed in range(50):
        crop = jittered_crop(
            landmarks, np.random.default_rng(seed), size=64, margin=1.3, scale=(0.9, 1.1), shift=0.1
        )
        assert 0.9 <= crop.side / tight.side <= 1.1
        assert abs(crop.center_x - tight.center_x) <= 0.1 * tight.side / 1.3 + 1e-6


def test_distortions_keep_shape_and_type_and_change_pixels():
    image = rendered_face(np.random.default_rng(0), size=64)[0]
    always = AugmentConfig(grey=1.0, blur=1.0, noise=1.0, occlusion=1.0)
    for seed in range(10):
        out = distorted(image, np.random.default_rng(seed), always)
        assert (out.shape, out.dtype) == (image.shape, np.uint8)
        assert (out != image).mean() > 0.1
    np.testing.assert_array_equal(distorted(image, np.random.default_rng(0), STILL), image)


def test_jpeg_leaves_its_blocks_and_changes_no_other_draw():
    image = rendered_face(np.random.default_rng(0), size=64)[0]
    plain = AugmentConfig(blur=0.5, noise=0.5, occlusion=0.5)
    bad = dataclasses.replace(plain, jpeg=1.0, jpeg_quality=(10.0, 20.0))
    good = dataclasses.replace(bad, jpeg_quality=(95.0, 95.0))
    for seed in range(10):
        views = [distorted(image, np.random.default_rng(seed), c).astype(float) for c in (plain, good, bad)]
        far, near = (np.abs(view - views[0]).mean() for view in (views[2], views[1]))
        assert 0.0 < near < far < 30.0  # the same view, more or less compressed
        assert views[2].shape == image.shape


def test_jpeg_quality_is_what_the_setting_says():
    image = rendered_face(np.random.default_rng(0), size=64)[0]
    config = dataclasses.replace(STILL, jpeg=1.0, jpeg_quality=(40.0, 40.0))
    content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 40])[1]
    expected = cv2.imdecode(content, cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(distorted(image, np.random.default_rng(0), config), expected)


def test_low_resolution_is_a_small_face_enlarged():
    image = rendered_face(np.random.default_rng(0), size=64)[0]
    config = dataclasses.replace(STILL, blur=1.0, low_resolution=1.0, low_resolution_factor=(0.25, 0.25))
    small = cv2.resize(image.astype(np.float32), (16, 16), interpolation=cv2.INTER_AREA)
    expected = np.rint(cv2.resize(small, (64, 64))).astype(np.uint8)
    np.testing.assert_array_equal(distorted(image, np.random.default_rng(1), config), expected)
    blurred = distorted(image, np.random.default_rng(1), dataclasses.replace(config, low_resolution=0.0))
    assert np.abs(blurred.astype(float) - expected).mean() > 0.1


def test_the_same_seed_gives_the_same_view():
    image, landmarks = rendered_face(np.random.default_rng(0), size=128)
    views = [
        augmented(
            image,
            landmarks,
            HeadPose(1, 2, 3),
            np.random.default_rng(7),
            config=AugmentConfig(),
            size=64,
            margin=1.3,
            scheme=IBUG68,
        )
        for _ in range(2)
    ]
    np.testing.assert_array_equal(views[0][0], views[1][0])
    np.testing.assert_array_equal(views[0][1], views[1][1])


def test_mirroring_a_face_twice_gives_it_back():
    landmarks = rendered_face(np.random.default_rng(3))[1]
    twice = IBUG68.mirror_landmarks(IBUG68.mirror_landmarks(landmarks, axis_x=50.0), axis_x=50.0)
    assert nme_interocular(landmarks[None], twice[None])[0] < 1e-4


def view(seed: int, **settings) -> tuple[np.ndarray, np.ndarray, HeadPose]:
    rng = np.random.default_rng(seed)
    image, landmarks = rendered_face(rng, size=256)
    config = dataclasses.replace(STILL, flip=0.0, **settings)
    options = {"size": 96, "margin": 1.3, "scheme": IBUG68}
    return augmented(image, landmarks, HeadPose(0, 0, 0), rng, config=config, **options)[:3]


def test_any_roll_turns_far_and_the_pose_says_so():
    rolls = [view(seed, any_roll=1.0, any_roll_deg=120.0)[2].roll_deg for seed in range(30)]
    assert max(rolls) > 60
    assert min(rolls) < -60
    assert max(map(abs, rolls)) <= 120
    face = rendered_face(np.random.default_rng(4), size=256)[1]
    _, points, pose = view(4, any_roll=1.0, any_roll_deg=120.0)
    assert eye_roll_deg(points) - eye_roll_deg(face) == pytest.approx(pose.roll_deg, abs=0.01)


def eye_roll_deg(landmarks: np.ndarray) -> float:
    across = landmarks[45] - landmarks[36]
    return float(np.degrees(np.arctan2(across[1], across[0])))


@pytest.mark.parametrize("setting", ["things", "dark", "cut"])
def test_harder_views_change_pixels_and_leave_landmarks(setting):
    """Draws come in another order, so that the same view is found by its landmarks' shape, not by its seed."""
    changed = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        image, landmarks = rendered_face(rng, size=256)
        config = dataclasses.replace(STILL, flip=0.0, rotation_deg=0.0, shift=0.0, scale=(1.0, 1.0))
        options = {"size": 96, "margin": 1.3, "scheme": IBUG68}
        pose = HeadPose(0, 0, 0)
        plain = augmented(image, landmarks, pose, np.random.default_rng(1), config=config, **options)
        harder = dataclasses.replace(config, **{setting: 1.0})
        hard = augmented(image, landmarks, pose, np.random.default_rng(seed), config=harder, **options)
        np.testing.assert_array_equal(hard[1], plain[1])
        changed += bool((hard[0] != plain[0]).any())
    assert changed >= 10  # a cut may fall outside the crop on every side


def test_a_photo_that_ends_repeats_its_last_pixels():
    from train.augment import ending_at

    rng = np.random.default_rng(2)
    image = rng.integers(0, 256, (80, 90, 3), np.uint8)
    landmarks = np.array([[30.0, 30.0], [60.0, 55.0]], np.float32)
    kinds = set()
    for _ in range(40):
        seen = ending_at(image, landmarks, rng)
        assert seen.shape == image.shape
        inner = (seen == image).all(axis=2)
        assert inner[45, 45]
        kinds.add((bool(inner[:, 0].any()), bool(inner[:, -1].any()), bool(inner[0].any()), bool(inner[-1].any())))
    assert len(kinds) > 4


def test_a_drawn_thing_covers_a_part_of_the_face():
    from train.occluders import occluded_by_things

    rng = np.random.default_rng(5)
    image, landmarks = rendered_face(rng, size=128)
    points = ((landmarks + 0.5) / 128 - 0.5).astype(np.float32)
    shares = []
    for _ in range(40):
        covered = occluded_by_things(image.astype(np.float32), points, rng)
        shares.append((np.abs(covered - image).max(axis=2) > 4).mean())
    assert 0.02 < np.median(shares) < 0.6
