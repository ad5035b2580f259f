"""What a detector answers, checked: garbage costs its own face, never the others, minutes or the frame."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.cells import suppress
from sdk.checks import as_number
from sdk.detector import Detector
from sdk.errors import InputError
from sdk.results import Detection

UInt8 = npt.NDArray[np.uint8]

MOST = 256
"""Detections of a frame that are looked at, the best; each takes two looks."""

MOST_COMPARED = 4096
"""Detections that are compared where there are more than MOST, the best."""

SAME = 0.5
"""Where there are more than MOST, those that overlap a better one (IoU) by more are dropped first."""


class CheckedDetector:
    """A detector of any make, whose detections can be used.

    It gets a copy of the frame, which it may draw on, unless its attribute `reads_only` is true. Detections that
    no face can be found by are dropped, and the logger `sdk` says so once.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._reads_only = bool(getattr(detector, "reads_only", False))
        self._told = False

    def __call__(self, frame: UInt8, /) -> list[Detection]:
        """Detections with a finite score, at most MOST.

        Raises:
            InputError: the detector returned something else than a sequence of Detection.
        """
        answer = as_detections(self._detector(frame if self._reads_only else frame.copy()))
        found = [one for one in answer if math.isfinite(as_number(one.score))]
        if len(found) < len(answer):
            self.tell(f"{len(answer) - len(found)} of {len(answer)} detections have a score that is no number")
        if len(found) > MOST:
            self.tell(f"there are {len(found)} detections in one frame; the best {MOST} places are looked at")
            found = best_places(found)
        return found

    def tell(self, what: str) -> None:
        """Log what is wrong with the detector, the first time."""
        if not self._told:
            self._told = True
            name = getattr(self._detector, "__name__", type(self._detector).__name__)
            logging.getLogger("sdk").warning("detector %s: %s; said once", name, what)


def as_detections(answer: object) -> list[Detection]:
    """What a detector returned, or an InputError that says what it should have been."""
    found: list[Any] = list(answer) if isinstance(answer, Iterable) else [answer]
    for one in found:
        if not isinstance(one, Detection):
            raise InputError(
                "detector: expected a sequence of Detection(BBox(left, top, right, bottom), score), empty "
                f"where there is no face, got {one!r}"
            )
    return found


def best_places(found: Sequence[Detection]) -> list[Detection]:
    """At most MOST of many detections, the best first, one of those that overlap."""
    ordered = sorted(found, key=lambda one: -one.score)[:MOST_COMPARED]
    edges = np.array([(one.box.left, one.box.top, one.box.right, one.box.bottom) for one in ordered])
    with np.errstate(over="ignore", invalid="ignore"):
        kept = suppress(np.clip(edges, -1e9, 1e9), max_overlap=SAME)
    return [ordered[i] for i in kept[:MOST]]
