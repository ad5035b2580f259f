"""The zip archive at the end of a model file, read within bounds.

zipfile reads what it is told to: encrypted, split and 64-bit archives, other compressions, millions of entries.
A model file has none of these, so its directory is looked at before zipfile sees it.
"""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import dataclass

from sdk.parsing import RefusedError

MAX_MEMBERS = 64
MAX_DIRECTORY = 16 << 10
MAX_MEMBER_BYTES = 8 << 20
"""Far above any shape model or head: a larger member is an attack or a mistake."""

_END = struct.Struct(
    "<4s4H2LH"
)  # signature, two disks, entries here and in all, directory's size and place, comment
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCATOR = b"PK\x06\x07"  # of the end of a 64-bit archive, 20 bytes before the plain one
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FLAGS = 0x0806  # UTF-8 names and the deflater's level; not: encrypted, sizes that follow the data, patches


@dataclass(frozen=True, slots=True)
class Archive:
    """Names of members and how to read them; `start` is where the archive begins, the flatbuffer's end."""

    start: int
    _zip: zipfile.ZipFile

    @classmethod
    def of(cls, content: bytes) -> Archive:
        """The archive of a whole model file.

        Raises:
            RefusedError: there is none, or it is not plain. Damage also raises what zipfile raises.
        """
        _check_directory(content, *_checked_end(content))
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = archive.infolist()
        for entry in entries:
            if entry.compress_type not in _PLAIN or entry.flag_bits & ~_FLAGS:
                raise RefusedError(
                    f"{entry.filename!a}: expected a plain or deflated member; is the file damaged?"
                )
        if len({entry.filename for entry in entries}) != len(entries):
            raise RefusedError("two members have the same name; expected each once")
        start = min(entry.header_offset for entry in entries)
        if not 0 < start < len(content):
            raise RefusedError("its members lie outside the file; is the file damaged?")
        return cls(start, archive)

    def read(self, name: str, *, limit: int = MAX_MEMBER_BYTES) -> bytes:
        """A member, unpacked.

        Raises:
            RefusedError: it is missing or unpacks to more bytes than the limit.
        """
        try:
            entry = self._zip.getinfo(name)
        except KeyError:
            raise RefusedError(
                f"expected {name} among the associated files, got {self._zip.namelist()}; "
                "was it made by python -m convert?"
            ) from None
        if entry.file_size > limit:
            raise RefusedError(f"{name} claims {entry.file_size} bytes, more than {limit}; refused")
        with self._zip.open(entry) as member:  # read bounded: the claimed size may lie
            data = member.read(limit + 1)
        if len(data) != entry.file_size:
            raise RefusedError(f"{name} unpacks to another size than it claims; is the file damaged?")
        return data


def _checked_end(content: bytes) -> tuple[int, int, int]:
    """Where the directory starts and ends, and its entries, by the record at the very end: few and plain."""
    at = content.rfind(b"PK\x05\x06", max(0, len(content) - _END.size - 0xFFFF))
    if at < 0 or at + _END.size > len(content):
        raise RefusedError(
            "there is no archive; is the file truncated, or a plain .tflite? python -m convert packs one"
        )
    _, disk, first, here, entries, size, place, comment = _END.unpack_from(content, at)
    if at + _END.size + comment != len(content) or size + place > at:
        raise RefusedError("its end does not fit its size; is the file truncated?")
    if disk or first or here != entries or content[max(0, at - 20) :][:4] == _LOCATOR:
        raise RefusedError("expected a plain archive, got a split or 64-bit one")
    if not 1 <= entries <= MAX_MEMBERS or size > MAX_DIRECTORY:
        raise RefusedError(f"expected 1 to {MAX_MEMBERS} members, got {entries} in a directory of {size} bytes")
    return at - size, at, entries


def _check_directory(content: bytes, at: int, end: int, entries: int) -> None:
    """Entries fill the directory, without further fields or comments, and their data lie before it."""
    start, base = at, at - _END.unpack_from(content, end)[6]
    for _ in range(entries):
        if end - at < _ENTRY.size:
            raise RefusedError("its directory is cut off; is the file damaged?")
        record = _ENTRY.unpack_from(content, at)
        packed, name, extra, comment, place = record[8], record[10], record[11], record[12], record[16]
        if record[0] != b"PK\x01\x02" or extra or comment or base + place + packed > start:
            raise RefusedError("its directory is not plain; is the file damaged?")
        at += _ENTRY.size + name
    if at != end:
        raise RefusedError("its directory has another size than its entries; is the file damaged?")
