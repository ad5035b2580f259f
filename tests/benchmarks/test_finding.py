"""Hard faces and photos without any: rows of sets whose answers are known, and the sets themselves."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.detection_command import beside
from benchmarks.finding import PhotoSet, measure, to_table
from benchmarks.finding_sets import aside, by_size, cut_photo, read_sets
from sdk import BBox, Detection, FaceAligner
from sdk.testing import FixedDetector, rendered_face
from tests.detection_photos import drawn_photos, write_set
from tests.packed_set import changed, write_packed_set, write_table
from train.detection.photos import read_photos
from train.detection.turning import tight_boxes
from train.detection.validation import MATCH


def finder(photos, *, also: tuple[float, float, float, float] | None = None):
    """Finds the first face of each photo, in order, and perhaps something else."""
    answers = iter(photos)

    def find(frame):
        boxes = [tuple(box) for box in next(answers).boxes[:1].tolist()]
        return [Detection(BBox(*box), 0.9) for box in [*boxes, *([also] if also else [])]]

    return find


def test_faces_are_counted_by_part_and_false_hits_by_photo(tmp_path):
    photos = drawn_photos(tmp_path, count=3)
    small = photos[0].boxes[0] + np.array([100.0, 0.0, 100.0, 0.0], np.float32)
    small[2:] = small[:2] + 20.0
    points = np.concatenate([photos[0].landmarks, photos[0].landmarks])
    two = replace(
        photos[0], boxes=np.stack([photos[0].boxes[0], small]), checked=np.array([True, True]), landmarks=points
    )
    points[1] = (points[1] - points[1].min(axis=0)) / np.ptp(points[1], axis=0) * 20.0 + small[:2]
    chosen = PhotoSet("drawn", [two, *photos[1:]], by_size(), MATCH, whole=True)
    rows = [row for row, _ in measure("one", finder(chosen.photos, also=(0.0, 180.0, 15.0, 195.0)), chosen)]
    assert [(r.part, r.faces, r.found) for r in rows[:2]] == [("all", 4, 3), ("side 0 to 25", 1, 0)]
    assert (rows[0].false_hits, rows[0].false_photos) == (3, 3)
    assert all(r.false_hits is None for r in rows[1:])
    assert sum(r.faces for r in rows[1:]) == 4
    assert to_table(rows).splitlines()[2] == "| one | drawn | all | +0° | 4 | 1 | 75.0 | 3 | 1.000 | 3 |"


def test_where_not_all_faces_are_listed_other_hits_are_not_false(tmp_path):
    photos = drawn_photos(tmp_path, count=2)
    chosen = PhotoSet("some", photos, {}, MATCH, whole=False)
    ((row, seen),) = measure("one", finder(photos, also=(0.0, 180.0, 15.0, 195.0)), chosen)
    assert (row.false_hits, row.false_photos, len(seen)) == (None, None, 2)
    assert to_table([row]).endswith("| 2 | 0 | 100.0 | 2 |  |  |")


def test_boxes_around_heads_are_matched_more_loosely(tmp_path):
    photos = drawn_photos(tmp_path, count=1)
    left, top, right, bottom = photos[0].boxes[0].tolist()
    half = [Detection(BBox(left, top, left + 0.35 * (right - left), bottom), 0.9)]
    found = [
        next(measure("half", lambda _: half, PhotoSet("drawn", photos, {}, match, whole=True)))[0].found
        for match in (0.4, 0.3)
    ]
    assert found == [0, 1]


def test_a_cut_photo_shows_the_face_and_little_more(tmp_path):
    for number, photo in enumerate(drawn_photos(tmp_path, count=4)):
        cut = cut_photo(photo, number)
        image, whole = cut.read_image(), photo.read_image()
        left, top, right, bottom = cut.part
        np.testing.assert_array_equal(image, whole[top:bottom, left:right])
        np.testing.assert_allclose(cut.boxes + np.array([left, top, left, top]), photo.boxes, atol=1e-3)
        side = (photo.boxes[0, 2:] - photo.boxes[0, :2]).max()
        assert max(image.shape[:2]) <= 1.2 * side + 3
        np.testing.assert_allclose(tight_boxes(cut.landmarks), cut.boxes)


def test_a_face_that_looks_at_us_is_not_aside_and_a_profile_is():
    points = rendered_face(np.random.default_rng(0))[1]
    front = aside(points)
    assert front < 0.4
    turned = points.copy()
    turned[30] = points[16] + (points[16] - points[0]) * 0.1
    assert aside(turned) == 1.0
    turn = np.array([[0.0, -1.0], [1.0, 0.0]], np.float32)
    assert aside(points @ turn) == pytest.approx(front, abs=1e-5)


def test_sets_that_are_not_there_are_left_out_unless_they_are_asked_for(tmp_path, capsys):
    (tmp_path / "detection").mkdir()
    write_set(tmp_path / "detection", counts={"test": 2})
    root = write_packed_set(tmp_path / "InfAnFace", train=1, val=1, test=2)
    changed(root, split=np.array(["infanface-train"] * 2 + ["infanface-test"] * 2))
    found = list(read_sets(tmp_path, None, FaceAligner(detector=FixedDetector())))
    assert [(s.name, len(s.photos)) for s in found] == [("AFW", 0), ("HELEN test", 0), ("InfAnFace test", 2)]
    assert main(["detection", "--data", str(tmp_path), "--split", "test", "--turns", "0", "--sets", "frames"]) != 0
    assert "expected frames with file, faces and all_faces_listed" in capsys.readouterr().err


def test_the_command_prints_sets_beside_the_split_and_draws_their_failures(tmp_path, capsys):
    (tmp_path / "detection").mkdir()
    write_set(tmp_path / "detection", counts={"val": 2})
    (tmp_path / "NonFace" / "images").mkdir(parents=True)
    files = [f"images/{i}.png" for i in range(12)]
    for file in files:
        cv2.imwrite(str(tmp_path / "NonFace" / file), np.zeros((40, 50, 3), np.uint8))
    write_table(tmp_path / "NonFace", file=np.array(files), false_box=np.full((12, 4), np.nan, np.float32))
    sheet = tmp_path / "sheet.png"
    arguments = ["--turns", "0", "--alone", "--sets", "non-faces", "--sheet", str(sheet)]
    assert main(["detection", "--data", str(tmp_path), *arguments]) == 0
    table = capsys.readouterr().out
    assert "| NonFace, kept out of training | all | +0° | 0 | 0 |  |" in table
    assert "sheet_nonface_others_face_detector" in table
    assert [r.source for r in read_photos(tmp_path / "detection", split="val")] == ["drawn", "drawn"]


def test_a_sheet_beside_another_has_a_name_of_its_own(tmp_path):
    assert beside(tmp_path / "a.png", "WFLW part, 320 px").name == "a_wflw_part_320_px.png"
