"""Drawing: a copy, marked where the face is."""

from __future__ import annotations

import numpy as np
import pytest

from sdk import BBox, Face, HeadPose, InputError, ModelFile, TrackedFace, draw
from sdk.drawing import _AXES, label_lines, write_label

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


def placed(x: float, y: float, *, confidence: float | None = None, size: float = 40.0) -> Face:
    landmarks = (SHAPE * size + (x, y)).astype(np.float32)
    box = BBox.around(landmarks)
    return Face(landmarks, HeadPose(-10, -10, -10), box, 1.0, np.zeros(3, np.float32), 1.0, confidence=confidence)


def label_alone(face: Face, shape: tuple[int, int], *, room: int, number: int | None = None) -> np.ndarray:
    """Where the label of a face writes in a frame, seen on a larger canvas with `room` around it."""
    canvas = np.full((shape[0] + 2 * room, shape[1] + 2 * room, 3), 90, np.uint8)
    write_label(canvas[room:-room, room:-room], label_lines(face, number), face.box)
    return (canvas != 90).any(axis=2)


@pytest.mark.parametrize("confidence", [None, 0.02])
@pytest.mark.parametrize("place", [(0, 0), (300, 0), (640, 100), (600, 470), (-30, 480), (320, 240)])
def test_labels_are_not_cut_at_the_border(place, confidence):
    """The same letters as in the middle of a frame: each pixel of them is there."""
    face, middle = (placed(x, y, confidence=confidence) for x, y in (place, (320, 240)))
    at_border, whole = (label_alone(one, (480, 640), room=1) for one in (face, middle))
    inside = at_border[2:-2, 2:-2]
    assert at_border.sum() == whole.sum() == inside.sum() > 200  # nothing reaches the frame's own border


@pytest.mark.parametrize("shape", [(40, 60), (300, 90), (20, 400), (3, 3), (1, 1)])
def test_labels_fit_small_frames(shape):
    pixels = label_alone(placed(10, 10, confidence=0.1), shape, room=1, number=1234)
    assert not pixels[:, [0, -1]].any()
    assert not pixels[[0, -1]].any()
    if min(shape) > 10:
        assert not pixels[:, [1, -2]].any()
        assert pixels.any()


def test_ids_and_low_confidence_are_written():
    assert label_lines(placed(0, 0)) == ["yaw -10 pitch -10 roll -10"]
    assert label_lines(placed(0, 0, confidence=0.9), 7) == ["#7 yaw -10 pitch -10 roll -10"]
    assert label_lines(placed(0, 0, confidence=0.02), 7)[1] == "low confidence 0.02"
    frame = np.zeros((480, 640, 3), np.uint8)
    plain, numbered = draw(frame, [placed(320, 240)]), draw(frame, [placed(320, 240)], ids=[3])
    assert (plain != numbered).any()
    for confidence, orange in ((0.02, True), (0.6, False), (None, False)):
        one = placed(320, 240, confidence=confidence)
        blue, _, red = draw(frame, [one])[round(one.box.bottom), round(one.box.left) + 3].astype(int)
        assert (red > blue + 90) == orange


@pytest.mark.parametrize(
    ("faces", "ids", "message"),
    [
        (None, None, "faces: expected a sequence of Face, got NoneType"),
        (["x"], None, "face: expected a Face as FaceAligner.predict gives it, got str"),
        ([TrackedFace(1, placed(9, 9), placed(9, 9), 1)], None, "of a tracked face give its .face"),
        ([placed(9, 9)], [1, 2], "ids: expected one for each of 1 faces, got 2"),
    ],
)
def test_what_is_no_face_is_explained(faces, ids, message):
    with pytest.raises(InputError, match=message):
        draw(np.zeros((20, 20, 3), np.uint8), faces, ids=ids)
