"""A progress bar for people: on a terminal's error stream, nowhere else."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 30
SECONDS_BETWEEN = 0.1


class ProgressBar:
    """Draws `[#####-----] 12/50 photos` over itself; without a total it counts.

    >>> with ProgressBar("photos", total=50) as bar:
    ...     for photo in photos:
    ...         bar.step()
    """

    def __init__(self, what: str, *, total: int | None = None, stream: TextIO | None = None) -> None:
        self._what, self._total = what, total
        self._stream = sys.stderr if stream is None else stream
        self._shown = self._stream.isatty()
        self._done, self._last_s = 0, float("-inf")

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown and self._done:
            self._draw()
            print(file=self._stream)

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        now = time.monotonic()
        if self._shown and now - self._last_s >= SECONDS_BETWEEN:
            self._last_s = now
            self._draw()

    def _draw(self) -> None:
        bar, of = "", ""
        if self._total:
            filled = min(WIDTH, WIDTH * self._done // self._total)
            bar, of = f"[{'#' * filled}{'-' * (WIDTH - filled)}] ", f"/{self._total}"
        print(f"\r{bar}{self._done}{of} {self._what}", end="", file=self._stream, flush=True)
