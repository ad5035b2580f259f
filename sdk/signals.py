"""SIGINT, SIGTERM and SIGHUP end a run as q does: files are closed, and what was done is kept."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Those that are handled where the system has them."""

SIGPIPE = 13
"""Its number everywhere; the status of a run whose reader left is 128 more."""

PATIENCE_S = 2.0
"""`timeout` and a terminal may send one request twice. A second signal counts after so many seconds."""


GRACE_S = 1.0
"""So long may a reader that has stalled hold up a run that was asked to end."""


class Stopped(KeyboardInterrupt):
    """A signal asked to end, outside a `Stop` or for the second time."""

    def __init__(self, number: int) -> None:
        super().__init__(name_of(number))
        self.number = number

    @property
    def status(self) -> int:
        """The exit status by the custom of shells: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + self.number


class Stop:
    """Whether a signal has asked a run to end; see `deferred`."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._asked_s = 0.0
        self._waiting = False

    @property
    def status(self) -> int:
        """128 and the signal's number, 0 without a signal."""
        return 0 if self.number is None else 128 + self.number

    def request(self, number: int) -> None:
        """Ask for the end; what only waits is interrupted by Stopped: a silent camera cannot hold it up."""
        self.number, self._asked_s = number, time.monotonic()
        if self._waiting:
            raise Stopped(number)

    @property
    def overdue(self) -> bool:
        """Whether the end was asked for so long ago that nobody should be waited for."""
        return self.number is not None and time.monotonic() - self._asked_s > GRACE_S

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Something that may wait for long: a request raises Stopped in here."""
        self._waiting = True
        try:
            if self.number is not None:
                raise Stopped(self.number)
            yield
        finally:
            self._waiting = False

    def each(self, items: Iterable[T]) -> Iterator[T]:
        """The items, until a signal asks to end; the item in hand is finished first."""
        iterator = iter(items)
        while self.number is None:
            try:
                with self.interruptible():
                    item = next(iterator)
            except (StopIteration, Stopped):
                return
            yield item


_current: Stop | None = None
_owner = 0
_asked_s = float("-inf")


def name_of(number: int) -> str:
    """SIGTERM for 15, where the system knows the name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@contextmanager
def handled() -> Iterator[None]:
    """Signals raise Stopped, or ask the `Stop` of `deferred`; what is ignored, as under nohup, stays ignored."""
    global _owner, _asked_s
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _owner, _asked_s = os.getpid(), float("-inf")
    before = {}
    for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
        handler = signal.getsignal(number)
        if handler not in (signal.SIG_IGN, None):
            before[number] = handler
            signal.signal(number, _take)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deferred() -> Iterator[Stop]:
    """Signals only ask for the end in here, so that files can be closed in peace."""
    global _current
    outer, _current = _current, Stop()
    try:
        yield _current
    finally:
        _current = outer


@contextmanager
def interruptible() -> Iterator[None]:
    """Something that may wait for ever, such as for the reader of a pipe: any signal raises Stopped in here."""
    if _current is None:
        yield
        return
    with _current.interruptible():
        yield


def asked() -> bool:
    """Whether a signal has asked a run to end that ends in its own time."""
    return _current is not None and _current.number is not None


def overdue() -> bool:
    """`Stop.overdue`, of a run that can be asked to end."""
    return _current is not None and _current.overdue


def request(number: int) -> None:
    """End the run as a signal of this number does.

    Raises:
        Stopped: there is no `deferred` that could end it later.
    """
    if _current is None:
        raise Stopped(number)
    _current.request(number)


def _take(number: int, frame: object) -> None:
    global _asked_s
    if os.getpid() != _owner:  # a process that was forked: it has no files to close
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return
    now = time.monotonic()
    if now - _asked_s < PATIENCE_S:
        return
    _asked_s = now
    if _current is not None and _current.number is not None:
        raise Stopped(number)
    request(number)
