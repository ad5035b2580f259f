"""What a detector finds in the photos of its training: misplaced boxes, unlisted faces, decoys."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from sdk import BBox, Detection, FaceAligner
from sdk.errors import InputError
from sdk.testing import FixedDetector
from tests.detection_photos import drawn_photos, write_set
from train.detection import views
from train.detection.batches import DetectorBatches
from train.detection.config import DetectorConfig
from train.detection.photos import finds, label_faces, read_photos
from train.detection.views import PhotoPyramid, training_frame

ELSEWHERE = np.array([[5.0, 5.0, 35.0, 35.0]], np.float32)


@pytest.fixture(scope="module")
def aligner() -> FaceAligner:
    return FaceAligner(detector=FixedDetector())


def seeing(*hits: tuple[np.ndarray, float]):
    return lambda _: [Detection(BBox(*(float(v) for v in box)), score) for box, score in hits]


def test_a_humans_box_on_which_nothing_is_seen_is_misplaced(tmp_path, aligner):
    (photo,) = drawn_photos(tmp_path, count=1)
    two = replace(photo, boxes=np.concatenate([photo.boxes, ELSEWHERE]), checked=np.array([True, True]))
    found = finds(two, aligner, seeing((photo.boxes[0], 0.9)))
    assert found["misplaced"].tolist() == [False, True]
    unchecked = replace(two, checked=np.array([False, False]))
    assert finds(unchecked, aligner, seeing())["misplaced"].tolist() == [False, False]


def test_a_confident_hit_on_which_looks_agree_may_be_a_face_and_others_are_decoys(tmp_path, aligner):
    (photo,) = drawn_photos(tmp_path, count=1)
    image = np.zeros((300, 600, 3), np.uint8)
    face = cv2.imread(str(photo.path))
    image[:200, :240], image[:200, 300:540] = face, face
    cv2.imwrite(str(photo.path), image)
    other = photo.boxes[0] + np.array([300, 0, 300, 0], np.float32)
    dark = np.array([20.0, 210.0, 90.0, 280.0], np.float32)
    found = finds(photo, aligner, seeing((photo.boxes[0], 0.9), (other, 0.8), (dark, 0.35), (dark + 300, 0.25)))
    np.testing.assert_array_equal(found["unsure"], other[None])
    np.testing.assert_array_equal(found["decoys"], dark[None])
    assert found["misplaced"].tolist() == [False]


def test_finds_reach_the_train_photos_and_no_others(tmp_path, aligner):
    write_set(tmp_path, counts={"train": 2, "val": 1})
    table = json.loads((tmp_path / "annotations.json").read_text())
    table["images"][0]["faces"].append({"box_xyxy": ELSEWHERE[0].tolist(), "kind": "landmarks"})
    (tmp_path / "annotations.json").write_text(json.dumps(table))
    face_of = {p.read_image().tobytes(): p.boxes[0] for p in read_photos(tmp_path, split="train")}

    def detector(image):
        return seeing((face_of[image.tobytes()], 0.9), (ELSEWHERE[0] + 150, 0.4))(image)

    count = label_faces(tmp_path, tmp_path / "finds.npz", aligner=aligner, detector=detector)
    train, val = (read_photos(tmp_path, split=s, faces=tmp_path / "finds.npz") for s in ("train", "val"))
    assert count == 4
    assert [len(p.boxes) for p in train] == [len(p.landmarks) for p in train] == [1, 1]
    assert [len(p.decoys) for p in train] == [1, 1]
    assert len(val[0].decoys) == 0


def test_a_decoy_is_in_the_view_and_no_face(tmp_path, monkeypatch):
    monkeypatch.setattr(views, "distorted", lambda frame, *_: frame)
    monkeypatch.setattr(views, "DARK", 0.0)
    monkeypatch.setattr(views, "TILE_SHARES", (1.0, 0.0, 0.0, 0.0))
    (photo,) = drawn_photos(tmp_path, count=1)
    image = np.zeros((400, 400, 3), np.uint8)
    cv2.circle(image, (300, 100), 20, (255, 255, 255), -1)
    cv2.imwrite(str(photo.path), image)
    decoys = np.array([[280, 80, 320, 120]], np.float32)
    none = np.zeros((0, 68, 2), np.float32)
    bare = replace(photo, boxes=none[:, 0, :].reshape(0, 4), landmarks=none, roll_deg=np.zeros(0, np.float32))
    pyramid = PhotoPyramid(replace(bare, checked=np.zeros(0, bool), decoys=decoys))
    for seed in range(20):
        frame, faces = training_frame(
            [pyramid], 0, np.random.default_rng(seed), size=192, shares=DetectorConfig(decoys=1.0)
        )
        row, column = np.argwhere((frame > 200).all(axis=2)).mean(axis=0)
        assert 0 < row < 191
        assert 0 < column < 191
        assert len(faces.boxes) == 0


def test_what_may_be_a_face_is_neither_asked_for_nor_denied(tmp_path):
    (photo,) = drawn_photos(tmp_path, count=1)
    pyramid = PhotoPyramid(replace(photo, unsure=ELSEWHERE))
    seen = [training_frame([pyramid], 0, np.random.default_rng(s), size=192)[1] for s in range(10)]
    assert any(len(faces.boxes) > 1 for faces in seen)
    doubtful = np.concatenate([faces.boxes[faces.ignored] for faces in seen])
    assert len(doubtful)
    certain = np.concatenate([faces.boxes[~faces.ignored] for faces in seen])
    sides = photo.boxes[0, 2:] - photo.boxes[0, :2]
    assert len(certain)
    assert sides.max() > 30


def test_every_so_manieth_batch_is_large_and_groups_are_shown_more_often(tmp_path):
    photos = drawn_photos(tmp_path, count=6)
    pair = replace(
        photos[0],
        boxes=np.repeat(photos[0].boxes, 2, axis=0),
        landmarks=np.repeat(photos[0].landmarks, 2, axis=0),
        roll_deg=np.repeat(photos[0].roll_deg, 2),
    )
    batches = DetectorBatches([pair, *photos[1:]], DetectorConfig(size=64, batch=4, large_size=128, large_every=2))
    assert len(batches) == 1
    assert batches[0][0].shape == (1, 128, 128, 3)
    more = DetectorBatches([pair, *photos[1:]], DetectorConfig(size=64, batch=4, groups=3))
    assert len(more) == 2
    frames = [more[i][0] for i in range(2)]
    assert [f.shape for f in frames] == [(4, 64, 64, 3)] * 2
    assert len({f.tobytes() for batch in frames for f in batch}) == 8  # no view of a group is shown twice


@pytest.mark.parametrize("wrong", [{"decoys": 1.5}, {"large_every": -1}, {"groups": 0}, {"large_size": 100}])
def test_wrong_settings_are_named(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        DetectorConfig(**wrong)
