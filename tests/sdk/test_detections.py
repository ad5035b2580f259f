"""A detector that returns garbage costs its own face: not the others, not minutes, not the caller's frame."""

from __future__ import annotations

import logging
import time

import numpy as np
import pytest

from sdk import BBox, Detection, FaceAligner, FaceDetector, FaceTracker, InputError
from sdk.detections import MOST, CheckedDetector
from sdk.testing import FakeInterpreter, FixedDetector

FAR = 1e300
GARBAGE = {
    "outside": Detection(BBox(9000, 9000, 9100, 9100), 0.9),
    "before": Detection(BBox(-900, -900, -800, -800), 0.9),
    "huge": Detection(BBox(-FAR, -FAR, FAR, FAR), 0.9),
    "far": Detection(BBox(FAR, FAR, 1.1 * FAR, 1.1 * FAR), 0.9),
    "tiny": Detection(BBox(100, 100, 100 + 1e-9, 100 + 1e-9), 0.9),
    "denormal": Detection(BBox(1e-320, 1e-320, 2e-320, 2e-320), 0.9),
    "wide": Detection(BBox(-FAR, 100, FAR, 100.1), 0.9),
    "nan score": Detection(BBox(10, 10, 90, 90), float("nan")),
    "infinite score": Detection(BBox(10, 10, 90, 90), float("inf")),
    "rolled": Detection(BBox(9000, 9000, 9100, 9100), 0.9, 1e300),
}


@pytest.fixture(scope="module")
def own() -> FaceDetector:
    return FaceDetector()


@pytest.mark.parametrize("one", GARBAGE.values(), ids=GARBAGE)
def test_garbage_costs_its_own_face(one, own, hopper, caplog):
    (expected,) = FaceAligner().predict(hopper)
    aligner = FaceAligner(detector=lambda image: [one, *own(image), one])
    with caplog.at_level(logging.WARNING, logger="sdk"):
        for _ in range(2):
            (face,) = aligner.predict(hopper)
            np.testing.assert_array_equal(face.landmarks, expected.landmarks)
    assert len(caplog.records) == 1  # said once, not in every frame
    assert "detector <lambda>" in caplog.text


def test_a_tracker_goes_on_with_such_a_detector(own, hopper):
    tracker = FaceTracker(FaceAligner(detector=lambda image: [*GARBAGE.values(), *own(image)]), detect_every=1)
    for _ in range(3):
        assert [t.id for t in tracker.update(hopper)] == [1]


def test_a_face_that_is_lost_in_nowhere_is_lost_alone(hopper):
    """A network that answers with no numbers while a face is followed."""
    aligner = FaceAligner()
    tracker = FaceTracker(aligner, detect_every=1000)
    assert len(tracker.update(hopper)) == 1
    aligner._interpreter = FakeInterpreter(np.full((68, 2), np.nan))
    assert tracker.update(hopper) == []


def test_a_detector_may_draw_on_its_frame(own, hopper):
    def drawing(image):
        found = own(image)
        image[:] = 0
        return found

    frame = hopper.copy()
    (face,) = FaceAligner(detector=drawing).predict(frame)
    np.testing.assert_array_equal(frame, hopper)
    np.testing.assert_array_equal(face.landmarks, FaceAligner().predict(hopper)[0].landmarks)


def test_a_detector_that_only_reads_gets_the_frame_itself():
    seen = []

    class Reading:
        reads_only = True

        def __call__(self, image, /):
            seen.append(image)
            return []

    frame = np.zeros((20, 20, 3), np.uint8)
    FaceAligner(detector=Reading()).predict(frame)
    assert seen[0] is frame
    assert FaceDetector.reads_only
    assert FixedDetector.reads_only


def test_thousands_of_hits_are_a_few_looks(own, hopper):
    (true,) = own(hopper)
    rng = np.random.default_rng(0)
    noise = [Detection(BBox(x, y, x + 40, y + 40), 0.3) for x, y in rng.uniform(0, 460, (2000, 2))]
    again = [Detection(true.box, 0.9, true.roll_deg)] * 2000
    found = CheckedDetector(lambda image: [*again, *noise, true])(hopper)
    assert len(found) <= MOST
    assert found[0].box == true.box
    started = time.process_time()
    faces = FaceAligner(detector=lambda image: [*again, *noise, true]).predict(hopper)
    assert time.process_time() - started < 30  # a look takes milliseconds; 8,000 of them would take minutes
    best = max(faces, key=lambda face: face.box.overlap(true.box))
    assert best.box.overlap(true.box) > 0.7


def test_as_many_as_before_are_left_alone():
    found = [Detection(BBox(i, 0, i + 40, 40), 0.5) for i in range(MOST)]
    assert CheckedDetector(lambda image: found)(np.zeros((9, 9, 3), np.uint8)) == found


@pytest.mark.parametrize(
    "answer",
    [None, 3, "face", [None], [(1, 2, 3, 4)], [BBox(0, 0, 5, 5)], np.zeros((2, 5)), {"boxes": []}, lambda: []],
    ids=str,
)
def test_what_is_no_detection_is_explained(answer):
    with pytest.raises(InputError, match="detector: expected a sequence of Detection"):
        FaceAligner(detector=lambda image: answer).predict(np.zeros((20, 20, 3), np.uint8))


def test_any_iterable_of_detections_will_do(own, hopper):
    for answer in (tuple, iter, lambda found: (one for one in found)):
        assert len(FaceAligner(detector=lambda image, a=answer: a(own(image))).predict(hopper)) == 1
