"""Colour orders: the same picture in any of them gives the same faces."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sdk import FaceAligner, FaceTracker, InputError, as_bgr, draw, join_planes
from sdk.camera import CAMERA_COLOURS
from sdk.frames import COLOURS, to_bgr

CODES = {
    "rgb": cv2.COLOR_BGR2RGB,
    "bgra": cv2.COLOR_BGR2BGRA,
    "rgba": cv2.COLOR_BGR2RGBA,
    "grey": cv2.COLOR_BGR2GRAY,
}


def written(picture: np.ndarray, colour: str) -> np.ndarray:
    return picture if colour == "bgr" else cv2.cvtColor(picture, CODES[colour])


@pytest.mark.parametrize("colour", [colour for colour in COLOURS if colour not in CAMERA_COLOURS])
def test_every_colour_order_gives_the_faces_of_its_bgr_picture(hopper, colour):
    picture = cv2.cvtColor(written(hopper, "grey"), cv2.COLOR_GRAY2BGR) if colour == "grey" else hopper
    (expected,) = FaceAligner().predict(picture)
    aligner = FaceAligner(colour=colour)
    frame = written(picture, colour)
    (face,) = aligner.predict(frame)
    np.testing.assert_array_equal(face.landmarks, expected.landmarks)
    again = aligner.look_again(frame, face)
    assert again is not None
    assert aligner.colour == colour


def test_a_grey_frame_may_have_one_channel(hopper):
    grey = written(hopper, "grey")
    aligner = FaceAligner(colour="grey")
    np.testing.assert_array_equal(
        aligner.predict(grey[..., None])[0].landmarks, aligner.predict(grey)[0].landmarks
    )
    assert len(aligner.predict(np.stack([grey, grey])[..., None])) == 2


def test_bgr_frames_are_not_copied(hopper):
    assert to_bgr(hopper, "bgr") is hopper


@pytest.mark.parametrize(
    ("colour", "shape", "message"),
    [
        (
            "grey",
            (4, 4, 3),
            r'expected shape \(h, w\), got \(4, 4, 3\); a colour image\? FaceAligner\(colour="bgr"\)',
        ),
        ("rgba", (4, 4, 3), r"expected shape \(h, w, 4\), got \(4, 4, 3\)"),
        ("rgb", (4, 4, 4), r"expected shape \(h, w, 3\), got \(4, 4, 4\); with an alpha channel"),
        ("rgb", (4, 3), r"expected shape \(h, w, 3\), got \(4, 3\); a grey image"),
    ],
)
def test_frames_of_another_kind_are_refused(colour, shape, message):
    with pytest.raises(InputError, match=message):
        FaceAligner(colour=colour).predict(np.zeros(shape, np.uint8))


def test_unknown_orders_are_refused():
    with pytest.raises(
        InputError, match="colour: expected one of bgr, rgb, bgra, rgba, grey, nv21, nv12, i420, yuyv, got 'yuv'"
    ):
        FaceAligner(colour="yuv")  # type: ignore[arg-type]


def as_camera(picture: np.ndarray, colour: str) -> np.ndarray:
    """A BGR picture as a camera would hand it out."""
    picture = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
    if colour == "yuyv":
        return cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_YUY2)
    height, width = picture.shape[:2]
    i420 = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
    if colour == "i420":
        return i420
    frame = i420.copy()
    u, v = i420[height:].reshape(2, height // 2, width // 2)
    frame[height:, 0::2], frame[height:, 1::2] = (v, u) if colour == "nv21" else (u, v)
    return frame


@pytest.mark.parametrize("colour", CAMERA_COLOURS)
def test_every_camera_format_gives_the_faces_of_its_bgr_picture(hopper, colour):
    frame = as_camera(hopper, colour)
    picture = as_bgr(frame, colour)
    assert (
        np.abs(picture.astype(int) - hopper[: picture.shape[0], : picture.shape[1]]).mean() < 3
    )  # it is the photo
    (expected,) = FaceAligner().predict(picture)
    aligner = FaceAligner(colour=colour)
    (face,) = aligner.predict(frame)
    np.testing.assert_array_equal(face.landmarks, expected.landmarks)
    aligned = FaceAligner().align(picture, face.box, refine=True)
    np.testing.assert_array_equal(aligner.align(frame, face.box, refine=True).landmarks, aligned.landmarks)
    (tracked,) = FaceTracker(aligner).update(frame, timestamp_s=0.0)
    np.testing.assert_array_equal(tracked.measured.landmarks, expected.landmarks)
    assert aligner.quality(frame, face).sharpness == FaceAligner().quality(picture, face).sharpness
    np.testing.assert_array_equal(draw(frame, [face], colour=colour), draw(picture, [face]))
    assert len(aligner.predict([frame, frame])) == 2


@pytest.mark.parametrize(
    ("colour", "shape", "message"),
    [
        (
            "nv21",
            (721, 640),
            r"expected shape \(height \* 3 / 2, width\) for nv21, height rows of Y, then height / 2 of V",
        ),
        ("nv12", (9, 7), "with an even width and height, got"),
        ("i420", (480, 640, 3), r'got \(480, 640, 3\); is it BGR already\? FaceAligner\(colour="bgr"\)'),
        ("nv21", (460800,), r"one long row\? .reshape\(height \* 3 // 2, width\)"),
        ("yuyv", (480, 641, 2), "with an even width, got"),
        ("yuyv", (480, 1280), r"expected shape \(height, width, 2\) for yuyv"),
    ],
)
def test_camera_frames_of_another_size_are_refused(colour, shape, message):
    frame = np.zeros(shape, np.uint8)
    for refusing in (FaceAligner(colour=colour).predict, FaceTracker(FaceAligner(colour=colour)).update):
        with pytest.raises(InputError, match=message):
            refusing(frame)


@pytest.mark.parametrize(
    ("planes", "message"),
    [
        (((3, 4), (1, 2), (1, 2)), "plane y: expected an even width and height, got 4 x 3"),
        (((4, 4), (2, 3), (2, 2)), r"plane u: expected shape \(2, 2\) for a frame of 4 x 4, got \(2, 3\)"),
        (((4, 4), (2, 2), (4, 2)), r"plane v: expected shape \(2, 2\) for a frame of 4 x 4, got \(4, 2\)"),
        (
            ((4, 4, 1), (2, 2), (2, 2)),
            r"plane y: expected a numpy array \(rows, columns\) uint8, got \(4, 4, 1\) uint8",
        ),
    ],
)
def test_planes_of_another_size_are_refused(planes, message):
    with pytest.raises(InputError, match=message):
        join_planes(*(np.zeros(shape, np.uint8) for shape in planes))
