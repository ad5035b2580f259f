"""Comparing models: what is equal has no difference, and each difference has its unit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convert.comparison import compare
from convert.faces import Face, drawn_faces, packed_faces, portraits
from convert.jitter import jitter, noisy
from convert.latency import latencies
from convert.looks import Looks
from convert.parity import Spread, accuracy, parity, truth_of
from convert.tables import comparison_tables
from sdk import InputError, ModelFile
from sdk.schemes import IBUG68
from sdk.testing import FakeInterpreter
from tests.packed_set import write_packed_set

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def models() -> tuple[ModelFile, ModelFile]:
    return ModelFile.load(ROOT / "models" / "accurate_float32.tflite"), ModelFile.default()


def looks(landmarks: np.ndarray, pose: np.ndarray | None = None) -> Looks:
    angles = np.zeros((len(landmarks), 3), np.float32) if pose is None else pose
    return Looks(landmarks / 100.0, angles, landmarks)


def shapes(count: int = 3) -> np.ndarray:
    return np.stack([face.truth for face in drawn_faces(count)])


def test_a_shift_is_measured_in_eye_distances():
    a = shapes(1)
    eyes = np.linalg.norm(a[0, 36] - a[0, 45])
    found = parity(looks(a), looks(a + np.array([0.02 * eyes, 0.0])), scheme=IBUG68, same_crop=True)
    assert found.landmarks_percent.mean == pytest.approx(2.0, rel=1e-4)  # float32 pixels
    assert found.landmarks_percent.max == pytest.approx(2.0, rel=1e-3)
    assert found.pose_deg == Spread(0.0, 0.0, 0.0)


def test_pose_differences_are_degrees():
    a = shapes(2)
    pose = np.array([[0.1, 0.0, 0.0], [0.0, 0.0, -0.2]], np.float32)
    found = parity(looks(a), looks(a, pose), scheme=IBUG68, same_crop=False)
    assert found.pose_deg.max == pytest.approx(18.0)
    assert found.raw_pose.max == pytest.approx(0.2)
    assert found.raw_landmarks is None


def test_accuracy_of_the_truth_itself_is_zero():
    faces = drawn_faces(3)
    truth = truth_of(faces, ModelFile.default().shape_model, scheme=IBUG68)
    points, angles = truth
    found = accuracy(looks(points, angles / 90.0), *truth, scheme=IBUG68)
    assert (found.nme_interocular, found.failure_rate_at_8) == (0.0, 0.0)
    assert found.pose_mae_deg == pytest.approx(0.0, abs=1e-5)


def test_without_annotations_there_is_no_truth():
    assert portraits() != []
    assert truth_of(portraits(), ModelFile.default().shape_model, scheme=IBUG68) is None


def test_a_model_that_does_not_look_has_no_jitter():
    model = ModelFile.default()
    still = FakeInterpreter(shapes(1)[0] / 256.0 - 0.5)
    found = jitter(model, still, drawn_faces(2))
    assert found.landmarks_percent == pytest.approx(0.0, abs=1e-3)  # float32 means of pixels
    assert found.pose_deg == 0.0
    assert len(still.crops) == 2 * len(noisy(drawn_faces(1)[0], np.random.default_rng(0), noise=1.0))


def test_noise_is_repeatable_and_of_its_size():
    grey = Face(np.full((64, 64, 3), 128, np.uint8), drawn_faces(1)[0].box)
    frames = noisy(grey, np.random.default_rng(1), noise=4.0)
    again = noisy(grey, np.random.default_rng(1), noise=4.0)
    np.testing.assert_array_equal(frames[3].image, again[3].image)
    assert np.std([f.image for f in frames]) == pytest.approx(4.0, rel=0.02)  # of 250,000 draws


def test_a_model_equals_itself(models):
    found = compare(models[1], models[1], {"drawn": drawn_faces(3)})
    assert found.parity["drawn"].landmarks_percent == Spread(0.0, 0.0, 0.0)
    assert found.nme_change("drawn") == 0.0
    assert found.jitter_ratio("drawn") == 1.0


def test_int8_against_float(models):
    found = compare(*models, {"drawn": drawn_faces(4), "portraits": portraits()[:3]})
    assert 0.0 < found.parity["drawn"].landmarks_percent.mean < 2.0
    assert found.a.flatbuffer_bytes > 2 * found.b.flatbuffer_bytes
    assert "portraits" not in found.a.accuracy
    assert found.latency_ratio > 0.0
    text = comparison_tables(found)
    assert "drawn, 4 faces: NME %" in text
    assert "portraits: jitter, % of eye distance" in text
    assert json.loads(json.dumps(found.to_dict()))["b"]["name"] == "accurate_int8"


def test_models_of_two_schemes_cannot_be_compared(models):
    other = replace(models[0], metadata={**models[0].metadata, "scheme": "wflw98"})
    with pytest.raises(InputError, match="one landmark scheme, got wflw98 and ibug68"):
        compare(other, models[1], {"drawn": drawn_faces(1)})
    with pytest.raises(InputError, match="at least one"):
        compare(*models, {"drawn": []})


def test_latencies_are_in_order(models):
    row = latencies([models[1]], runs=10)[0]
    assert 0.0 < row.best_ms <= row.p50_ms <= row.p95_ms
    assert row.runs == 10


def test_packed_faces_have_jittered_boxes(tmp_path):
    faces = packed_faces(write_packed_set(tmp_path, train=2, val=3), "val")
    assert len(faces) == 3
    tight = faces[0].truth.min(axis=0)
    assert (faces[0].box.left, faces[0].box.top) != tuple(tight)
    again = packed_faces(tmp_path, "val")
    assert [f.box for f in again] == [f.box for f in faces]
