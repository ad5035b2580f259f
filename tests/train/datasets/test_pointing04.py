"""Pointing'04: pose from the file's name, box from the text beside it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sdk.results import BBox
from train.datasets.pointing04 import read_pointing04
from train.datasets.sample import DataError


def write(root, person: str, name: str, text: str = "{name}\n\nFace\n192\n237\n126\n94\n") -> None:
    folder = root / f"Person{person}"
    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / f"{name}.jpg"), np.zeros((288, 384, 3), np.uint8))
    (folder / f"{name}.txt").write_text(text.format(name=f"{name}.jpg"))


def test_names_hold_tilt_and_pan(tmp_path):
    write(tmp_path, "02", "person02146-15+30")
    write(tmp_path, "01", "person01201+0-90")
    first, second = read_pointing04(tmp_path)
    assert first.source == "Person01/person01201+0-90.jpg"
    assert first.pose_deg[:2] == (-90.0, 0.0)
    assert second.pose_deg[:2] == (30.0, -15.0)
    assert np.isnan(first.pose_deg[2])
    assert (first.subject, second.subject) == ("p04:01", "p04:02")
    assert (first.subset, second.subset) == ("series2", "series1")
    assert not first.has_landmarks
    assert first.box == BBox(129, 190, 255, 284)  # centre (192, 237), 126 x 94


def test_bad_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r"expected Pointing'04's folders Person01 to Person15, got no picture"):
        read_pointing04(tmp_path)
    write(tmp_path, "01", "someone")
    with pytest.raises(DataError, match=r"someone\.jpg: expected a name such as person01146-15\+30\.jpg"):
        list(read_pointing04(tmp_path))
    (tmp_path / "Person01" / "someone.jpg").unlink()
    write(tmp_path, "01", "person01146-15+30", "a\n\nFace\n192\nx\n126\n94\n")
    with pytest.raises(DataError, match=r"person01146-15\+30\.txt, line 5: expected a number, got 'x'"):
        list(read_pointing04(tmp_path))
    write(tmp_path, "01", "person01146-15+30", "a\n\nFace\n192\n237\n126\n")
    with pytest.raises(DataError, match=r"\.txt: expected the line 'Face' and four numbers below it"):
        list(read_pointing04(tmp_path))
    write(tmp_path, "01", "person01146-15+30", "a\n\nFace\n192\n237\n0\n94\n")
    with pytest.raises(DataError, match=r"\.txt: expected a width and height above 0, got 0 x 94"):
        list(read_pointing04(tmp_path))


@pytest.mark.data
def test_poses_are_those_of_the_packed_set(data_root, tmp_path):
    """The packed set keeps the original names: its poses, and this reader's of the same names, must agree."""
    with np.load(data_root / "Pointing04" / "annotations.npz") as table:
        rows = list(zip(table["source"].tolist(), table["pose_deg"], table["subject"].tolist(), strict=True))[::97]
    for source, _, _ in rows:
        _, person, name = source.split("/")
        write(tmp_path, person.removeprefix("Person"), name.removesuffix(".jpg"))
    found = {s.source: (s.pose_deg, s.subject) for s in read_pointing04(tmp_path)}
    for source, pose, subject in rows:
        ours, person = found[source.partition("/")[2]]
        np.testing.assert_array_equal(ours[:2], pose[:2])
        assert person == subject
