"""Files that are read whole: regular ones of a size that is known before."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sdk.errors import ModelFileError

MAX_FILE_BYTES = 256 << 20
"""Of a model file: twenty times the largest network here in float32."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def read_file(path: str | Path) -> bytes:
    """The content of a model file.

    Raises:
        ModelFileError: it cannot be read, is no regular file, or is larger than any model.
    """
    try:
        _check(path, os.stat(path))  # before it is opened: opening a pipe waits, opening a device may act
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with open(os.open(path, flags), "rb") as file:
            _check(path, os.fstat(file.fileno()))
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelFileError(f"model {path}: cannot be read ({reason})") from error
    check_size(len(content), str(path))
    return content


def check_size(size: int, origin: str) -> None:
    """Refuse what is larger than any model."""
    if size > MAX_FILE_BYTES:
        raise ModelFileError(
            f"model {origin}: expected at most {MAX_FILE_BYTES} bytes, got {size}; is it a model file?"
        )


def _check(path: str | Path, found: os.stat_result) -> None:
    for is_kind, words in _KINDS:
        if is_kind(found.st_mode):
            raise ModelFileError(f"model {path}: cannot be read (expected a regular file, got {words})")
    check_size(found.st_size, str(path))
