"""The detector's loss against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.results import BBox
from train.detection.losses import WEIGHTS, box_overlaps, detector_loss, quality_focal


def to_box(sides: np.ndarray) -> BBox:
    left, top, right, bottom = sides
    return BBox(-float(left), -float(top), float(right), float(bottom))


def test_overlap_is_that_of_the_boxes():
    rng = np.random.default_rng(0)
    true, found = rng.uniform(0.2, 4, (2, 50, 4)).astype(np.float32)
    overlap, generalised = (np.asarray(v) for v in box_overlaps(true, found))
    expected = [to_box(a).overlap(to_box(b)) for a, b in zip(true, found, strict=True)]
    np.testing.assert_allclose(overlap, expected, rtol=1e-4)
    assert (generalised <= overlap + 1e-6).all()


def test_generalised_overlap_tells_far_boxes_apart():
    true = np.array([[1, 1, 1, 1], [1, 1, 1, 1]], np.float32)
    found = np.array([[-2, 1, 4, 1], [-9, 1, 11, 1]], np.float32)  # beside the true box, and further away
    overlap, generalised = (np.asarray(v) for v in box_overlaps(true, found))
    np.testing.assert_array_equal(overlap, 0)
    assert 0 > generalised[0] > generalised[1]


def test_quality_focal_is_zero_where_the_answer_is_right():
    logit = np.log(0.7 / 0.3).astype(np.float32)
    assert float(quality_focal(np.float32(0.7), logit)) == pytest.approx(0.0, abs=1e-6)
    assert float(quality_focal(np.float32(0.0), np.float32(3.0))) > 1.0


def cells(**changes: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """One cell with a face, one without, one that may say either; a network that is right about all."""
    true = np.array([[[1, 1, 1, 1, 1, 1, 0], [0] * 7, [-1, *[0] * 6]]], np.float32)
    found = np.array([[[20, 1, 1, 1, 1, 1, 0], [-20, *[1] * 4, 1, 0], [20, *[1] * 4, 0, 1]]], np.float32)
    for name, value in changes.items():
        found[0, {"face": 0, "none": 1, "either": 2}[name]] = value
    return true, found


def test_a_perfect_answer_costs_nothing():
    assert float(detector_loss(*cells())) == pytest.approx(0.0, abs=1e-4)


def test_cells_that_may_say_either_do_not_count():
    assert float(detector_loss(*cells(either=[-20, 9, 9, 9, 9, 5, 5]))) == pytest.approx(0.0, abs=1e-4)


def test_each_part_costs_by_its_weight():
    assert float(detector_loss(*cells(none=[5, 1, 1, 1, 1, 1, 0]))) > 4 * WEIGHTS["score"]
    assert float(detector_loss(*cells(face=[20, 1, 1, 1, 1, -1, 0]))) == pytest.approx(
        4 * WEIGHTS["roll"], abs=1e-3
    )
    far = detector_loss(*cells(face=[20, -3, 1, 5, 1, 1, 0]))
    assert float(far) > WEIGHTS["box"]


def test_a_batch_without_faces_has_a_finite_loss():
    true, found = cells()
    true[..., 0] = 0
    assert np.isfinite(float(detector_loss(true, found)))
