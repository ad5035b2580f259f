"""300-W's folders: which face is in which split, and which faces show one photo."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from train.datasets.sample import DataError
from train.datasets.w300 import photo_of, read_w300

FILES = {
    "afw": ["134212_1.jpg", "134212_2.jpg"],
    "helen/trainset": ["100032540_1.jpg"],
    "lfpw/trainset": ["image_0001.png"],
    "helen/testset": ["2968560214_1.jpg"],
    "lfpw/testset": ["image_0001.png"],
    "ibug": ["image_003_1.jpg", "image_092 _01.jpg"],
}


@pytest.fixture
def root(tmp_path):
    for folder, names in FILES.items():
        (tmp_path / folder).mkdir(parents=True)
        for name in names:
            cv2.imwrite(str(tmp_path / folder / name), np.zeros((8, 8, 3), np.uint8))
            text = "".join(f"{k} {k + 1}\n" for k in range(68))
            (tmp_path / folder / name).with_suffix(".pts").write_text(f"version: 1\nn_points: 68\n{{\n{text}}}")
    return tmp_path


def test_splits_are_the_usual_ones(root):
    found = {split: [s.source for s in read_w300(root, split=split)] for split in ("train", "test_common")}
    assert found["train"] == [
        "afw/134212_1.jpg",
        "afw/134212_2.jpg",
        "helen/trainset/100032540_1.jpg",
        "lfpw/trainset/image_0001.png",
    ]
    assert found["test_common"] == ["helen/testset/2968560214_1.jpg", "lfpw/testset/image_0001.png"]
    hard = list(read_w300(root, split="test_challenging"))
    assert [s.subset for s in hard] == ["ibug", "ibug"]
    assert [s.subject for s in hard] == ["ibug:003", "ibug:092"]


def test_faces_of_one_photo_share_the_subject(root):
    subjects = [s.subject for s in read_w300(root, split="train")]
    assert subjects == ["afw:134212", "afw:134212", "helen:100032540", "lfpw_train:image_0001"]
    assert photo_of("134212_1_mirror", "afw") == "afw:134212"


def test_a_part_of_300w_is_refused(root):
    (root / "afw").rename(root / "AFW_elsewhere")
    with pytest.raises(DataError, match=r"expected 300-W's folders afw, .*; missing afw; a part of 300-W can be"):
        read_w300(root, split="train")
    with pytest.raises(DataError, match="split: expected one of train, test_common, test_challenging, got 'ibug'"):
        read_w300(root, split="ibug")


@pytest.mark.data
def test_subjects_are_named_as_in_the_packed_set(data_root):
    with np.load(data_root / "300W" / "annotations.npz") as table:
        columns = [table[name].tolist() for name in ("source", "subset", "subject")]
    rows = list(zip(*columns, strict=True))
    other = [row for row in rows if photo_of(Path(row[0]).stem, row[1]) != row[2]]
    assert len(other) < 0.1 * len(rows)  # the packed set merges photos found to be near-duplicates
    assert {subset for _, subset, _ in other} <= {"lfpw_train", "lfpw_test", "afw", "helen_train", "helen_test"}
