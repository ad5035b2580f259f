"""Point errors: made-up looks give their weights back, ranks are counted, a file gets what was fitted."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.hard_views import VIEWS
from benchmarks.point_errors import Look, Seen, Weights, fit, look, with_weights
from benchmarks.reliability import REFINED, WHOLE, Told, chart, row, to_table
from sdk import IBUG68, FaceAligner, InputError, ModelFile
from sdk.testing import FakeInterpreter, FixedDetector, rendered_face
from train.datasets import Sample

MODEL = ModelFile.default()
OWN, MEAN, EYES = 0.8, 1.2, -1.3


@pytest.fixture(scope="module")
def face():
    fake = FakeInterpreter((MODEL.shape_model.mean * 0.3).astype(np.float32))
    aligner = FaceAligner(MODEL, interpreter=fake, detector=FixedDetector())
    return aligner.align(np.zeros((100, 100, 3), np.uint8), (10, 10, 90, 90))


def made_up(face, count: int = 3000) -> Seen:
    """Looks whose errors are exponential about what known weights say of them."""
    rng = np.random.default_rng(0)
    spreads = -4.0 + rng.normal(0, 0.3, (count, 1)) + rng.normal(0, 0.5, (count, 68))
    eyes = rng.normal(-1.0, 0.3, count)
    z = 2.0 + OWN * spreads + MEAN * spreads.mean(axis=1, keepdims=True) + EYES * eyes[:, None]
    expected = 1 / (1 + np.exp(-z))
    errors = np.minimum(expected * rng.exponential(1.0, expected.shape), 1.0)
    looks = [Look(s, float(e), face) for s, e in zip(spreads, eyes, strict=True)]
    apart = rng.exponential(0.02, errors.shape)
    both = 0.7 * expected + 0.4 * apart
    return Seen(looks, errors, [(a, a) for a in looks], both, apart, np.ones(count))


def test_known_weights_come_back(face):
    weights = fit(made_up(face), IBUG68)
    np.testing.assert_allclose(weights.kernel[:, 0], OWN, atol=0.05)
    np.testing.assert_allclose(weights.kernel[:, 1:], np.tile([MEAN, EYES], (68, 1)), atol=0.08)
    np.testing.assert_allclose(weights.looks, [0.7, 0.4], atol=0.03)
    for values in (weights.kernel, weights.bias):
        np.testing.assert_array_equal(values, values[list(IBUG68.mirror)])  # a mirrored face has the same errors


def test_a_wider_map_never_has_a_smaller_error(face):
    seen = made_up(face, 300)
    upside_down = replace(seen, first_errors=0.2 - np.minimum(seen.first_errors, 0.15))
    weights = fit(upside_down, IBUG68)
    assert (weights.kernel[:, :2] >= 0).all()
    assert (weights.looks >= 0).all()


def told() -> Told:
    """Errors that are as expected, but for the worst fifth, which is twice as bad; confidence by the error."""
    rng = np.random.default_rng(1)
    expected = rng.uniform(0.01, 0.1, (200, 68)) * rng.uniform(0.5, 1.5, (200, 1))
    true = np.where(expected > np.quantile(expected, 0.8), 2.0, 1.0) * expected
    return Told(expected, true, -true.mean(axis=1))


def test_ranks_ratios_and_auc_are_counted():
    found = row("m", "drawn", "jittered", told())
    assert found.rank_correlation == pytest.approx(1.0)
    np.testing.assert_allclose(found.ratios, [1, 1, 1, 1, 0.5], rtol=1e-6)
    np.testing.assert_allclose(np.divide(found.expected_percent, found.true_percent), found.ratios)
    assert 0 < found.over_8 < 200
    assert found.auc_over_8 == 1.0
    assert row("m", "drawn", "jittered", replace(told(), confidence=np.full(200, np.nan))).auc_over_8 is None
    assert "| m | drawn | jittered | 200 | 1.00 | 1.00, 1.00, 1.00, 1.00, 0.50 |" in to_table([found])


def test_the_chart_has_a_line_for_each_set():
    rows = [
        row("m", name, boxes, told()) for name in (WHOLE, "300W test_common", "other") for boxes in (REFINED, "b")
    ]
    lines = chart(rows).axes[0].lines[1:]
    assert [line.get_label() for line in lines] == [f"m, {WHOLE}", "m, 300W test_common"]
    np.testing.assert_allclose(lines[0].get_xdata(), rows[0].expected_percent)
    np.testing.assert_allclose(lines[0].get_ydata(), rows[0].true_percent)


@pytest.mark.parametrize("name", VIEWS)
def test_views_keep_size_and_what_landmarks_mark(name):
    image, landmarks = rendered_face(np.random.default_rng(0), size=160)
    before = image.copy()
    frame, points = VIEWS[name](image, landmarks, np.random.default_rng(3))
    assert (frame.shape, frame.dtype) == (image.shape, np.uint8)
    assert (points.shape, points.dtype) == (landmarks.shape, np.float32)
    np.testing.assert_array_equal(image, before)
    lengths = [np.linalg.norm(p[:, None] - p[None], axis=-1) for p in (points, landmarks)]
    np.testing.assert_allclose(*lengths, atol=0.01)
    assert (frame != image).any() == (name != "as it is")


def test_looking_and_fitting_end_in_a_file_with_errors(tmp_path):
    import cv2

    samples = []
    for number in range(2):
        image, landmarks = rendered_face(np.random.default_rng(number))
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), image)
        samples.append(Sample(path, landmarks, str(number), str(number)))
    seen = look(MODEL, [samples[:1], samples[1:]], repeats=1)
    assert seen.errors.shape == seen.first_errors.shape == seen.apart.shape == (10, 68)
    found = with_weights(MODEL, fit(seen, IBUG68))
    assert found.head.settings()["point_errors"] is True
    assert found.flatbuffer == MODEL.flatbuffer
    image = samples[0].read_image()
    errors = FaceAligner(found).align(image, (30, 30, 160, 160)).point_errors
    assert ((errors > 0) & (errors <= 1)).all()


def test_models_without_maps_are_refused():
    from pathlib import Path

    path = Path(__file__).resolve().parents[2] / "models" / "asmnet_128_int8.tflite"
    with pytest.raises(InputError, match="expected a model with a head"):
        look(ModelFile.load(path), [])


def test_weights_are_those_of_the_head():
    weights = Weights(np.ones((68, 3), np.float32), np.zeros(68, np.float32), np.ones(2, np.float32))
    np.testing.assert_array_equal(with_weights(MODEL, weights).head.errors_kernel, 1)
