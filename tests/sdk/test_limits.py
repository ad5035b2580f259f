"""Frames at the edge have the results that docs/guide.md states."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sdk import BBox, FaceAligner, FaceTracker, InputError
from sdk.testing import FixedDetector


@pytest.fixture(scope="module")
def aligner() -> FaceAligner:
    return FaceAligner()


def test_a_frame_of_one_pixel_has_no_face(aligner):
    assert aligner.predict(np.zeros((1, 1, 3), np.uint8)) == []
    assert FaceTracker(aligner).update(np.zeros((1, 1, 3), np.uint8)) == []


@pytest.mark.parametrize("shape", [(1, 4000, 3), (4000, 1, 3), (2, 2, 3)])
def test_frames_of_odd_shapes_have_no_face(aligner, shape):
    assert aligner.predict(np.full(shape, 100, np.uint8)) == []


def test_a_face_in_an_8k_frame_is_found_in_its_place(aligner, hopper):
    frame = np.full((4320, 7680, 3), 90, np.uint8)
    frame[800:3200, 3000:5048] = cv2.resize(hopper, (2048, 2400), interpolation=cv2.INTER_LINEAR)
    (face,) = aligner.predict(frame)
    (small,) = aligner.predict(hopper)
    expected = (small.landmarks + 0.5) * 4 - 0.5 + (3000, 800)
    assert np.linalg.norm(face.landmarks - expected, axis=1).mean() < 0.05 * face.box.width


def test_fifty_faces_are_fifty_results(aligner, hopper):
    tile = cv2.resize(hopper[60:480, 60:480], (128, 128), interpolation=cv2.INTER_AREA)
    (face,) = FaceAligner().predict(hopper)
    x, y, s = 60, 60, 128 / 420
    sides = [s * v for v in (face.box.left - x, face.box.top - y, face.box.right - x, face.box.bottom - y)]
    boxes = [
        BBox(sides[0] + 128 * i, sides[1] + 128 * j, sides[2] + 128 * i, sides[3] + 128 * j)
        for j in range(5)
        for i in range(10)
    ]
    crowd = FaceAligner(detector=FixedDetector(*boxes), interpreter=aligner.interpreter)
    faces = crowd.predict(np.tile(tile, (5, 10, 1)))
    assert len(faces) == 50
    assert all(box.overlap(found.box) > 0.6 for box, found in zip(boxes, faces, strict=True))


def test_not_a_number_is_refused(aligner):
    with pytest.raises(InputError, match="expected uint8, got float32"):
        aligner.predict(np.full((40, 40, 3), np.nan, np.float32))


def test_a_box_outside_the_frame_is_refused_and_one_across_its_edge_is_not(aligner, hopper):
    with pytest.raises(InputError, match="touches the 512 x 600 image"):
        aligner.align(hopper, (2000, 2000, 2100, 2100))
    assert np.isfinite(aligner.align(hopper, (-60, -60, 60, 60)).landmarks).all()
