"""WFLW's lists: the parts of a line, bad lines, and the 68 points derived from the 98."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.results import BBox
from sdk.schemes import IBUG68, WFLW98
from train.datasets.sample import DataError
from train.datasets.wflw import ATTRIBUTES, ibug68_from_wflw98, read_wflw

POINTS = np.random.default_rng(0).uniform(10, 200, (98, 2)).astype(np.float32)


def line(name: str = "1--Handshaking/1_Handshaking_1_1.jpg", *, rect: str = "10 20 210 220") -> str:
    return f"{' '.join(f'{v:.6f}' for v in POINTS.ravel())} {rect} 0 1 0 1 0 1 {name}"


def write(root, text: str, split: str = "test"):
    folder = root / "WFLW_annotations" / "list_98pt_rect_attr_train_test"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"list_98pt_rect_attr_{split}.txt").write_text(text)


def test_a_line_is_read_whole(tmp_path):
    write(tmp_path, line() + "\n\n" + line("2--Demonstration/a b.jpg") + "\n")
    first, second = read_wflw(tmp_path, split="test")
    np.testing.assert_allclose(first.landmarks, POINTS, atol=2e-5)  # six decimals, float32 of 200
    assert (first.scheme, first.box) == ("wflw98", BBox(10, 20, 210, 220))
    assert dict(first.attributes) == dict(zip(ATTRIBUTES, [0, 1, 0, 1, 0, 1], strict=True))
    assert first.subject == "wider:1--Handshaking/1_Handshaking_1_1.jpg"
    assert first.path == tmp_path / "WFLW_images" / "1--Handshaking" / "1_Handshaking_1_1.jpg"
    assert second.source == "2--Demonstration/a b.jpg"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 3 a.jpg", r"line 2: expected 206 numbers and an image name, got 4 words"),
        (line().replace(line().split()[7], "seven", 1), r"line 2: could not convert string to float: '?seven"),
        (line(rect="210 20 10 220"), r"line 2: box: expected left < right"),
        (line().replace(line().split()[7], "inf", 1), r"line 2: expected finite numbers"),
    ],
)
def test_bad_lines_are_named_and_can_be_left_out(tmp_path, text, message):
    write(tmp_path, f"{line()}\n{text}\n{line()}\n")
    with pytest.raises(DataError, match=rf"list_98pt_rect_attr_test\.txt, {message}"):
        list(read_wflw(tmp_path, split="test"))
    rejected: list[DataError] = []
    assert len(list(read_wflw(tmp_path, split="test", reject=rejected.append))) == 2
    assert len(rejected) == 1


def test_missing_and_empty_lists_are_named(tmp_path):
    with pytest.raises(DataError, match=r"list_98pt_rect_attr_train\.txt: expected a text file"):
        read_wflw(tmp_path, split="train")
    write(tmp_path, "\n")
    with pytest.raises(DataError, match=r"list_98pt_rect_attr_test\.txt: expected a line per face"):
        read_wflw(tmp_path, split="test")
    with pytest.raises(DataError, match="expected split train or test and scheme wflw98 or ibug68, got 'val'"):
        read_wflw(tmp_path, split="val")


def test_the_68_points_come_from_the_98(tmp_path):
    write(tmp_path, line())
    sample = next(read_wflw(tmp_path, split="test", scheme="ibug68"))
    assert (sample.scheme, sample.landmarks.shape) == ("ibug68", (68, 2))
    for ours, theirs in [(0, 0), (8, 16), (16, 32), (17, 33), (26, 46), (30, 54), (33, 57), (36, 60), (45, 72)]:
        np.testing.assert_allclose(sample.landmarks[ours], POINTS[theirs], atol=2e-5)
    np.testing.assert_allclose(sample.landmarks[48:], POINTS[76:96], atol=2e-5)
    assert IBUG68.outer_eye_corners == (36, 45)


def test_lid_points_divide_a_straight_lid_in_three():
    points = np.zeros((98, 2), np.float32)
    points[60:65, 0] = [0, 3, 6, 9, 12]  # upper lid of the subject's right eye, corner to corner
    points[[64, 65, 66, 67, 60], 0] = [12, 9, 6, 3, 0]
    np.testing.assert_allclose(ibug68_from_wflw98(points)[36:42, 0], [0, 4, 8, 12, 8, 4], atol=1e-6)


@settings(deadline=None)  # a busy machine
@given(st.integers(0, 2**32 - 1))
def test_deriving_and_mirroring_may_change_places(seed):
    """i-bug's pairs are known to be right (test_schemes); this carries them over to WFLW's."""
    points = np.random.default_rng(seed).uniform(-100, 100, (2, 98, 2)).astype(np.float32)
    first = IBUG68.mirror_landmarks(ibug68_from_wflw98(points))
    np.testing.assert_allclose(first, ibug68_from_wflw98(WFLW98.mirror_landmarks(points)), atol=1e-4)


@pytest.mark.data
def test_the_derived_points_lie_where_300w_has_them(data_root):
    """The place of lid points between the corners, on average, in i-bug's own annotation: a third, two thirds."""
    with np.load(data_root / "300W" / "annotations.npz") as table:
        faces = table["landmarks"]
    along = faces[:, 39] - faces[:, 36]
    for point, place in [(37, 1 / 3), (38, 2 / 3), (41, 1 / 3), (40, 2 / 3)]:
        share = ((faces[:, point] - faces[:, 36]) * along).sum(axis=1) / (along**2).sum(axis=1)
        assert np.median(share) == pytest.approx(place, abs=0.04)  # a quarter would be 0.08 off
