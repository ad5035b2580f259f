"""FaceTracker on a portrait that moves by known motion."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sdk import FaceAligner, FaceTracker, InputError, OneEuro
from sdk.metrics import nme_interocular
from sdk.testing import FixedDetector


def moved(frame: np.ndarray, dx: float, dy: float = 0.0, *, turn: float = 0.0, scale: float = 1.0) -> np.ndarray:
    h, w = frame.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), -turn, scale)
    matrix[:, 2] += (dx, dy)
    return cv2.warpAffine(frame, matrix, (w, h), borderMode=cv2.BORDER_REPLICATE)


class CountingDetector:
    """The default detector, its calls counted."""

    def __init__(self) -> None:
        from sdk import FaceDetector

        self._detector, self.calls = FaceDetector(), 0

    def __call__(self, image, /):
        self.calls += 1
        return self._detector(image)


@pytest.fixture(scope="module")
def small(hopper) -> np.ndarray:
    return cv2.resize(hopper, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def test_a_moving_face_keeps_its_id_and_needs_few_searches(small):
    detector = CountingDetector()
    tracker = FaceTracker(FaceAligner(detector=detector), smoothing=None, detect_every=1000)
    single = FaceAligner()
    for i in range(25):
        frame = moved(small, 2.5 * i - 30, turn=0.8 * i)
        (tracked,) = tracker.update(frame)
        assert tracked.id == 1
        assert tracked.frames == i + 1
        alone = single.align(frame, tracked.face.box, refine=True)
        assert nme_interocular(alone.landmarks[None], tracked.face.landmarks[None])[0] < 5
    assert detector.calls == 1


def test_an_empty_scene_loses_the_face_and_a_new_one_gets_a_new_id(small):
    tracker = FaceTracker(detect_every=1)
    assert [t.id for t in tracker.update(small)] == [1]
    blank = np.full_like(small, 128)
    for _ in range(4):
        found = tracker.update(blank)
    assert found == []
    assert [t.id for t in tracker.update(small)] == [2]


def test_two_faces_keep_apart(small):
    pair = np.concatenate([small, small], axis=1)
    tracker = FaceTracker(detect_every=2)
    for i in range(6):
        ids = {t.id: t.face.box.center_x for t in tracker.update(moved(pair, float(i)))}
        assert len(ids) == 2
    assert (ids[1] < small.shape[1]) != (ids[2] < small.shape[1])


def test_max_faces_limits_what_is_followed(small):
    pair = np.concatenate([small, small], axis=1)
    assert len(FaceTracker(max_faces=1).update(pair)) == 1


def test_smoothing_lessens_jitter_and_leaves_the_measurement(small):
    rng = np.random.default_rng(0)
    tracker = FaceTracker(smoothing=OneEuro())
    smooth, raw = [], []
    for _ in range(25):
        noisy = np.clip(small + rng.normal(0, 6, small.shape), 0, 255).astype(np.uint8)
        (tracked,) = tracker.update(noisy)
        smooth.append(tracked.face.landmarks)
        raw.append(tracked.measured.landmarks)
    jitter = [np.diff(np.array(v)[5:], axis=0).std() for v in (smooth, raw)]
    assert jitter[0] < 0.7 * jitter[1]
    assert tracked.face.pose.roll_deg == pytest.approx(tracked.measured.pose.roll_deg, abs=3)


def test_time_must_go_forward(small):
    tracker = FaceTracker()
    tracker.update(small, timestamp_s=5.0)
    with pytest.raises(InputError, match=r"timestamp_s: expected a time after 5\.0, got 4\.0"):
        tracker.update(small, timestamp_s=4.0)


def test_reset_forgets_faces_but_not_numbers(small):
    tracker = FaceTracker()
    tracker.update(small)
    tracker.reset()
    assert [t.id for t in tracker.update(small)] == [2]


def test_without_faces_the_list_is_empty():
    tracker = FaceTracker(FaceAligner(detector=FixedDetector()))
    assert tracker.update(np.zeros((60, 80, 3), np.uint8)) == []


@pytest.mark.parametrize("wrong", [{"detect_every": 0}, {"max_faces": 0}, {"fps": 0.0}])
def test_wrong_options_are_refused(wrong):
    with pytest.raises(InputError, match="FaceTracker: expected"):
        FaceTracker(**wrong)
