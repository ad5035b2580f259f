"""Colour orders: the same picture in any of them gives the same faces."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sdk import FaceAligner, InputError
from sdk.frames import COLOURS, to_bgr

CODES = {
    "rgb": cv2.COLOR_BGR2RGB,
    "bgra": cv2.COLOR_BGR2BGRA,
    "rgba": cv2.COLOR_BGR2RGBA,
    "grey": cv2.COLOR_BGR2GRAY,
}


def written(picture: np.ndarray, colour: str) -> np.ndarray:
    return picture if colour == "bgr" else cv2.cvtColor(picture, CODES[colour])


@pytest.mark.parametrize("colour", COLOURS)
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
    with pytest.raises(InputError, match="colour: expected one of bgr, rgb, bgra, rgba, grey, got 'yuv'"):
        FaceAligner(colour="yuv")  # type: ignore[arg-type]
