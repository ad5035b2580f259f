"""AFLW's table, written here through scipy as MATLAB stores it: columns, splits by permutation, visibility."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from sdk.results import BBox
from train.datasets import aflw
from train.datasets.aflw import read_aflw
from train.datasets.sample import DataError

io = pytest.importorskip("scipy.io")
N = 5
POINTS = np.random.default_rng(2).uniform(0, 300, (N, 19, 2))
VISIBLE = np.ones((N, 19))
VISIBLE[3, 7] = 0
NAMES = ["0/image22568.jpg", "0/image22568.jpg", "2/image04476.jpg", "2/image1.jpg", "3/image2.jpg"]


def write(root, **changed) -> None:
    names = np.empty((N, 1), object)
    names[:, 0] = NAMES
    table = {
        "bbox": np.array([[10.0, 110.0, 20.0, 120.0]] * N),  # left, right, top, bottom
        "data": np.concatenate([POINTS[..., 0], POINTS[..., 1]], axis=1),
        "nameList": names,
        "ra": np.array([[4, 1, 5, 3, 2]], float),
        "mask_new": VISIBLE,
    }
    table |= changed
    io.savemat(root / "AFLWinfo_release.mat", {k: v for k, v in table.items() if v is not None})


@pytest.fixture(autouse=True)
def _three_faces_to_train_on(monkeypatch):
    monkeypatch.setattr(aflw, "TRAIN_FACES", 3)


def test_the_permutation_splits_the_table_in_file_order(tmp_path):
    write(tmp_path)
    train, test = (list(read_aflw(tmp_path, split=split)) for split in ("train", "test"))
    assert [s.source for s in train] == [NAMES[0], NAMES[3], NAMES[4]]
    assert [s.source for s in test] == [NAMES[1], NAMES[2]]
    np.testing.assert_allclose(train[1].landmarks, POINTS[3], atol=2e-5)  # float32 of 300
    assert train[0].box == BBox(10, 20, 110, 120)
    assert train[0].scheme == "aflw19"
    assert train[0].subject == test[0].subject == "aflw:0/image22568.jpg"  # two faces of one photo


def test_hidden_points_make_a_profile(tmp_path):
    write(tmp_path)
    train = list(read_aflw(tmp_path, split="train"))
    assert [s.subset for s in train] == ["frontal", "profile", "frontal"]
    assert np.flatnonzero(train[1].occluded).tolist() == [7]
    write(tmp_path, mask_new=None)
    first = next(read_aflw(tmp_path, split="train"))
    assert (first.subset, first.occluded) == ("", None)


@pytest.mark.parametrize("folder", ["data/flickr", "images", "."])
def test_images_are_found_where_people_put_them(tmp_path, folder):
    write(tmp_path)
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    assert next(read_aflw(tmp_path, split="train")).path == tmp_path / folder / NAMES[0]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data": None}, r"AFLWinfo_release\.mat: expected a variable data, got bbox, mask_new, nameList, ra"),
        ({"data": np.zeros((N, 42))}, r"expected numbers data of shape \(5, 2, 19\), got shape \(5, 42\)"),
        ({"ra": np.array([[1, 1, 2, 3, 4]])}, "expected ra to be a permutation of 1 to 5"),
        ({"nameList": None}, "expected nameList with 5 names, got 1"),
        ({"bbox": np.full((N, 4), np.nan)}, "expected finite numbers in bbox"),
    ],
)
def test_bad_tables_are_refused_by_name(tmp_path, changed, message):
    write(tmp_path, **changed)
    with pytest.raises(DataError, match=message):
        read_aflw(tmp_path, split="train")


def test_a_bad_box_names_its_face(tmp_path):
    boxes = np.array([[10.0, 110.0, 20.0, 120.0]] * N)
    boxes[3] = 10, 20, 110, 120
    boxes[3, 0] = 30
    write(tmp_path, bbox=boxes)
    with pytest.raises(DataError, match=r"AFLWinfo_release\.mat, face 4: box: expected left < right"):
        list(read_aflw(tmp_path, split="train"))


def test_missing_files_and_libraries_are_named(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"AFLWinfo_release\.mat: expected a MATLAB file of version 5 to 7"):
        read_aflw(tmp_path, split="train")
    write(tmp_path)
    whole = (tmp_path / "AFLWinfo_release.mat").read_bytes()
    (tmp_path / "AFLWinfo_release.mat").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"AFLWinfo_release\.mat: expected a MATLAB file of version 5 to 7"):
        read_aflw(tmp_path, split="train")
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(DataError, match=r"needs scipy; install it: pip install scipy"):
        read_aflw(tmp_path, split="train")
