"""A marked video on disk: written beside its place, and looked at before it counts as written."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.drawing import draw
from sdk.errors import InputError
from sdk.inputs import opencv_name
from sdk.outputs import OutputError, cannot
from sdk.pace import Pace
from sdk.parts import Part
from sdk.photos import SUFFIXES
from sdk.pipes import is_stream
from sdk.tracker import TrackedFace
from sdk.video import Frame

UInt8 = npt.NDArray[np.uint8]
Timed = tuple[UInt8, float]
"""A picture and its time in seconds."""

MOTION_JPEG = frozenset({".avi"})


def marked(frame: Frame, tracked: Sequence[TrackedFace], *, errors: bool = False) -> UInt8:
    """The frame with its faces and their ids; `errors` as in `draw`."""
    return draw(frame.image, [t.face for t in tracked], ids=[t.id for t in tracked], errors=errors)


class VideoFile:
    """Writes annotated frames; the file is opened with the size of the first one.

    Video files have one frame rate: here what the source says, unless the first frames of a live source come at
    another one, or those of a file faster. A frame is shown until the next one's time.

    OpenCV's writer says nothing of a full disk, so that the file is read back at the end: it takes its place if
    it has all frames. The index of an .mp4 is written last; what a killed run leaves of an .avi or .mkv can be
    played, beside the place, with .part in its name.

    Args:
        fps: frames a second as the source says.
        live: the source is a live one, of which a slow device takes fewer.
        errors: circles of the landmarks' expected errors, as in `draw`.
    Raises:
        OutputError: it cannot be written, or not all of it can be read back.
    """

    def __init__(self, path: Path, fps: float, *, live: bool = False, errors: bool = False) -> None:
        self._path, self._errors = path, errors
        self._suffix = path.suffix if path.suffix or not is_stream(path) else ".mp4"
        self._pace = Pace(fps, live=live)
        self._part: Part | None = None
        self._writer: Any = None
        self._waiting: list[Timed] = []
        self._size = 0, 0
        self._written = 0

    def __enter__(self) -> VideoFile:
        if os.path.isdir(self._path):
            raise InputError(f"--out {self._path}: expected a file such as marked.mp4, got a folder")
        if self._suffix.lower() in SUFFIXES:
            raise InputError(f"--out {self._path}: expected a video such as marked.mp4, got the name of a photo")
        try:
            self._part = Part(self._path, suffix=self._suffix)
        except OSError as error:
            raise cannot(self._path, error) from error
        return self

    def __call__(self, index: int, frame: Frame, tracked: Sequence[TrackedFace]) -> bool:
        picture = marked(frame, tracked, errors=self._errors)
        if self._writer is None:
            self._open(picture)  # at once, so that a file that cannot be written is noticed
        self._waiting.append((picture, frame.timestamp_s))
        if len(self._waiting) >= self._pace.needed:
            self._write_waiting()
        return True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._part is not None
        if self._writer is None:
            self._part.discard()
            return
        failure = self._finish(error)
        kept = readable_frames(self._part.path, expected=self._written)
        if error is None and failure is None and kept == self._written:
            self._publish(self._part)
            return
        words = self._leave(self._part, kept)
        if error is not None:
            print(f"--out {self._path}: {words}", file=sys.stderr)
            return
        said = failure or f"--out {self._path}: only {kept} of {self._written} frames can be read back"
        raise OutputError(f"{said}; is the disk full? {words}", "incomplete")

    def _finish(self, error: BaseException | None) -> OutputError | None:
        """Write what waits, unless that is what failed, and close the file; what went wrong with it."""
        try:
            if not isinstance(error, OutputError):
                self._write_waiting()
        except OutputError as full:
            return full
        finally:
            self._writer.release()
        return None

    def _write_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and self._pace.settle([time_s for _, time_s in waiting]):
            self._writer.release()
            self._open(waiting[0][0])
        for picture, time_s in waiting:
            for shown in self._pace.shown(picture, time_s):
                self._write(shown)

    def _write(self, picture: UInt8) -> None:
        import cv2

        assert self._part is not None
        if (picture.shape[1], picture.shape[0]) != self._size:  # the writer would drop it without a word
            picture = np.asarray(cv2.resize(picture, self._size), np.uint8)
        self._writer.write(picture)
        self._written += 1
        if shutil.disk_usage(self._part.path.parent).free == 0:
            raise OutputError(f"--out {self._path}: the disk is full after {self._written} frames", "full")

    def _open(self, picture: UInt8) -> None:
        import cv2

        assert self._part is not None, "the file is open inside a with statement"
        code = "MJPG" if self._suffix.lower() in MOTION_JPEG else "mp4v"
        self._size = picture.shape[1], picture.shape[0]
        path, fourcc = opencv_name(self._part.path), cv2.VideoWriter.fourcc(*code)
        writer: Any = cv2.VideoWriter(path, fourcc, self._pace.fps, self._size)
        if not writer.isOpened():
            raise InputError(f"--out {self._path}: cannot be written; is the folder there, and the suffix .mp4?")
        self._writer = writer

    def _publish(self, part: Part) -> None:
        try:
            part.publish()
        except OSError as error:
            raise cannot(self._path, error) from error
        finally:
            part.discard()

    def _leave(self, part: Part, kept: int) -> str:
        if kept == 0:
            part.discard()
            return "nothing was kept"
        return f"{kept} frames are in {part.path}"


def readable_frames(path: Path, *, expected: int) -> int:
    """How many frames of a video can be read; they are counted where its index says other than expected."""
    import cv2

    capture = cv2.VideoCapture(opencv_name(path))
    try:
        if not capture.isOpened():
            return 0
        if capture.get(cv2.CAP_PROP_FRAME_COUNT) == expected:
            capture.set(cv2.CAP_PROP_POS_FRAMES, expected - 1)
            if capture.read()[0]:
                return expected
            capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
        count = 0
        while capture.grab():
            count += 1
        return count
    finally:
        capture.release()
