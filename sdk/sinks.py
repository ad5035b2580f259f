"""Where the faces of a video go: JSON Lines, CSV, an annotated file, a window."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from sdk.drawing import draw
from sdk.errors import InputError
from sdk.jsonable import frame_to_dict
from sdk.pace import Pace
from sdk.schemes import IBUG68
from sdk.tracker import TrackedFace
from sdk.video import Frame

UInt8 = npt.NDArray[np.uint8]
Timed = tuple[UInt8, float]
"""A picture and its time in seconds."""

Sink = Callable[[int, Frame, Sequence[TrackedFace]], bool]
"""Takes the faces of a frame; False asks to stop."""

COLUMNS = (
    *("frame", "timestamp_s", "id", "score", "plausibility", "confidence", "left", "top", "right", "bottom"),
    *("yaw_deg", "pitch_deg", "roll_deg"),
    *(f"{axis}{i}" for i in range(IBUG68.n_points) for axis in "xy"),
)
"""Of the CSV; pixels and degrees as everywhere."""

_KEYS_TO_STOP = frozenset({ord("q"), 27})


def json_lines(file: TextIO) -> Sink:
    """One JSON object a frame."""

    def sink(index: int, frame: Frame, tracked: Sequence[TrackedFace]) -> bool:
        print(json.dumps(frame_to_dict(index, frame, tracked)), file=file)
        return True

    return sink


def csv_rows(file: TextIO) -> Sink:
    """One row per face and frame, below a row of COLUMNS."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)

    def sink(index: int, frame: Frame, tracked: Sequence[TrackedFace]) -> bool:
        table = frame_to_dict(index, frame, tracked)
        for face in table["faces"]:
            start = [
                index,
                table["timestamp_s"],
                face["id"],
                face["score"],
                face["plausibility"],
                face["confidence"],
            ]
            points = [v for point in face["landmarks"] for v in point]
            writer.writerow([*start, *face["box"], *face["pose"].values(), *points])
        return True

    return sink


def marked(frame: Frame, tracked: Sequence[TrackedFace]) -> UInt8:
    """The frame with its faces and their ids."""
    return draw(frame.image, [t.face for t in tracked], ids=[t.id for t in tracked])


class VideoFile:
    """Writes annotated frames; the file is opened with the size of the first one.

    Video files have one frame rate: here what the source says, unless the first frames of a live source come at
    another one, or those of a file faster. A frame is shown until the next one's time.

    Args:
        fps: frames a second as the source says.
        live: the source is a live one, of which a slow device takes fewer.
    """

    def __init__(self, path: Path, fps: float, *, live: bool = False) -> None:
        self._path = path
        self._pace = Pace(fps, live=live)
        self._writer: Any = None
        self._waiting: list[Timed] = []

    def __enter__(self) -> VideoFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._write_waiting()
            self._writer.release()

    def __call__(self, index: int, frame: Frame, tracked: Sequence[TrackedFace]) -> bool:
        picture = marked(frame, tracked)
        if self._writer is None:
            self._open(picture)  # at once, so that a file that cannot be written is noticed
        self._waiting.append((picture, frame.timestamp_s))
        if len(self._waiting) >= self._pace.needed:
            self._write_waiting()
        return True

    def _write_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and self._pace.settle([time_s for _, time_s in waiting]):
            self._writer.release()
            self._open(waiting[0][0])
        for picture, time_s in waiting:
            for shown in self._pace.shown(picture, time_s):
                self._writer.write(shown)

    def _open(self, picture: UInt8) -> None:
        import cv2

        if self._path.is_dir():
            raise InputError(f"--out {self._path}: expected a file such as marked.mp4, got a folder")
        code = "MJPG" if self._path.suffix.lower() == ".avi" else "mp4v"
        size = picture.shape[1], picture.shape[0]
        writer: Any = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*code), self._pace.fps, size)
        if not writer.isOpened():
            raise InputError(f"--out {self._path}: cannot be written; is the folder there, and the suffix .mp4?")
        self._writer = writer


class Window:
    """Shows annotated frames; q or Esc asks to stop.

    Raises:
        InputError: there is no display, or this OpenCV was built without windows.
    """

    def __init__(self, title: str, *, environ: Mapping[str, str] = os.environ) -> None:
        if sys.platform.startswith("linux") and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
            raise InputError(
                "--show: there is no display here (DISPLAY is not set); write --out marked.mp4 instead"
            )
        self._title = title

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        import cv2

        with suppress(cv2.error):  # a build without windows has none to close
            cv2.destroyWindow(self._title)

    def __call__(self, index: int, frame: Frame, tracked: Sequence[TrackedFace]) -> bool:
        import cv2

        try:
            cv2.imshow(self._title, marked(frame, tracked))
            return (cv2.waitKey(1) & 0xFF) not in _KEYS_TO_STOP
        except cv2.error as error:
            raise InputError(
                "--show: this OpenCV has no windows; in its place install opencv-python, or write --out marked.mp4"
            ) from error
