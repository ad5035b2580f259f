"""Results that go through something: standard output, pipes and devices, with readers that leave or stall."""

from __future__ import annotations

import os
import select
import stat
from pathlib import Path
from typing import Any

from sdk import console, signals
from sdk.targets import is_standard

_PIPE = getattr(select, "PIPE_BUF", 512)
"""What a pipe takes in one piece once it takes anything."""


def is_stream(path: Path | str) -> bool:
    """Whether bytes go through it: standard output, a pipe, a device."""
    if is_standard(path):
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def write_all(stream: Any, data: bytes) -> None:
    """Write all of it to an unbuffered file; where its reader has left, the run is asked to end as by SIGPIPE.

    A reader that has stalled cannot hold up a run that was asked to end: then the rest is dropped.

    Raises:
        OSError: it cannot be written.
    """
    rest = memoryview(data)
    step = _PIPE if _is_pipe(stream) else len(rest)
    try:
        while rest:
            if step == _PIPE and not _waited_for(stream):
                return
            rest = rest[stream.write(rest[:step]) or 0 :]
    except BrokenPipeError:
        signals.request(signals.SIGPIPE)


def _is_pipe(stream: Any) -> bool:
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # a stream in memory
        return False
    return os.name == "posix" and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))


def _waited_for(stream: Any) -> bool:
    """Wait until a pipe takes a write of _PIPE bytes without waiting; False where it is too late for that."""
    while not select.select([], [stream], [], 0.2)[1]:
        if signals.overdue():
            return False
    return True


def open_stream(path: Path | str) -> Any:
    """Standard output, or a pipe or device as it is: neither made nor cut. Waits for a pipe's reader.

    Raises:
        OSError: it cannot be opened.
    """
    if is_standard(path):
        return _Unclosed(console.results_to_stdout())
    with signals.interruptible():
        return os.fdopen(os.open(path, os.O_WRONLY), "wb", buffering=0)


class _Unclosed:
    """Standard output, which stays open."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def fileno(self) -> int:
        return int(self._file.fileno())

    def write(self, data: bytes) -> int:
        return int(self._file.write(data) or 0)

    def close(self) -> None:
        self._file.flush()

    def __enter__(self) -> _Unclosed:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
