"""Boxes by hand."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest

from sdk import BBox, Detection, Face, FaceAligner, FaceTracker, HeadPose, InputError


def test_overlap_by_hand():
    assert BBox(0, 0, 2, 2).overlap(BBox(1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert BBox(0, 0, 1, 1).overlap(BBox(2, 2, 3, 3)) == 0.0
    assert BBox(0, 0, 1, 1).overlap(BBox(0, 0, 1, 1)) == 1.0


def test_around_is_tight():
    assert BBox.around(np.array([[3, 9], [1, 4], [2, 8]], np.float32)) == BBox(1, 4, 3, 9)


@pytest.mark.parametrize("sides", [(0, 0, 0, 1), (0, 0, 1, -1), (0, 0, float("inf"), 1)])
def test_impossible_boxes_are_refused(sides):
    with pytest.raises(InputError, match="box: expected"):
        BBox(*sides)


WAYS = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "replace": dataclasses.replace,
}


@pytest.mark.parametrize("again", WAYS.values(), ids=WAYS)
def test_faces_pickle_and_copy_and_stay_read_only(again, hopper):
    (face,) = FaceAligner().predict(hopper)
    twin = again(face)
    assert isinstance(twin, Face)
    for name in ("landmarks", "shape_parameters"):
        np.testing.assert_array_equal(getattr(twin, name), getattr(face, name))
        assert not getattr(twin, name).flags.writeable
    assert (twin.pose, twin.box, twin.score, twin.plausibility, twin.regularised) == (
        face.pose,
        face.box,
        face.score,
        face.plausibility,
        face.regularised,
    )


@pytest.mark.parametrize("again", WAYS.values(), ids=WAYS)
def test_other_results_pickle_and_copy(again, hopper):
    aligner = FaceAligner()
    (tracked,) = FaceTracker(aligner).update(hopper)
    for value in (
        HeadPose(1, 2, 3),
        BBox(0, 1, 2, 3),
        Detection(BBox(0, 1, 2, 3), 0.5),
        aligner.quality(hopper, tracked.face),
    ):
        assert again(value) == value
    twin = again(tracked)
    assert (twin.id, twin.frames) == (tracked.id, tracked.frames)
    np.testing.assert_array_equal(twin.measured.landmarks, tracked.measured.landmarks)
