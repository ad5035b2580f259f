"""Contact sheets of a detector's failures: faces it missed, and what it took for faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.detection import Verdict
from sdk.drawing import write_line

UInt8 = npt.NDArray[np.uint8]

MISSED, FOUND, LISTED, UNCHECKED = (0, 0, 255), (0, 220, 0), (255, 160, 0), (160, 160, 160)
"""Colours, BGR: a missed face, a hit, an annotated face, a listed face that nobody checked."""


def failures(seen: Sequence[Verdict]) -> Iterator[UInt8]:
    """The surroundings of every missed face and of every hit on no listed face, hits with their scores."""
    for verdict in seen:
        missed = verdict.truth[verdict.photo.checked & ~verdict.hits]
        false = [found for found, wrong in zip(verdict.found, verdict.false, strict=True) if wrong]
        places = [*missed.tolist(), *[[f.box.left, f.box.top, f.box.right, f.box.bottom] for f in false]]
        for number, place in enumerate(places):
            picture = verdict.frame.copy()
            for box, checked in zip(verdict.truth.tolist(), verdict.photo.checked, strict=True):
                _box(picture, box, LISTED if checked else UNCHECKED)
            for found in verdict.found:
                b = found.box
                _box(picture, [b.left, b.top, b.right, b.bottom], FOUND)
            _box(picture, place, MISSED)
            text = "missed" if number < len(missed) else f"{false[number - len(missed)].score:.2f}"
            tile = _around(picture, place)
            write_line(tile, text, (4, 14), 0.45)
            yield tile


def _box(picture: UInt8, box: Sequence[float], colour: tuple[int, int, int]) -> None:
    import cv2

    left, top, right, bottom = (round(v) for v in box)
    cv2.rectangle(picture, (left, top), (right, bottom), colour, 1)


def _around(picture: UInt8, box: Sequence[float], *, size: int = 192) -> UInt8:
    """A square of at least three times the box's side."""
    import cv2

    side = max(96.0, 3.0 * max(box[2] - box[0], box[3] - box[1]))
    corner = np.array([(box[0] + box[2] - side) / 2, (box[1] + box[3] - side) / 2])
    scale = size / side
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    return np.asarray(cv2.warpAffine(picture, matrix, (size, size)), np.uint8)
