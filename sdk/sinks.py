"""Where the faces of a video go: JSON Lines, CSV, an annotated file, a window."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from sdk.errors import InputError
from sdk.jsonable import frame_to_dict
from sdk.schemes import IBUG68
from sdk.tracker import TrackedFace
from sdk.video import Frame
from sdk.video_file import marked

Sink = Callable[[int, Frame, Sequence[TrackedFace]], bool]
"""Takes the faces of a frame; False asks to stop."""

COLUMNS = (
    *("frame", "timestamp_s", "id", "score", "plausibility", "confidence", "left", "top", "right", "bottom"),
    *("yaw_deg", "pitch_deg", "roll_deg"),
    *(f"{axis}{i}" for i in range(IBUG68.n_points) for axis in "xy"),
    *(f"error{i}" for i in range(IBUG68.n_points)),
)
"""Of the CSV; pixels, degrees and outer-eye distances as everywhere. Nothing stands where the model gives none."""


class Writable(Protocol):
    """Where text goes: an open text file, or `sdk.rows.Rows`."""

    def write(self, text: str, /) -> object: ...


_KEYS_TO_STOP = frozenset({ord("q"), 27})


def json_lines(file: Writable) -> Sink:
    """One JSON object a frame."""

    def sink(index: int, frame: Frame, tracked: Sequence[TrackedFace]) -> bool:
        file.write(json.dumps(frame_to_dict(index, frame, tracked)) + "\n")  # a record in one piece
        return True

    return sink


def csv_rows(file: Writable) -> Sink:
    """One row per face and frame, below a row of COLUMNS."""
    writer = csv.writer(file)

    def sink(index: int, frame: Frame, tracked: Sequence[TrackedFace]) -> bool:
        if index == 0:
            writer.writerow(COLUMNS)
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
            errors = face["point_errors"] or [None] * len(face["landmarks"])
            writer.writerow([*start, *face["box"], *face["pose"].values(), *points, *errors])
        return True

    return sink


class Window:
    """Shows annotated frames, with circles of expected `errors` if asked for; q or Esc asks to stop.

    Raises:
        InputError: there is no display, or this OpenCV was built without windows.
    """

    def __init__(self, title: str, *, errors: bool = False, environ: Mapping[str, str] = os.environ) -> None:
        if sys.platform.startswith("linux") and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
            raise InputError(
                "--show: there is no display here (DISPLAY is not set); write --out marked.mp4 instead"
            )
        self._title, self._errors = title, errors

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        import cv2

        with suppress(cv2.error):  # a build without windows has none to close
            cv2.destroyWindow(self._title)

    def __call__(self, index: int, frame: Frame, tracked: Sequence[TrackedFace]) -> bool:
        import cv2

        try:
            cv2.imshow(self._title, marked(frame, tracked, errors=self._errors))
            return (cv2.waitKey(1) & 0xFF) not in _KEYS_TO_STOP
        except cv2.error as error:
            raise InputError(
                "--show: this OpenCV has no windows; in its place install opencv-python, or write --out marked.mp4"
            ) from error
