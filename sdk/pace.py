"""The frame rate of a video that is written, and when each picture is due in it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]

MEASURED = 6
"""Frames that the rate is measured on; their pictures are kept so long."""

ALIKE = 0.75
"""A camera comes at its nominal rate if the rate measured is at least this share of it, or the other way round."""

NEARLY = 0.9
"""The same for a file whose frames come faster than it says; its times are rounded, to milliseconds at worst."""

FASTEST = 120.0
"""A file that says more frames a second means the resolution of its clock."""

LATE_S = 0.2
"""Pictures that come faster than the file shows them are dropped when it lags by more."""

LONGEST_S = 60.0
"""No picture is shown for longer: a jump of the source's clock is no reason to fill the disk."""


class Pace:
    """Puts pictures with times of their own into a video of one frame rate.

    Args:
        fps: frames a second as the source says.
        live: the source is a live one, of which a slow device takes fewer.
    Attributes:
        fps: frames a second of the video.
        needed: how many pictures must be waiting before the next are written.
    """

    def __init__(self, fps: float, *, live: bool) -> None:
        self.fps = fps
        self.needed = MEASURED
        self._live = live
        self._start_s: float | None = None
        self._written = 0
        self._last: UInt8 | None = None

    def settle(self, times_s: Sequence[float]) -> bool:
        """Choose the rate by the first frames' times; whether it is another one than before."""
        if self.needed == 1:
            return False
        self.needed = 1
        steps = [later - earlier for earlier, later in pairwise(times_s) if later > earlier]
        if not steps:
            return False
        measured = 1.0 / statistics.median(steps)
        if not self._is_other(measured):
            return False
        self.fps = min(max(0.01, round(measured, 2)), FASTEST)  # MPEG-4 takes no finer steps
        return True

    def _is_other(self, measured: float) -> bool:
        """Whether a measured rate is another one than the source says. A file of variable rate says its mean, at
        which its pictures in motion would not all be shown: there the faster one counts."""
        if not self._live and self.fps <= FASTEST:
            return measured > self.fps / NEARLY
        return not ALIKE <= measured / self.fps <= 1.0 / ALIKE

    def shown(self, picture: UInt8, time_s: float) -> Iterator[UInt8]:
        """What to write now that a picture of this time is there: the last one until then, and the new one."""
        if self._start_s is None:
            self._start_s = time_s
        due = round((time_s - self._start_s) * self.fps)
        if due - self._written > LONGEST_S * self.fps:
            due = self._written
            self._start_s = time_s - due / self.fps
        if self._last is not None:
            yield from [self._last] * (due - self._written)
        self._written = max(self._written, due)
        self._last = picture
        if self._written - due < LATE_S * self.fps or self._written == due:
            self._written += 1
            yield picture
