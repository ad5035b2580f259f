"""Frames of a file or of a live source; old frames of a live source are dropped rather than queued."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from sdk.captures import Capture, open_file, open_live
from sdk.errors import InputError
from sdk.forks import in_children, keep_for_ever

UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a video and when it was taken, in seconds."""

    image: UInt8
    timestamp_s: float


MIN_STEP_S = 1e-4
"""A file's time rises from frame to frame by at least this, or it is not believed; a camera's always does."""


def read_video(path: str | Path) -> Iterator[Frame]:
    """Every frame of a video file, with the file's own timestamps; the first is at 0.

    Where these do not rise, as in a file that has none, a frame follows the last one at the file's frame rate.

    Raises:
        InputError: the file is missing or no video.
    """
    capture, fps = open_file(path)
    yield from frames_of(capture, fps)


def frames_of(capture: Capture, fps: float) -> Iterator[Frame]:
    """Every frame of an opened file, as `read_video` gives them; the file is closed at the end."""
    clock = FileClock(fps)
    try:
        while True:
            ok, image = capture.read()
            if not ok:
                return
            yield Frame(np.asarray(image, np.uint8), clock(_position_s(capture)))
    finally:
        capture.release()


class FileClock:
    """Seconds since the first frame: what the file says where that rises, else one step of its frame rate."""

    def __init__(self, fps: float) -> None:
        self._step = 1.0 / fps
        self._first: float | None = None
        self._last = 0.0

    def __call__(self, position_s: float) -> float:
        """The time of the next frame, which the file puts at `position_s`; NaN where it does not say."""
        if self._first is None:
            self._first = position_s if math.isfinite(position_s) else 0.0
            return self._last
        own = position_s - self._first
        rises = math.isfinite(own) and own >= self._last + MIN_STEP_S
        self._last = own if rises else self._last + self._step
        return self._last


def _position_s(capture: Capture) -> float:
    """When the frame just read is shown, in seconds; NaN from a capture that cannot be asked."""
    import cv2

    get = getattr(capture, "get", None)
    return math.nan if get is None else float(get(cv2.CAP_PROP_POS_MSEC)) / 1000.0


class Camera:
    """The latest frame of a live source: a thread reads on, frames that nobody took in time are dropped.

    >>> with Camera(0) as camera:
    ...     for frame in camera:
    ...         tracker.update(frame.image, timestamp_s=frame.timestamp_s)

    The iteration ends when the camera does, with an InputError where reading failed. So it is in a forked process,
    where no thread reads; the parent goes on. `dropped` counts frames that were never seen.

    Args:
        source: a camera's number, its device such as `/dev/video0`, or an address (`rtsp://`, `http://`).
        capture: something already opened, in place of `source`.
        clock: tells the seconds at which a frame came.
    Raises:
        InputError: there is no such source.
    """

    def __init__(
        self,
        source: int | str = 0,
        *,
        capture: Capture | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._capture = open_live(source) if capture is None else capture
        self._clock = clock
        self._changed = threading.Condition()
        self._latest: Frame | None = None
        self._running = True
        self._failure: Exception | None = None
        self.dropped = 0
        self._thread = threading.Thread(target=self._read, name="asmnet-camera", daemon=True)
        in_children(self, _leave_to_parent)
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
        if frame is None and self._failure is not None:
            raise InputError(f"camera: reading it failed ({self._failure})") from self._failure
        return frame

    def _read(self) -> None:
        last = -math.inf
        try:
            while self._running:
                ok, image = self._capture.read()
                if not ok:
                    return
                last = max(self._clock(), last + MIN_STEP_S)  # some systems' clocks tick every 16 ms
                self._offer(Frame(np.asarray(image, np.uint8), last))
        except Exception as error:  # what drivers raise is told where the frames are taken
            self._failure = error
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


def _leave_to_parent(camera: Camera) -> None:
    """In a forked process nothing reads it: say so, and do not release the camera: that would stop it."""
    keep_for_ever(camera._capture)
    camera._changed = threading.Condition()
    camera._latest, camera._running = None, False
    camera._failure = RuntimeError(
        "it was opened before this process was forked; open it in the process that reads it"
    )
