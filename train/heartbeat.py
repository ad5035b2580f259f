"""A word at least every half minute of a training that nobody watches: in a log, silence looks like a hang."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Any, TextIO

PAUSE_S = 30.0
"""Longest silence."""


class Heartbeat:
    """While it is entered, prints what the work is at and for how long, each time PAUSE_S pass without `said`.

    A thread of its own does it: compiling a step, or a pass over val, takes minutes without a callback.

    Args:
        stream: where to; None keeps silent, for a terminal that has a progress bar.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream, self._what = stream, "starting"
        self._began = self._said = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="heartbeat")

    def at(self, what: str) -> None:
        """What the work is at from now on."""
        self._what = what

    def said(self) -> None:
        """Something else was printed."""
        self._said = time.monotonic()

    def __enter__(self) -> Heartbeat:
        self._began = self._said = time.monotonic()
        if self._stream is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(max(self._said + PAUSE_S - time.monotonic(), 0.01)):
            if time.monotonic() - self._said >= PAUSE_S:
                self._say()

    def _say(self) -> None:
        assert self._stream is not None, "the thread runs with a stream alone"
        print(
            f"{self._what}, {time.monotonic() - self._began:.0f} s since the start", file=self._stream, flush=True
        )
        self.said()


def for_logs(*, first: bool = True) -> Heartbeat:
    """One that writes to standard output where that is no terminal, in the first of several processes."""
    return Heartbeat(sys.stdout if first and not sys.stdout.isatty() else None)


def place(epoch: int, epochs: int, step: int, steps: int, loss: Any) -> str:
    """Where an epoch is, in the words of its last line."""
    return f"epoch {epoch}/{epochs}, step {step}/{steps}  loss {float(loss):.4f}"
