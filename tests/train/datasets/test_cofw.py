"""COFW's MATLAB 7.3 files, written here as MATLAB stores them: axes turned round, images by reference."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from sdk.results import BBox
from train.datasets.cofw import read_cofw
from train.datasets.sample import DataError

h5py = pytest.importorskip("h5py")
RNG = np.random.default_rng(1)
X, Y = RNG.uniform(5, 40, (2, 3, 29))
HIDDEN = RNG.integers(0, 2, (3, 29))
COLOUR = RNG.integers(0, 255, (30, 20, 3), np.uint8)  # height 30, width 20, RGB
GREY = RNG.integers(0, 255, (25, 35), np.uint8)


def write(path, *, ending: str = "Tr", images=(COLOUR, GREY, COLOUR), phis=None, boxes=None) -> None:
    phis = np.concatenate([X, Y, HIDDEN], axis=1) if phis is None else phis
    boxes = np.array([[3, 4, 10, 12]] * 3, float) if boxes is None else boxes
    with h5py.File(path, "w") as file:
        references = np.empty((1, len(images)), h5py.ref_dtype)
        for i, image in enumerate(images):
            references[0, i] = file.create_dataset(f"#refs#/{i}", data=image.T).ref
        file.create_dataset(f"Is{ending}", data=references, dtype=h5py.ref_dtype)
        file[f"phis{ending}"] = phis.T
        file[f"bboxes{ending}"] = boxes.T


def test_points_occlusion_box_and_image_of_a_face(tmp_path):
    write(tmp_path / "COFW_train_color.mat")
    samples = list(read_cofw(tmp_path, split="train"))
    assert [s.source for s in samples] == [f"COFW_train_color.mat:{k}" for k in (1, 2, 3)]
    for i, sample in enumerate(samples):
        expected = np.stack([X[i], Y[i]], axis=1) - 1.0  # MATLAB counts from 1
        np.testing.assert_allclose(sample.landmarks, expected, atol=4e-6)  # float32 of 40
        np.testing.assert_array_equal(sample.occluded, HIDDEN[i] == 1)
        assert sample.box == BBox(2, 3, 12, 15)
        assert sample.scheme == "cofw29"
    np.testing.assert_array_equal(samples[0].read_image(), COLOUR[..., ::-1])
    np.testing.assert_array_equal(samples[1].read_image(), np.repeat(GREY[..., None], 3, axis=2))
    assert len({s.subject for s in samples}) == 3


def test_the_test_file_has_its_own_names(tmp_path):
    write(tmp_path / "COFW_test_color.mat", ending="T")
    assert len(list(read_cofw(tmp_path, split="test"))) == 3


def test_a_bad_face_is_named_and_can_be_left_out(tmp_path):
    write(tmp_path / "COFW_train_color.mat", images=(COLOUR, GREY.astype(np.float32), COLOUR))
    with pytest.raises(DataError, match=r"COFW_train_color\.mat, face 2: expected a uint8 image, got float32"):
        list(read_cofw(tmp_path, split="train"))
    rejected: list[DataError] = []
    assert len(list(read_cofw(tmp_path, split="train", reject=rejected.append))) == 2
    assert len(rejected) == 1
    write(
        tmp_path / "COFW_train_color.mat", boxes=np.array([[3, 4, 10, 12], [3, 4, 0, 12], [3, 4, 10, 12]], float)
    )
    with pytest.raises(DataError, match=r"face 2: box: expected left < right"):
        list(read_cofw(tmp_path, split="train"))


def test_other_files_are_refused_by_name(tmp_path):
    with pytest.raises(DataError, match=r"COFW_train_color\.mat: expected a MATLAB file of version 7\.3"):
        list(read_cofw(tmp_path, split="train"))
    (tmp_path / "COFW_train_color.mat").write_bytes(b"MATLAB 5.0 MAT-file" + b"\0" * 600)
    with pytest.raises(DataError, match=r"COFW_train_color\.mat: expected a MATLAB file of version 7\.3"):
        list(read_cofw(tmp_path, split="train"))
    write(tmp_path / "COFW_train_color.mat", ending="T")
    with pytest.raises(DataError, match=r"expected a variable phisTr, got #refs#, IsT, bboxesT, phisT"):
        list(read_cofw(tmp_path, split="train"))
    write(tmp_path / "COFW_train_color.mat", phis=np.zeros((3, 86)))
    with pytest.raises(DataError, match=r"expected phisTr \(87, faces\), .* got \(86, 3\), \(1, 3\), \(4, 3\)"):
        list(read_cofw(tmp_path, split="train"))
    with pytest.raises(DataError, match="split: expected one of train, test, got 'val'"):
        list(read_cofw(tmp_path, split="val"))


def test_a_missing_h5py_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(
        DataError, match=r"reading this kind of MATLAB file needs h5py; install it: pip install h5py"
    ):
        list(read_cofw(tmp_path, split="train"))
