"""Standard streams that cost a run nothing: no character, closed pipe or full disk behind them stops it."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

_KEPT = frozenset({"replace", "backslashreplace", "xmlcharrefreplace", "namereplace", "ignore"})
"""What a stream may do with characters that it lacks without an error."""


_COMMAND = re.compile(r"(?!\x1b\[K)[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What a terminal obeys instead of showing it, as names of files may have. Tabs, ends of lines and
the clearing of a line, with which progress is written, are left."""


class Words(io.TextIOBase):
    """Messages for people. Characters that the stream lacks or a terminal obeys become escapes.

    What nobody reads is dropped.

    `error` is what stopped it, None as long as it works.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.stream, self.error = stream, None if stream is not None else OSError(errno.EPIPE, "closed")

    def __getattr__(self, name: str) -> Any:
        """Whatever else libraries ask a stream for is the stream's own."""
        return getattr(self.stream, name)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self.stream, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return getattr(self.stream, "errors", None)

    def write(self, text: str) -> int:
        if self.error is None and self.stream is not None:
            try:
                self.stream.write(self._shown(text))
            except (OSError, ValueError) as error:  # ValueError: somebody has closed it
                self._fail(error)
        return len(text)

    def flush(self) -> None:
        if self.error is None and self.stream is not None:
            try:
                self.stream.flush()
            except (OSError, ValueError) as error:  # ValueError: somebody has closed it
                self._fail(error)

    def isatty(self) -> bool:
        return self.error is None and self.stream is not None and self.stream.isatty()

    @property
    def lost(self) -> str:
        """Why messages were lost that somebody meant to keep, as on a full disk; a closed pipe is no such loss."""
        if self.error is None or self.error.errno in (errno.EPIPE, errno.ESHUTDOWN):
            return ""
        return str(self.error.strerror or self.error)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        if self.stream is None:
            raise io.UnsupportedOperation("fileno: the stream is closed")
        return self.stream.fileno()

    def _shown(self, text: str) -> str:
        text = _COMMAND.sub(lambda found: repr(found[0])[1:-1], text)
        if self.errors in _KEPT:
            return text
        try:
            text.encode(self.encoding, self.errors or "strict")
        except UnicodeError:
            return text.encode(self.encoding, "backslashreplace").decode(self.encoding)
        return text

    def _fail(self, error: Exception) -> None:
        """Give up, and lead the descriptor away so that Python's last flush does not stumble again."""
        self.error = error if isinstance(error, OSError) else OSError(errno.EPIPE, str(error))
        with suppress(OSError, ValueError, AttributeError):
            if self.stream in (sys.__stdout__, sys.__stderr__):
                descriptor = os.open(os.devnull, os.O_WRONLY)
                os.dup2(descriptor, self.stream.fileno())  # type: ignore[union-attr]
                os.close(descriptor)


_out: Words | None = None
"""Standard output inside `forgiving`."""


@contextmanager
def forgiving() -> Iterator[Words]:
    """print() and error messages in here cannot fail; yields standard output, whose `lost` says more."""
    global _out
    _fill_descriptors()
    before, former = (sys.stdout, sys.stderr), _out
    _out, err = Words(before[0]), Words(before[1])
    sys.stdout, sys.stderr = _out, err
    try:
        yield _out
    finally:
        _out.flush()
        err.flush()
        (sys.stdout, sys.stderr), _out = before, former


def messages_to_stderr() -> None:
    """Inside `forgiving`, print() goes to standard error from here on: results go to standard output."""
    if _out is not None:
        _out.flush()
        sys.stdout = sys.stderr


def results_to_stdout() -> Any:
    """The bytes below standard output, unbuffered; messages go to standard error from here on.

    Raises:
        OSError: standard output is closed.
    """
    messages_to_stderr()
    stream: Any = sys.stdout if _out is None else _out.stream
    if stream is None:
        raise OSError(errno.EBADF, "standard output is closed")
    stream.flush()
    return getattr(stream.buffer, "raw", stream.buffer)


def _fill_descriptors() -> None:
    """A program started with standard streams closed would open its files on 0 to 2, where libraries print."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
