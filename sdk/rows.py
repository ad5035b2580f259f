"""Results that grow record by record: rows of a video, the JSON list of a folder."""

from __future__ import annotations

import json
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from sdk import signals
from sdk.outputs import cannot
from sdk.parts import Part, sync
from sdk.pipes import is_stream, open_stream, write_all

_LONGEST_OVER = 16
"""Bytes of the last record that may be written over."""


class Rows:
    """Text that grows record by record, each written at once, and stands in its place at the end.

    After an error the whole records so far stay beside the place, and a message says where. Where a reader has
    left, the run is asked to end as by SIGPIPE.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path | str) -> None:
        self._path, self._size, self._end = path, 0, b""
        self.is_stream = is_stream(path)
        self._part: Part | None = None
        try:
            if self.is_stream:
                self._file: Any = open_stream(path)
            else:
                self._part = Part(path)
                self._file = self._part.path.open("r+b", buffering=0)
        except OSError as error:
            raise cannot(path, error) from error

    def __enter__(self) -> Rows:
        return self

    def write(self, text: str, *, over: int = 0) -> int:
        """Add a record, over so many bytes of the last one (not of a stream)."""
        data = text.encode()
        try:
            if over:
                self._file.seek(self._size - over)
            write_all(self._file, data)
        except OSError as error:
            with suppress(OSError):
                self._take_back(over)
            raise cannot(self._path, error) from error
        self._size += len(data) - over
        self._end = data[-_LONGEST_OVER:]
        return len(text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._part is None:
            with suppress(OSError):
                self._file.close()
            return
        if error is None and not self._size and signals.asked():  # stopped before the first record
            self._file.close()
            self._part.discard()
            return
        try:
            if error is None:
                sync(self._file.fileno())
        except OSError as full:
            error = full
            raise cannot(self._path, full) from full
        finally:
            self._file.close()
            if error is not None:
                self._keep(self._part)
        try:
            if error is None:
                self._part.publish()
        except OSError as full:
            self._keep(self._part)
            raise cannot(self._path, full) from full

    def _take_back(self, over: int) -> None:
        """Half a record goes and what it went over comes back, so that what stays can be read."""
        if self._part is not None:
            self._file.seek(self._size - over)
            self._file.write(self._end[len(self._end) - over :])
            self._file.truncate(self._size)

    def _keep(self, part: Part) -> None:
        if self._size:
            print(f"{self._path}: the records so far are in {part.path}", file=sys.stderr)
        else:
            part.discard()


class JsonList:
    """A JSON list that grows value by value, valid at any time where it goes into a file."""

    _END = "\n]\n"

    def __init__(self, path: Path) -> None:
        self._rows = Rows(path)
        self._empty = True
        self.broken = False

    def __enter__(self) -> JsonList:
        return self

    def add(self, value: Any) -> None:
        """One more value.

        Raises:
            OutputError: the list cannot be written; `broken` says so from then on.
        """
        stream, start = self._rows.is_stream, "[\n" if self._empty else ",\n"
        text = start + textwrap.indent(json.dumps(value, indent=1), " ")
        self.broken = True
        self._rows.write(text if stream else text + self._END, over=0 if stream or self._empty else len(self._END))
        self._empty = self.broken = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._empty and not signals.asked():
            self._rows.write("[]\n")
        elif error is None and self._rows.is_stream:
            self._rows.write(self._END)
        self._rows.__exit__(kind, error, trace)
