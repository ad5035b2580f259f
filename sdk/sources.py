"""What a command line names as a video: a file, a camera's number or device, or an address."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sdk.captures import frame_count, frame_rate, is_address, open_file, open_live
from sdk.video import Camera, Frame, frames_of

FILE_FPS, LIVE_FPS = 25.0, 30.0
"""Taken for a file and for a live source that do not say."""


@dataclass(frozen=True, slots=True)
class Source:
    """An opened video.

    Attributes:
        frames: every frame of a file in turn; the latest one of a live source each time.
        fps: frames a second as the source says.
        total: how many frames there are; None where that is not known, as of a live source.
        live: frames that nobody took in time are dropped.
    """

    frames: Iterator[Frame]
    fps: float
    total: int | None
    live: bool


@contextmanager
def open_source(name: str) -> Iterator[Source]:
    """The video that a command line names, opened once and closed at the end.

    Args:
        name: a file, a camera's number, a device such as `/dev/video0`, or an address (`rtsp://`, `http://`). An
            address that says how many frames it has is read like a file; any other is live.
    Raises:
        InputError: there is nothing under this name, or OpenCV cannot read it.
    """
    live = name.isdecimal() or is_address(name) or _is_device(Path(name))
    capture = open_live(int(name) if name.isdecimal() else name) if live else open_file(name)[0]
    total = None if name.isdecimal() else frame_count(capture)
    if live and total is None:
        with Camera(capture=capture) as camera:
            yield Source(iter(camera), frame_rate(capture) or LIVE_FPS, None, live=True)
        return
    try:
        fps = frame_rate(capture) or FILE_FPS
        yield Source(frames_of(capture, fps), fps, total, live=False)
    finally:
        capture.release()


def _is_device(path: Path) -> bool:
    try:
        return stat.S_ISCHR(path.stat().st_mode)
    except OSError:
        return False
