"""Training views: boxes follow the pixels, and a seed is a view."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from sdk.cells import VALUES
from sdk.errors import InputError
from sdk.testing import rendered_face
from tests.detection_photos import drawn_photos, write_set
from train.detection import views
from train.detection.batches import DetectorBatches
from train.detection.config import DetectorConfig, load_detector_config
from train.detection.turning import tight_boxes, turned
from train.detection.views import PhotoPyramid, training_frame

SIZE = 192


@pytest.fixture(scope="module")
def pyramids(tmp_path_factory) -> list[PhotoPyramid]:
    return [PhotoPyramid(photo) for photo in drawn_photos(tmp_path_factory.mktemp("photos"), count=6)]


def test_a_seed_is_a_frame(pyramids):
    first, again = (training_frame(pyramids, 2, np.random.default_rng(5), size=SIZE) for _ in range(2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1].boxes, again[1].boxes)


def test_boxes_follow_the_pixels(tmp_path, monkeypatch):
    """A photo that is black but for a white disc, whose landmarks are on the disc's edge."""
    monkeypatch.setattr(views, "distorted", lambda frame, *_: frame)
    monkeypatch.setattr(views, "DARK", 0.0)
    monkeypatch.setattr(views, "MASKED", 0.0)
    (photo,) = drawn_photos(tmp_path, count=1)
    image = np.zeros((300, 400, 3), np.uint8)
    cv2.circle(image, (180, 140), 50, (255, 255, 255), -1)
    cv2.imwrite(str(photo.path), image)
    angles = np.linspace(0, 2 * np.pi, 68)
    edge = np.stack([180 + 50 * np.cos(angles), 140 + 50 * np.sin(angles)], axis=1).astype(np.float32)[None]
    photo = views.Photo(photo.path, "drawn", tight_boxes(edge), np.array([True]), edge, np.zeros(1, np.float32))
    seen = 0
    for seed in range(60):
        monkeypatch.setattr(views, "TILE_SHARES", (1.0, 0.0, 0.0, 0.0))
        frame, faces = training_frame([PhotoPyramid(photo)], 0, np.random.default_rng(seed), size=SIZE)
        white = np.argwhere((frame > 128).all(axis=2))
        corner = frame[[0, 0, -1, -1], [0, -1, 0, -1]]
        if len(faces.boxes) != 1 or (corner > 60).any() or faces.boxes.min() < 1 or faces.boxes.max() > SIZE - 2:
            continue  # the disc leaves the view, or light is drawn around the photo
        seen += 1
        found = [*white.min(axis=0)[::-1] - 0.5, *white.max(axis=0)[::-1] + 0.5]
        np.testing.assert_allclose(faces.boxes[0], found, atol=2.0)  # blocks of the pyramid are up to 4 pixels
    assert seen >= 5


def test_rolls_turn_and_mirror_with_the_photo(tmp_path):
    (photo,) = drawn_photos(tmp_path, count=1)
    points = photo.landmarks[0]
    eyes = points[45] - points[36]
    _, again = turned(photo.read_image(), photo.landmarks, 30.0)
    now = again[0][45] - again[0][36]
    turn = np.degrees(np.arctan2(now[1], now[0]) - np.arctan2(eyes[1], eyes[0]))
    assert turn == pytest.approx(30, abs=1e-3)  # clockwise on the screen, where y points down


def test_turning_keeps_the_whole_photo():
    image, landmarks = rendered_face(np.random.default_rng(0), size=200)
    frame, points = turned(image, landmarks[None], 90.0)
    assert frame.shape == (200, 200, 3)
    np.testing.assert_allclose(points[0], np.stack([199 - landmarks[:, 1], landmarks[:, 0]], axis=1), atol=1e-3)
    assert turned(image, landmarks[None], 45.0, size=128)[0].shape == (128, 128, 3)


def alone(pyramids, seed: int, **shares: float):
    """A frame of one photo."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "TILE_SHARES", (1.0, 0.0, 0.0, 0.0))
        rng = np.random.default_rng(seed)
        return training_frame(pyramids, 0, rng, size=SIZE, shares=DetectorConfig(**shares))  # type: ignore[arg-type]


def test_views_of_any_roll_reach_all_around(pyramids):
    seen = []
    for seed in range(40):
        faces = alone(pyramids[:1], seed, any_roll=1.0)[1]
        seen += faces.roll_deg[~faces.ignored].tolist()
    assert max(seen) > 120
    assert min(seen) < -120
    assert max(abs(r) for s in range(20) for r in alone(pyramids[:1], s)[1].roll_deg) < 120


def test_a_cut_photo_ends_at_the_face_and_is_black_beyond(pyramids, monkeypatch):
    monkeypatch.setattr(views, "distorted", lambda frame, *_: frame)
    monkeypatch.setattr(views, "DARK", 0.0)
    corner = 0
    for seed in range(30):
        frame, faces = alone(pyramids[:1], seed, cut=1.0)
        (box,) = faces.boxes
        longer = max(box[2:] - box[:2])
        rows, columns = (np.flatnonzero(frame.any(axis=2).any(axis=axis)) for axis in (1, 0))
        assert 0.4 * SIZE < longer < 1.5 * SIZE
        assert rows[-1] < box[3] + 0.2 * longer
        assert columns[-1] < box[2] + 0.2 * longer
        corner += rows[0] == 0 and columns[0] == 0
    assert 5 <= corner <= 25


def test_what_a_cut_leaves_of_a_face_decides_whether_it_is_asked_for():
    points = np.array([[[10, 10], [50, 10], [10, 50], [50, 50]]], np.float32)
    half, most = (views._seen(points, np.zeros(1, np.float32), (64, 64), (0, 0, right, 64)) for right in (30, 45))
    assert half.ignored.tolist() == [True]
    assert most.ignored.tolist() == [False]


def test_far_frames_are_mosaics_of_small_faces(pyramids):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        faces = training_frame(pyramids, 0, rng, size=SIZE, shares=DetectorConfig(far=1.0))[1]
        assert len(faces.boxes) >= 18  # of 36 or 64 tiles
        assert (faces.boxes[:, 2:] - faces.boxes[:, :2]).max() < SIZE / 2


def test_an_epoch_shows_its_share_of_the_photos_beside(tmp_path, monkeypatch):
    photos, config = drawn_photos(tmp_path, count=10), DetectorConfig(size=64, batch=2, extra_share=0.5)
    batches = DetectorBatches(photos[:2], config, extra=photos[2:])
    assert len(batches) == 3  # two photos, and four of eight
    shown: set[int] = set()

    def noted(pyramids, first, rng, *, size, shares):
        shown.add(first)
        return training_frame(pyramids, first, rng, size=size, shares=shares)

    monkeypatch.setattr("train.detection.batches.training_frame", noted)
    epochs = []
    for epoch in (0, 1):
        shown.clear()
        for index in range(3):
            batches._made(epoch, index)
        epochs.append(set(shown))
    assert [len(e) for e in epochs] == [6, 6]
    assert all({0, 1} < e for e in epochs)
    assert epochs[0] != epochs[1]


def test_batches_are_the_same_after_a_restart(tmp_path):
    photos = drawn_photos(tmp_path, count=6)
    config = DetectorConfig(size=64, batch=3)
    first, again = DetectorBatches(photos, config), DetectorBatches(photos, config)
    first.epoch = again.epoch = 4
    _ = first[0]
    for a, b in zip(first[1], again[1], strict=True):
        np.testing.assert_array_equal(a, b)
    frames, targets = first[0]
    assert frames.shape == (3, 64, 64, 3)
    assert 0 <= frames.min() <= frames.max() <= 1
    assert targets.shape == (3, 64 + 16 + 4, VALUES)


def test_too_few_photos_for_a_batch(tmp_path):
    with pytest.raises(InputError, match=r"at least a batch \(32\) of photos, got 2"):
        DetectorBatches(drawn_photos(tmp_path, count=2), DetectorConfig())


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("size=100", "config size: expected a multiple of 32"),
        ("width=10", "width"),
        ("depth=3", "unknown key depth"),
        ("any_roll=1.5", "config any_roll: expected a share"),
    ],
)
def test_wrong_settings_are_named(setting, words):
    with pytest.raises(InputError, match=words):
        load_detector_config(None, [setting])


def test_settings_reach_the_configuration(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text("epochs = 7\nwidth = 32\n")
    assert load_detector_config(path, ["epochs=9"]) == DetectorConfig(epochs=9, width=32)


def test_a_drawn_set_is_read_back(tmp_path):
    from train.detection.photos import read_photos

    faces = write_set(tmp_path, counts={"train": 3, "val": 2})
    train = read_photos(tmp_path, split="train", faces=faces)
    assert [len(p.landmarks) for p in train] == [len(p.boxes) for p in train]
    np.testing.assert_allclose(tight_boxes(train[0].landmarks), train[0].boxes, atol=1e-2)
