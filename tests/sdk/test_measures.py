"""Measures by hand, and on real portraits."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sdk import BBox, Face, FaceAligner, HeadPose, InputError, ModelFile
from sdk.measures import eye_openness, interocular_distance, mouth_openness

MEAN = ModelFile.default().shape_model.mean


def face(landmarks: np.ndarray) -> Face:
    points = np.array(landmarks, np.float32)
    return Face(points, HeadPose(0, 0, 0), BBox(0, 0, 1, 1), 1.0, np.zeros(1, np.float32), 1.0)


def test_by_hand():
    points = MEAN.copy()
    points[36:42] = [(0, 0), (1, -1), (3, -1), (4, 0), (3, 1), (1, 1)]  # lids 2 apart, corners 4
    points[45] = (30, 40)
    points[[60, 64]] = (0, 0), (4, 0)
    points[[61, 62, 63, 65, 66, 67]] = (1, -1), (2, -1), (3, -1), (3, 1), (2, 1), (1, 1)
    assert eye_openness(face(points))[0] == pytest.approx(0.5)
    assert interocular_distance(face(points)) == pytest.approx(50.0)
    assert mouth_openness(face(points)) == pytest.approx(0.5)


def test_openness_ignores_size_and_a_closed_mouth_is_zero():
    assert eye_openness(face(MEAN * 77)) == pytest.approx(eye_openness(face(MEAN)), rel=1e-5)
    closed = MEAN.copy()
    closed[[67, 66, 65]] = closed[[61, 62, 63]]
    assert mouth_openness(face(closed)) == 0.0


def test_points_that_coincide_give_zero():
    nothing = face(np.zeros((68, 2)))
    assert (eye_openness(nothing), mouth_openness(nothing)) == ((0.0, 0.0), 0.0)


def test_the_portraits_have_open_eyes(hopper, astronaut):
    for frame in (hopper, astronaut):
        (found,) = FaceAligner().predict(frame)
        assert all(0.12 < v < 0.6 for v in eye_openness(found))
    assert dataclasses.is_dataclass(found)


@pytest.mark.parametrize("measure", [eye_openness, interocular_distance, mouth_openness])
@pytest.mark.parametrize("count", [5, 98])
def test_faces_of_another_scheme_are_refused_in_words(measure, count):
    other = dataclasses.replace(face(MEAN), landmarks=np.zeros((count, 2), np.float32))
    with pytest.raises(InputError, match=f"expected the 68 points of ibug68, got {count}"):
        measure(other)
