"""Packed sets: every column comes through, faces without landmarks only when asked for, bad tables are refused."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.results import BBox
from train.datasets.packed import read_packed
from train.datasets.sample import DataError
from train.datasets.wflw import ATTRIBUTES
from train.prepare import write_columns

N = 4
LANDMARKS = np.random.default_rng(4).uniform(0, 100, (N, 68, 2)).astype(np.float32)


def write(root, **changed) -> None:
    table = {
        "file": np.array([f"images/{k}.jpg" for k in range(N)]),
        "landmarks": LANDMARKS,
        "split": np.array(["train", "train", "train", "test"]),
        "split_dev": np.array(["train", "val", "train", "test"]),
        "subject": np.array(list("abcd")),
        "source": np.array([f"o/{k}.png" for k in range(N)]),
    }
    table |= changed
    write_columns(root / "annotations.npz", {k: v for k, v in table.items() if v is not None})


def test_the_needed_columns_are_enough(tmp_path):
    write(tmp_path)
    first, second = read_packed(tmp_path, split="train")
    assert (first.source, second.source) == ("o/0.png", "o/2.png")
    assert (first.path, first.scheme, first.box) == (tmp_path / "images" / "0.jpg", "ibug68", None)
    assert np.isnan(first.pose_deg).all()
    np.testing.assert_array_equal(second.landmarks, LANDMARKS[2])


def test_optional_columns_come_through(tmp_path):
    boxes = np.array([[1, 2, 30, 40], [np.nan] * 4, [1, 2, 30, 40], [1, 2, 30, 40]], np.float32)
    write(
        tmp_path,
        pose_deg=np.array([[10, -5, np.nan]] * N, np.float32),
        face_box=boxes,
        subset=np.array(["easy"] * N),
        attributes=np.array([[0, 1, 0, 1, 0, 1]] * N),
        occluded=np.eye(N, 68, dtype=bool),
        scheme=np.array(["ibug68"] * N),
    )
    sample = read_packed(tmp_path, split="train")[0]
    assert sample.pose_deg[:2] == (10.0, -5.0)
    assert np.isnan(sample.pose_deg[2])
    assert sample.box == BBox(1, 2, 30, 40)
    assert sample.subset == "easy"
    assert dict(sample.attributes) == dict(zip(ATTRIBUTES, [0, 1, 0, 1, 0, 1], strict=True))
    assert np.flatnonzero(sample.occluded).tolist() == [0]
    assert read_packed(tmp_path, split="val")[0].box is None


def test_named_attributes_leave_out_what_is_unknown(tmp_path):
    values = np.array([[1.5, np.nan]] * N, np.float32)
    write(tmp_path, attributes=values, attribute_names=np.array(["age", "blur"]))
    assert dict(read_packed(tmp_path, split="train")[0].attributes) == {"age": 1.5}


def test_faces_without_landmarks_come_only_when_asked_for(tmp_path):
    landmarks = LANDMARKS.copy()
    landmarks[[0, 1]] = np.nan
    write(tmp_path, landmarks=landmarks)
    assert [s.source for s in read_packed(tmp_path, split="train")] == ["o/2.png"]
    every = read_packed(tmp_path, split="train", require_landmarks=False)
    assert [s.has_landmarks for s in every] == [False, True]
    with pytest.raises(
        DataError, match=r"no face with landmarks in split 'val'; column split_dev has: test, train"
    ):
        read_packed(tmp_path, split="val")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"subject": None}, "expected columns file, .*; missing subject"),
        ({"subset": np.array(["a"])}, "expected 4 rows in column subset, as in file; got 1"),
        ({"landmarks": np.zeros((N, 136))}, r"expected column landmarks \(4, -1, 2\), got \(136,\)"),
        ({"face_box": np.zeros((N, 3))}, r"expected column face_box \(4, 4\), got \(3,\)"),
        ({"face_box": np.array([[9, 2, 3, 4]] * N)}, r"row 0, face_box: box: expected left < right"),
        (
            {"attributes": np.zeros((N, 2)), "attribute_names": np.array(["a"])},
            "expected a name in attribute_names",
        ),
        ({"landmarks": np.zeros((N, 5, 2))}, "expected a known number of points, .*; got 5"),
    ],
)
def test_bad_tables_are_refused_by_name(tmp_path, changed, message):
    write(tmp_path, **changed)
    with pytest.raises(DataError, match=message):
        read_packed(tmp_path, split="train")


def test_missing_and_empty_are_named(tmp_path):
    with pytest.raises(DataError, match=r"annotations\.npz: not found; expected the folder of a packed set"):
        read_packed(tmp_path, split="train")
    write(tmp_path)
    with pytest.raises(
        DataError, match=r"no face with landmarks in split 'test_common'; column split has: test, "
    ):
        read_packed(tmp_path, split="test_common")
    (tmp_path / "annotations.npz").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(DataError, match=r"annotations\.npz: expected a numpy archive without pickles"):
        read_packed(tmp_path, split="train")
    with pytest.raises(DataError, match=r"split: expected one of train, val, .*, got 'dev'"):
        read_packed(tmp_path, split="dev")


def test_test_is_the_development_split_where_own_names_are_others(tmp_path):
    write(tmp_path, split=np.array(["theirs-train", "theirs-test", "theirs-test", "theirs-train"]),
          split_dev=np.array(["train", "test", "test", "train"]))  # fmt: skip
    assert [s.source for s in read_packed(tmp_path, split="test")] == ["o/1.png", "o/2.png"]
    with pytest.raises(DataError, match="column split has: theirs-test"):
        read_packed(tmp_path, split="test_common")
    write(tmp_path, split=np.array(["test_common"] * N), split_dev=np.array(["test"] * N))
    with pytest.raises(DataError, match="no face with landmarks in split 'test'; column split has: test_common"):
        read_packed(tmp_path, split="test")


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "split", "faces"),
    [
        ("300W", "train", 1812),
        ("300W", "val", 197),
        ("300W", "test_common", 411),
        ("300W", "test_challenging", 97),
        ("YTF_udacity", "test", 631),
        ("WFLW_test_subset", "test", 196),
        ("InfAnFace", "test", 99),
        ("AFLW2000_16", "test", 12),
    ],
)
def test_the_packed_sets_here(data_root, name, split, faces):
    samples = read_packed(data_root / name, split=split)
    assert len(samples) == faces
    assert all(s.scheme == "ibug68" for s in samples)
    assert samples[0].read_image().shape[2] == 3
    assert (len(samples[0].attributes) == 6) == (name == "WFLW_test_subset")


@pytest.mark.data
def test_pointing04_has_pose_and_box_and_no_landmarks(data_root):
    with pytest.raises(DataError, match="no face with landmarks"):
        read_packed(data_root / "Pointing04", split="test")
    samples = read_packed(data_root / "Pointing04", split="test", require_landmarks=False)
    assert len(samples) == 558
    assert all(s.box is not None and np.isfinite(s.pose_deg[:2]).all() for s in samples)
