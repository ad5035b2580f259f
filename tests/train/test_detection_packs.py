"""Packed sets, and photos without a face, beside a detector's photos."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from sdk import ModelFile
from tests.packed_set import changed, write_packed_set, write_table
from train.datasets import DataError
from train.detection.packs import is_held_out, read_non_faces, read_pack, read_packs, roll_of
from train.detection.turning import tight_boxes, turned

SHAPE_MODEL = ModelFile.default().shape_model


def test_a_pack_gives_its_train_faces_and_no_test_faces(tmp_path):
    root = write_packed_set(tmp_path / "Some", train=5, val=2, test=3)
    photos = read_pack(root, SHAPE_MODEL)
    assert [p.path.name for p in photos] == [f"{i:03d}.png" for i in range(5)]
    assert [p.path.name for p in read_pack(root, SHAPE_MODEL, split="val")] == ["005.png", "006.png"]
    for photo in photos:
        np.testing.assert_allclose(photo.boxes, tight_boxes(photo.landmarks))
        eyes = photo.landmarks[0, 45] - photo.landmarks[0, 36]
        assert photo.roll_deg[0] == pytest.approx(math.degrees(math.atan2(eyes[1], eyes[0])), abs=8)


@pytest.mark.parametrize("angle", [-170.0, -90.0, 45.0, 135.0, 179.0])
def test_rolls_follow_a_turned_face_all_around(tmp_path, angle):
    (photo,) = read_pack(write_packed_set(tmp_path / "Some", train=1, val=0, test=0), SHAPE_MODEL)
    points = turned(photo.read_image(), photo.landmarks, angle)[1][0]
    away = roll_of(points, SHAPE_MODEL) - float(photo.roll_deg[0]) - angle
    assert (away + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=1e-2)
    assert -180.0 < roll_of(points, SHAPE_MODEL) <= 180.0


def test_a_face_with_a_box_alone_gets_the_mean_shape_and_one_with_nothing_is_left_out(tmp_path):
    root = write_packed_set(tmp_path / "Some", train=3, val=0, test=0)
    nothing = np.full((3, 4), np.nan, np.float32)
    nothing[1] = 20, 30, 90, 110
    with np.load(root / "annotations.npz") as table:
        points = table["landmarks"].copy()
    points[1:] = np.nan
    changed(root, landmarks=points, face_box=nothing)
    whole, boxed = read_pack(root, SHAPE_MODEL)
    assert whole.checked.tolist() == [True]
    np.testing.assert_allclose(boxed.boxes, [[20, 30, 90, 110]], atol=1e-3)
    assert (boxed.checked.tolist(), boxed.roll_deg.tolist()) == ([False], [0.0])


def test_a_photo_of_two_sets_counts_once_as_the_first_has_it(tmp_path):
    first = write_packed_set(tmp_path / "First", train=2, val=0, test=0)
    second = write_packed_set(tmp_path / "Second", train=3, val=0, test=0)
    (second / "images" / "000.png").unlink()
    (second / "images" / "000.png").symlink_to(first / "images" / "000.png")
    photos = read_packs([first, second], SHAPE_MODEL)
    assert [p.source for p in photos] == ["First", "First", "Second", "Second"]


def test_people_whom_benchmarks_measure_on_are_left_out(tmp_path):
    root = write_packed_set(tmp_path / "Masked", train=12, val=0, test=0)
    kept = {p.path.name for p in read_pack(root, SHAPE_MODEL)}
    assert kept == {f"{i:03d}.png" for i in range(12) if not is_held_out(f"face{i}")}
    assert 0 < len(kept) < 12


def test_photos_without_a_face_are_split_by_their_names(tmp_path):
    (tmp_path / "images").mkdir()
    files = [f"images/{i}.png" for i in range(20)]
    for file in files:
        cv2.imwrite(str(tmp_path / file), np.zeros((40, 50, 3), np.uint8))
    boxes = np.full((20, 4), np.nan, np.float32)
    boxes[::2] = 5, 5, 25, 30
    write_table(tmp_path, file=np.array(files), false_box=boxes)
    apart, train = (read_non_faces(tmp_path, held_out=held) for held in (True, False))
    assert {p.path.name for p in apart} == {f"{i}.png" for i in range(20) if is_held_out(f"{i}.png")}
    assert len(apart) + len(train) == 20
    assert apart
    assert sum(len(p.decoys) for p in (*apart, *train)) == 10
    assert all(len(p.boxes) == 0 and p.read_image().shape == (40, 50, 3) for p in train)


def test_a_folder_of_something_else_is_named(tmp_path):
    with pytest.raises(DataError, match=r"annotations\.npz: expected columns file and false_box"):
        read_non_faces(tmp_path, held_out=False)
