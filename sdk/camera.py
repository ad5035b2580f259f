"""A camera's formats, brightness Y and colour U, V apart: what arrays they are, and how they become BGR.

BT.601 in limited range, in integers: docs/conventions.md has the formula, which OpenCV and bindings/c share.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError

UInt8 = npt.NDArray[np.uint8]
CameraColour = Literal["nv21", "nv12", "i420", "yuyv"]

CAMERA_COLOURS: tuple[CameraColour, ...] = get_args(CameraColour)

_ROWS = {"nv21": "height / 2 of V and U in turn", "nv12": "height / 2 of U and V in turn", "i420": "U, then V"}


def check_camera_shape(frame: npt.NDArray[Any], colour: str, *, name: str) -> None:
    """An InputError that names the frame unless its shape is that of the format."""
    shape = frame.shape[:-1] if frame.ndim == 3 and frame.shape[-1] == 1 else frame.shape
    if colour == "yuyv":
        if len(shape) != 3 or shape[2] != 2 or shape[1] % 2:
            raise InputError(
                f"{name}: expected shape (height, width, 2) for yuyv, Y and U or V of each pixel, with an even "
                f"width, got {frame.shape}"
            )
    elif len(shape) != 2 or shape[0] % 3 or shape[1] % 2:
        raise InputError(
            f"{name}: expected shape (height * 3 / 2, width) for {colour}, height rows of Y, then "
            f"{_ROWS[colour]}, with an even width and height, got {frame.shape}{_hint(shape)}"
        )


def camera_to_bgr(frame: UInt8, colour: str) -> UInt8:
    """A checked frame as (h, w, 3) BGR."""
    import cv2

    codes = {
        "nv21": cv2.COLOR_YUV2BGR_NV21,
        "nv12": cv2.COLOR_YUV2BGR_NV12,
        "i420": cv2.COLOR_YUV2BGR_I420,
        "yuyv": cv2.COLOR_YUV2BGR_YUY2,
    }
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(frame), codes[colour]), np.uint8)


def join_planes(y: UInt8, u: UInt8, v: UInt8) -> UInt8:
    """The frame (h * 3 / 2, w) for `FaceAligner(colour="i420")` of three planes with any strides.

    >>> frame = join_planes(luma[:, :640], chroma[:, 0:640:2], chroma[:, 1:640:2])  # rows of NV12 with padding

    Args:
        y: (h, w) uint8, h and w even.
        u, v: (h / 2, w / 2) uint8.
    Raises:
        InputError: a plane has another type or shape.
    """
    _check_plane("y", y)
    height, width = y.shape
    if height % 2 or width % 2:
        raise InputError(f"plane y: expected an even width and height, got {width} x {height}")
    joined = np.empty((height * 3 // 2, width), np.uint8)
    joined[:height] = y
    halves = joined[height:].reshape(2, height // 2, width // 2)
    for name, plane, half in zip("uv", (u, v), halves, strict=True):
        _check_plane(name, plane)
        if plane.shape != half.shape:
            raise InputError(
                f"plane {name}: expected shape {half.shape} for a frame of {width} x {height}, got {plane.shape}"
            )
        half[:] = plane
    return joined


def _check_plane(name: str, plane: object) -> None:
    if not isinstance(plane, np.ndarray) or plane.ndim != 2 or plane.dtype != np.uint8 or plane.size == 0:
        got = f"{plane.shape} {plane.dtype}" if isinstance(plane, np.ndarray) else type(plane).__name__
        raise InputError(f"plane {name}: expected a numpy array (rows, columns) uint8, got {got}")


def _hint(shape: tuple[int, ...]) -> str:
    if len(shape) == 3 and shape[2] == 3:
        return '; is it BGR already? FaceAligner(colour="bgr")'
    if len(shape) == 1:
        return "; one long row? .reshape(height * 3 // 2, width)"
    return ""
