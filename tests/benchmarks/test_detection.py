"""The detection benchmark on drawn photos, with finders whose answers are known."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import detection_latency
from benchmarks.__main__ import main
from benchmarks.box_maps import difference, rolled_box, rotations
from benchmarks.detection import annotated_photos, measure, to_table, verdicts
from benchmarks.detection_sheet import failures
from sdk import BBox, Detection, FaceAligner, FaceDetector, InputError
from sdk.detector import ROLLED
from sdk.testing import FixedDetector
from tests.detection_photos import drawn_photos, write_set
from train.detection.photos import read_photos, with_landmarks
from train.detection.turning import tight_boxes, turned


@pytest.fixture
def photos(tmp_path):
    return drawn_photos(tmp_path, count=3)


def all_knowing(photos, turn_deg: float = 0.0, *, shift: float = 0.0):
    """Finds every face of the photos, in order, its box moved by a share of its width."""
    answers = iter(photos)

    def find(frame):
        photo = next(answers)
        points = photo.landmarks
        if turn_deg:
            points = turned(photo.read_image(), points, turn_deg)[1]
        left, top, right, bottom = tight_boxes(points)[0].tolist()
        by = shift * (right - left)
        roll = float(photo.roll_deg[0]) + turn_deg
        return [Detection(BBox(left + by, top, right + by, bottom), 0.9, roll)]

    return find


@pytest.mark.parametrize("turn", [0.0, 45.0])
def test_who_knows_all_is_right_about_all(photos, turn):
    (row,) = measure("all", all_knowing(photos, turn), photos, turns_deg=[turn])
    assert (row.recall, row.false_per_photo, row.faces) == (1.0, 0.0, 3)
    assert row.overlap == pytest.approx(1.0, abs=1e-4)
    assert row.roll_error_deg == pytest.approx(0.0, abs=1e-3)


def test_a_hit_beside_the_face_is_a_miss_and_false(photos):
    (row,) = measure("beside", all_knowing(photos, shift=0.9), photos)
    assert (row.recall, row.false_per_photo) == (0.0, 1.0)


def test_unchecked_faces_are_neither_asked_for_nor_false(photos):
    unchecked = [dataclasses.replace(p, checked=np.array([False])) for p in photos[:1]] + photos[1:]
    (row,) = measure("all", all_knowing(unchecked), unchecked)
    assert (row.faces, row.recall, row.false_per_photo) == (2, 1.0, 0.0)


def test_failures_are_drawn(photos):
    assert list(failures(list(verdicts(all_knowing(photos), photos)))) == []
    tiles = list(failures(list(verdicts(all_knowing(photos, shift=0.9), photos))))
    assert len(tiles) == 6  # three missed, three false
    assert all(tile.shape == (192, 192, 3) for tile in tiles)


def test_the_table_has_a_line_per_row(photos):
    rows = list(measure("all", all_knowing(photos), photos))
    assert to_table(rows).splitlines()[2].startswith("| all | drawn | +0° | 3 | 100.0 | 0.000 |")


def test_a_split_without_photos_is_named(tmp_path):
    write_set(tmp_path, counts={"train": 1})
    with pytest.raises(InputError, match="no annotated photos in split 'test'"):
        annotated_photos(tmp_path, split="test", aligner=FaceAligner(detector=FixedDetector()))


def test_latency_is_measured_in_turn():
    calls: list[str] = []
    detectors = {name: (lambda frame, name=name: calls.append(name)) for name in "ab"}
    rows = detection_latency.measure(detectors, runs=2)
    assert calls[:4] == ["a", "b", "a", "b"]
    assert [r.model for r in rows] == ["a", "b"] * len(detection_latency.FRAMES)


def test_yunet_is_measured_beside_at_the_same_input_size(monkeypatch, tmp_path, capsys):
    class OneFace:
        def setInputSize(self, size) -> None: ...

        def detect(self, image):
            return 1, np.array([[10, 10, 20, 20, *[0] * 10, 0.9]], np.float32)

    (tmp_path / "yunet.onnx").write_bytes(b"weights")
    monkeypatch.setattr(cv2.FaceDetectorYN, "create", lambda *_: OneFace())
    assert main(["detector-latency", "--yunet", str(tmp_path / "yunet.onnx"), "--runs", "1"]) == 0
    table = capsys.readouterr().out
    own = FaceDetector().model
    assert own.name in table
    for side in (own.input_size, 320, 160):
        assert table.count(f"| YuNet, {side} px | detect") == 3


def test_the_fit_of_turned_boxes_is_printed_for_any_set(tmp_path):
    faces = write_set(tmp_path, counts={"train": 4})
    rows, fit = rolled_box(tmp_path, faces, angles=(15.0, 30.0, 45.0))
    assert rows.shape == (3, 3)
    assert fit[2] > 0  # a turned face has a larger tight box


@pytest.mark.data
def test_the_sdk_uses_the_fit_of_the_train_faces(data_root, tmp_path):
    photos = [p for p in read_photos(data_root / "detection", split="train") if p.checked.any()][::40]
    aligner = FaceAligner(detector=FixedDetector())
    labelled = [with_landmarks(p, aligner) for p in photos]
    upright = np.concatenate(
        [np.einsum("fnd,fde->fne", p.landmarks[p.checked], rotations(p.roll_deg[p.checked])) for p in labelled]
    )
    across, down, growth = difference(upright, 45.0)
    assert (down, growth) == pytest.approx(ROLLED[1:], abs=0.03)
    assert across == pytest.approx(0.0, abs=0.03)


RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"


@pytest.mark.parametrize("path", sorted(RESULTS.glob("detection--*.json")), ids=lambda p: p.stem)
def test_recorded_rows_are_whole(path):
    rows = json.loads(path.read_text())["rows"]
    assert {(r["source"], r["turn_deg"]) for r in rows} >= {
        ("helen_test", 0.0),
        ("helen_test", 45.0),
        ("afw", 0.0),
    }
    for row in rows:
        assert 0 <= row["recall"] <= 1
        assert row["false_per_photo"] >= 0
        assert row["faces"] > 0
