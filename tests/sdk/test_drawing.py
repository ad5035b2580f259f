"""Drawing: a copy, marked where the face is."""

from __future__ import annotations

import numpy as np
import pytest

from sdk import BBox, Face, HeadPose, InputError, ModelFile, draw
from sdk.drawing import _AXES

SHAPE = ModelFile.default().shape_model.mean


def face(yaw: float = 0.0, pitch: float = 0.0) -> Face:
    landmarks = (SHAPE * 40 + 100).astype(np.float32)
    box = BBox.around(landmarks)
    return Face(landmarks, HeadPose(yaw, pitch, 0), box, 1.0, np.zeros(3, np.float32), 1.0)


def test_the_frame_stays_and_the_copy_is_marked():
    frame = np.zeros((200, 200, 3), np.uint8)
    picture = draw(frame, [face()])
    assert not frame.any()
    for x, y in face().landmarks:
        assert picture[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2].any()


def test_no_faces_give_an_equal_copy():
    frame = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    np.testing.assert_array_equal(draw(frame, []), frame)


@pytest.mark.parametrize(("yaw", "side"), [(40.0, -1), (-40.0, 1)])
def test_the_blue_axis_points_where_the_nose_points(yaw, side):
    picture = draw(np.zeros((200, 200, 3), np.uint8), [face(yaw)])
    columns = np.nonzero((picture == _AXES[2]).all(axis=2))[1]
    nose = face().landmarks[30, 0]
    assert side * (columns.mean() - nose) > 3


def test_faces_beyond_the_frame_do_not_crash():
    assert draw(np.zeros((20, 20, 3), np.uint8), [face()]).shape == (20, 20, 3)


def test_a_bad_frame_is_refused():
    with pytest.raises(InputError, match="frame"):
        draw(np.zeros((4, 4, 3)), [])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("colour", "shape"), [("grey", (200, 200)), ("rgba", (200, 200, 4)), ("rgb", (200, 200, 3))]
)
def test_frames_of_any_order_give_a_bgr_picture(colour, shape):
    frame = np.full(shape, 50, np.uint8)
    picture = draw(frame, [face()], colour=colour)
    assert picture.shape == (200, 200, 3)
    assert (picture != 50).any()
    assert (frame == 50).all()
    with pytest.raises(InputError, match="expected shape"):
        draw(frame, [], colour="grey" if colour != "grey" else "bgr")
