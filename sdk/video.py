"""Frames of a file or a camera; a camera's old frames are dropped rather than queued."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError

UInt8 = npt.NDArray[np.uint8]


class Capture(Protocol):
    """The part of cv2.VideoCapture that is used here; fakes need no more."""

    def read(self) -> tuple[bool, Any]: ...

    def release(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a video and when it was taken, in seconds."""

    image: UInt8
    timestamp_s: float


def read_video(path: str | Path) -> Iterator[Frame]:
    """Every frame of a video file, timestamps from its frame rate.

    Raises:
        InputError: the file is missing or no video.
    """
    capture, fps = open_file(path)
    try:
        index = 0
        while True:
            ok, image = capture.read()
            if not ok:
                return
            yield Frame(np.asarray(image, np.uint8), index / fps)
            index += 1
    finally:
        capture.release()


def open_file(path: str | Path) -> tuple[Capture, float]:
    """An opened video file and its frames per second (25 where it does not say)."""
    import cv2

    if not Path(path).is_file():
        raise InputError(f"video {path}: not found")
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise InputError(f"video {path}: expected a file that OpenCV can read, such as .mp4 or .avi")
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return capture, fps if fps > 0 else 25.0


def frame_count(capture: Any) -> int | None:
    """How many frames a file says it has; None where it does not say."""
    import cv2

    count = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    return int(count) if count > 0 else None


class Camera:
    """The latest frame of a camera: a thread reads on, frames that nobody took in time are dropped.

    >>> with Camera(0) as camera:
    ...     for frame in camera:
    ...         tracker.update(frame.image, timestamp_s=frame.timestamp_s)

    The iteration ends when the camera does. `dropped` counts frames that were never seen.

    Args:
        source: the camera's number.
        capture: something already opened, in place of `source`.
    Raises:
        InputError: there is no such camera.
    """

    def __init__(
        self,
        source: int = 0,
        *,
        capture: Capture | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._capture = capture or _open_camera(source)
        self._clock = clock
        self._changed = threading.Condition()
        self._latest: Frame | None = None
        self._running = True
        self.dropped = 0
        self._thread = threading.Thread(target=self._read, name="asmnet-camera", daemon=True)
        self._thread.start()

    def __enter__(self) -> Camera:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self._take()) is not None:
            yield frame

    def close(self) -> None:
        """Stop reading and release the camera; safe to call twice."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)

    def _take(self) -> Frame | None:
        with self._changed:
            while self._latest is None and self._running:
                self._changed.wait()
            frame, self._latest = self._latest, None
            return frame

    def _read(self) -> None:
        try:
            while self._running:
                ok, image = self._capture.read()
                if not ok:
                    return
                self._offer(Frame(np.asarray(image, np.uint8), self._clock()))
        finally:
            self._capture.release()
            with self._changed:
                self._running = False
                self._changed.notify_all()

    def _offer(self, frame: Frame) -> None:
        with self._changed:
            self.dropped += self._latest is not None
            self._latest = frame
            self._changed.notify_all()


def _open_camera(source: int) -> Capture:
    import cv2

    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        raise InputError(
            f"camera {source}: cannot be opened; is it connected, free, and is this user allowed to use it?"
        )
    return capture
