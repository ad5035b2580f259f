"""What OpenCV opens as a video: files, cameras, addresses; and what is said where it cannot."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any, Protocol

from sdk.errors import InputError
from sdk.inputs import opencv_name


class Capture(Protocol):
    """The part of cv2.VideoCapture that is used here; fakes need no more."""

    def read(self) -> tuple[bool, Any]: ...

    def release(self) -> None: ...


def open_file(path: str | Path) -> tuple[Capture, float]:
    """An opened video file and its frames per second (25 where it does not say).

    Raises:
        InputError: the file is missing or no video.
    """
    name = str(path)
    if "%" not in name:  # img_%03d.png names a series of pictures
        _check_file(Path(name))
    capture = open_capture(name)
    if capture is None:
        raise InputError(f"video {path}: expected a file that OpenCV can read, such as .mp4 or .avi")
    return capture, frame_rate(capture) or 25.0


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise InputError(f"video {path}: expected a file, got a folder; for photos use asmnet predict")
        if path.exists():
            if not os.access(path, os.R_OK):
                raise InputError(f"video {path}: cannot be read; is this user allowed to read it?")
            return
    except OSError as error:
        raise InputError(f"video {path}: cannot be read ({error.strerror or error})") from error
    raise InputError(f"video {path}: not found")


def open_capture(source: int | str) -> Any | None:
    """What OpenCV opens under this name or number; None where it cannot."""
    import cv2

    capture = cv2.VideoCapture(source if isinstance(source, int) else opencv_name(source))
    return capture if capture.isOpened() else None


def frame_rate(capture: Any) -> float | None:
    """Frames per second as the source says; None where it does not say."""
    import cv2

    get = getattr(capture, "get", None)
    fps = 0.0 if get is None else float(get(cv2.CAP_PROP_FPS))
    return fps if math.isfinite(fps) and fps > 0 else None


def frame_count(capture: Any) -> int | None:
    """How many frames a source says it has; None where it does not say, as a live one."""
    import cv2

    count = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    return int(count) if math.isfinite(count) and count > 0 else None


def open_live(source: int | str) -> Any:
    """An opened camera or address.

    Raises:
        InputError: it cannot be opened.
    """
    if isinstance(source, bool) or not isinstance(source, int | str):
        raise InputError(f"camera: expected a number, a device or an address, got {type(source).__name__}")
    capture = open_capture(_device_number(source))
    if capture is not None:
        return capture
    if is_address(source):
        raise InputError(
            f"{without_password(str(source))}: cannot be opened; does it answer from here, and are address, user "
            "and password right?"
        )
    raise InputError(
        f"camera {source}: cannot be opened; is it connected, free, and is this user allowed to use it?"
    )


def _device_number(source: int | str) -> int | str:
    """The number of a device such as `/dev/video0` or a link to it: OpenCV asks FFmpeg first where it gets a path,
    and the system's cameras where it gets a number."""
    found = re.fullmatch(r"/dev/video(\d+)", os.path.realpath(source)) if isinstance(source, str) else None
    return source if found is None else int(found[1])


def is_address(source: int | str) -> bool:
    """Whether this is an address such as `rtsp://camera/stream`."""
    return isinstance(source, str) and "://" in source


def without_password(address: str) -> str:
    """An address to show: `rtsp://user:secret@host` without user and password."""
    return re.sub(r"(?<=://)[^/@]*@", "", address)
