"""The Python SDK replays the golden contract of camera formats."""

from __future__ import annotations

import numpy as np
import pytest

from sdk import as_bgr, join_planes
from sdk.camera import CAMERA_COLOURS
from tests.golden import formats

PICTURE = formats.read()


def written(colour: str, y: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A frame of the format, with bytes between its rows that belong to nothing."""
    height, width = y.shape
    if colour == "i420":
        return join_planes(y, u, v)
    if colour == "yuyv":
        padded = np.full((height, width + 3, 2), 77, np.uint8)
        frame = padded[:, :width]
        frame[..., 0] = y
        frame[:, 0::2, 1], frame[:, 1::2, 1] = np.repeat(u, 2, axis=0), np.repeat(v, 2, axis=0)
        return frame
    frame = np.full((height * 3 // 2, width + 3), 77, np.uint8)[:, :width]
    first, second = (v, u) if colour == "nv21" else (u, v)
    frame[:height], frame[height:, 0::2], frame[height:, 1::2] = y, first, second
    return frame


def test_the_file_is_what_the_definition_gives():
    assert formats.FILE.read_text(encoding="ascii") == formats.made(), "python -m tests.golden.make"


@pytest.mark.parametrize("colour", CAMERA_COLOURS)
def test_replay(colour):
    frame = written(colour, PICTURE.y, PICTURE.u, PICTURE.v)
    np.testing.assert_array_equal(as_bgr(frame, colour)[..., ::-1], PICTURE.rgb)


def test_planes_may_have_any_strides():
    height, width = PICTURE.y.shape
    y = np.zeros((height, 2 * width + 5), np.uint8)[:, : 2 * width : 2]
    chroma = np.zeros((height // 2, 3 * width), np.uint8)
    u, v = chroma[:, 0 : 3 * width // 2 : 3], chroma[:, 2 : 3 * width // 2 : 3]
    y[:], u[:], v[:] = PICTURE.y, PICTURE.u, PICTURE.v
    np.testing.assert_array_equal(as_bgr(join_planes(y, u, v), "i420")[..., ::-1], PICTURE.rgb)


@pytest.mark.parametrize("colour", CAMERA_COLOURS)
def test_opencv_converts_by_the_definition_everywhere(colour):
    """All brightnesses with 52 x 52 colours, and pictures of widths that vector code does not divide."""
    grid = np.arange(0, 256, 5, dtype=np.uint8)
    y = np.tile(np.arange(256, dtype=np.uint8), (2 * grid.size, grid.size))
    u = np.repeat(np.tile(grid, (grid.size, 1)), 128, axis=1)
    v = np.repeat(grid, 128 * grid.size).reshape(grid.size, -1)
    for width in (y.shape[1], 2, 6, 30, 62):
        planes = y[:, :width], u[:, : width // 2], v[:, : width // 2]
        got = as_bgr(written(colour, *planes), colour)
        expected = formats.converted(planes[0], formats.doubled(planes[1]), formats.doubled(planes[2]))
        np.testing.assert_array_equal(got[..., ::-1], expected)
