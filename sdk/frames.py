"""Frames at the door: what they must be, and their way to BGR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeGuard, get_args

import numpy as np
import numpy.typing as npt

from sdk.camera import CAMERA_COLOURS, camera_to_bgr, check_camera_shape
from sdk.errors import InputError

UInt8 = npt.NDArray[np.uint8]
Colour = Literal["bgr", "rgb", "bgra", "rgba", "grey", "nv21", "nv12", "i420", "yuyv"]
"""Order of a frame's channels. The fourth, alpha, is ignored; grey frames are (h, w) or (h, w, 1). The last four
are a camera's: (h * 3 / 2, w), but (h, w, 2) for yuyv."""

COLOURS: tuple[Colour, ...] = get_args(Colour)

_CHANNELS = {"bgr": 3, "rgb": 3, "bgra": 4, "rgba": 4, "grey": 1}
_HINTS = {
    1: '; a grey image? FaceAligner(colour="grey")',
    3: '; a colour image? FaceAligner(colour="bgr")',
    4: '; with an alpha channel? FaceAligner(colour="bgra")',
}


def check_colour(colour: Colour) -> Colour:
    """The colour order, or an error that lists them."""
    if not isinstance(colour, str) or colour not in COLOURS:
        raise InputError(f"colour: expected one of {', '.join(COLOURS)}, got {colour!r}")
    return colour


def is_batch(frames: object) -> TypeGuard[Sequence[UInt8]]:
    """Whether this is several frames: a list, a tuple or a stack (n, h, w, channels)."""
    return isinstance(frames, list | tuple) or (isinstance(frames, np.ndarray) and frames.ndim == 4)


def check_frame(frame: object, colour: Colour = "bgr", *, name: str = "frame") -> UInt8:
    """The frame, or an InputError that names it unless it is uint8, has pixels and the channels of `colour`."""
    if frame is None:
        raise InputError(f"{name}: expected an image, got None; did cv2.imread not find the file?")
    if not isinstance(frame, np.ndarray):
        raise InputError(f"{name}: expected a numpy array {_shape(colour)} uint8, got {type(frame).__name__}")
    if colour in CAMERA_COLOURS:
        check_camera_shape(frame, colour, name=name)
    else:
        _check_channels(frame, colour, name)
    if frame.dtype != np.uint8:
        hint = "; values in 0..1? (frame * 255).astype(np.uint8)" if frame.dtype.kind == "f" else ""
        raise InputError(f"{name}: expected uint8, got {frame.dtype}{hint}")
    if frame.size == 0:
        raise InputError(f"{name}: expected at least one pixel, got shape {frame.shape}")
    return frame


def _shape(colour: Colour) -> str:
    if colour in CAMERA_COLOURS:
        return "(height, width, 2)" if colour == "yuyv" else "(height * 3 / 2, width)"
    return "(h, w)" if colour == "grey" else f"(h, w, {_CHANNELS[colour]})"


def _check_channels(frame: npt.NDArray[Any], colour: Colour, name: str) -> None:
    channels = {2: 1, 3: frame.shape[-1]}.get(frame.ndim, 0) if frame.ndim else 0
    if channels != _CHANNELS[colour]:
        raise InputError(f"{name}: expected shape {_shape(colour)}, got {frame.shape}{_HINTS.get(channels, '')}")


def as_bgr(frame: UInt8, colour: Colour) -> UInt8:
    """A frame of any colour order as (h, w, 3) BGR, which detectors and OpenCV take; itself if it is BGR.

    Raises:
        InputError: the colour is none, or the frame is not of it.
    """
    return to_bgr(check_frame(frame, check_colour(colour)), colour)


def to_bgr(frame: UInt8, colour: Colour) -> UInt8:
    """A checked frame as (h, w, 3) BGR; the frame itself if it is BGR."""
    if colour == "bgr":
        return frame
    if colour in CAMERA_COLOURS:
        return camera_to_bgr(frame, colour)
    import cv2

    codes = {
        "rgb": cv2.COLOR_RGB2BGR,
        "bgra": cv2.COLOR_BGRA2BGR,
        "rgba": cv2.COLOR_RGBA2BGR,
        "grey": cv2.COLOR_GRAY2BGR,
    }
    converted: Any = cv2.cvtColor(np.ascontiguousarray(frame), codes[colour])
    return np.asarray(converted, np.uint8)


def bgr_to_rgb(pixels: UInt8) -> UInt8:
    """The same pixels (h, w, 3) in the order that networks take; much quicker than a copy of `[..., ::-1]`."""
    import cv2

    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def mirror_image(pixels: UInt8) -> UInt8:
    """The same pixels (h, w, 3), left and right changed; much quicker than a copy of `[:, ::-1]`."""
    import cv2

    return np.asarray(cv2.flip(pixels, 1), np.uint8)
