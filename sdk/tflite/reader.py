"""Flatbuffers read with every offset checked: https://flatbuffers.dev/internals (tables, vtables, vectors).

The flatbuffers package checks nothing in Python, and interpreters trust what they read.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sdk.parsing import RefusedError

MAX_ITEMS = 1 << 20
"""Tables and numbers that a file may make a reader visit; vectors may be shared, so its size is no bound."""

SCALARS: Mapping[str, struct.Struct] = MappingProxyType({k: struct.Struct("<" + k) for k in "?bBhHiIqQfd"})


class Flatbuffer:
    """A file, and how much of it may still be visited."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._left = MAX_ITEMS

    def root(self, kinds: str, name: str) -> Table:
        """The table that the first four bytes point to."""
        return Table(self, self.number("I", 0), kinds, name)

    def spend(self, items: int) -> None:
        """Count what is visited."""
        self._left -= items
        if self._left < 0:
            raise RefusedError(f"expected at most {MAX_ITEMS} tables and numbers, got more")

    def number(self, kind: str, at: int) -> Any:
        """A scalar at a place that need not be in the file."""
        scalar = SCALARS[kind]
        if not 0 <= at <= len(self.content) - scalar.size:
            raise RefusedError(f"points to byte {at} of {len(self.content)}; is the file damaged?")
        return scalar.unpack_from(self.content, at)[0]


class Table:
    """One table; `kinds` has a letter for each field that may be there.

    Letters: those of the struct module for scalars, `*` for what is referred to, `-` for what is refused.
    """

    __slots__ = ("_at", "_file", "_kinds", "_offsets", "name")

    def __init__(self, file: Flatbuffer, at: int, kinds: str, name: str) -> None:
        self._file, self._at, self._kinds, self.name = file, at, kinds, name
        file.spend(1)
        start = at - file.number("i", at)
        length, size = file.number("H", start), file.number("H", start + 2)
        if length < 4 or length % 2 or start + length > len(file.content) or at + size > len(file.content):
            raise RefusedError(f"{name}: its list of fields reaches beyond the file; is the file damaged?")
        self._offsets: tuple[int, ...] = struct.unpack_from(f"<{length // 2 - 2}H", file.content, start + 4)
        for field, offset in enumerate(self._offsets):
            self._check(field, offset, size)

    def _check(self, field: int, offset: int, size: int) -> None:
        kind = self._kinds[field : field + 1] or "-"
        if offset == 0:
            return
        if kind == "-":
            raise RefusedError(f"{self.name}: has field {field}, which is not one of a plain network")
        width = 4 if kind == "*" else SCALARS[kind].size
        if offset < 4 or offset + width > size:
            raise RefusedError(f"{self.name}: field {field} lies outside its table; is the file damaged?")

    def has(self, field: int) -> bool:
        """Whether a field is there."""
        return field < len(self._offsets) and self._offsets[field] != 0

    def scalar(self, field: int, default: Any = 0) -> Any:
        """A number, or its default where the field is not there."""
        if not self.has(field):
            return default
        return self._file.number(self._kinds[field], self._at + self._offsets[field])

    def _target(self, field: int) -> int:
        place = self._at + self._offsets[field]
        return place + int(self._file.number("I", place))

    def table(self, field: int, kinds: str, name: str) -> Table | None:
        """The table that a field refers to."""
        return Table(self._file, self._target(field), kinds, name) if self.has(field) else None

    def _vector(self, field: int, width: int) -> tuple[int, int]:
        """Where a vector's items start, and how many there are."""
        if not self.has(field):
            return 0, 0
        at = self._target(field)
        count = int(self._file.number("I", at))
        if at + 4 + count * width > len(self._file.content):
            raise RefusedError(f"{self.name}: field {field} has {count} items, which reach beyond the file")
        return at + 4, count

    def numbers(self, field: int, kind: str) -> tuple[Any, ...]:
        """A vector of numbers; empty where it is not there."""
        at, count = self._vector(field, SCALARS[kind].size)
        self._file.spend(count)
        return struct.unpack_from(f"<{count}{kind}", self._file.content, at)

    def data(self, field: int) -> memoryview:
        """A vector of bytes, not copied."""
        at, count = self._vector(field, 1)
        return memoryview(self._file.content)[at : at + count]

    def text(self, field: int) -> bytes:
        """A string in UTF-8; readers in C rely on the zero at its end, LiteRT's Python on the encoding."""
        at, count = self._vector(field, 1)
        if self.has(field) and self._file.number("B", at + count) != 0:
            raise RefusedError(f"{self.name}: field {field} is a string without an end")
        self._file.spend(count)
        text = self._file.content[at : at + count]
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise RefusedError(f"{self.name}: field {field} is no text in UTF-8; is the file damaged?") from error
        return text

    def tables(self, field: int, kinds: str, name: str) -> list[Table]:
        """A vector of tables."""
        at, count = self._vector(field, 4)
        self._file.spend(count)
        places = struct.unpack_from(f"<{count}I", self._file.content, at)
        return [Table(self._file, at + 4 * i + p, kinds, f"{name} {i}") for i, p in enumerate(places)]
