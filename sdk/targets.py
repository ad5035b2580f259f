"""What a command line reads and writes, by the identity of files: nothing may be written over what is read."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Hashable, Iterable
from pathlib import Path

from sdk.errors import InputError

Named = tuple[str, Path]
"""What a message calls a file, such as --out or photo, and its path."""

_STDOUT = frozenset({"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})


def is_standard(path: Path | str) -> bool:
    """Whether a path means standard output, or as an input standard input: `-`."""
    return str(path) in _STDOUT


def check_targets(outputs: Iterable[Named], inputs: Iterable[Named]) -> None:
    """Refuse a command line that would write over its own inputs, or two results into one file.

    Files are compared by what they are (device and inode), so that links and other spellings count. Nothing is
    opened. Devices that are no files, such as /dev/null, may be named as often as one likes.

    Raises:
        InputError: two are the same.
    """
    read: dict[Hashable, Named] = {}
    for name, path in inputs:
        read.setdefault(_identity_of_input(path), (name, path))
    written: dict[Hashable, Named] = {}
    for name, path in outputs:
        key = identity(path)
        if key is None:
            continue
        if key in read:
            raise InputError(_over_input(name, path, *read[key]))
        if key in written:
            raise InputError(_both(name, path, *written[key]))
        written[key] = name, path


def identity(path: Path | str) -> Hashable | None:
    """What tells a file from others, also one that is not there yet; None where sharing does no harm."""
    if is_standard(path):
        return _identity_of_stdout()
    try:
        status = os.stat(path)
    except OSError:
        return _identity_of_absent(Path(os.path.realpath(path)))
    return _of_status(status)


def _identity_of_input(path: Path) -> Hashable | None:
    """Standard input is a stream of its own; a missing input is the business of who reads it."""
    if str(path) == "-":
        try:
            return _of_status(os.fstat(0))
        except OSError:
            return None
    return identity(path)


def _of_status(status: os.stat_result) -> Hashable | None:
    if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        return None
    return (status.st_dev, status.st_ino)


def _identity_of_absent(real: Path) -> Hashable:
    try:
        folder = os.stat(real.parent)
    except OSError:
        return os.path.normcase(real)
    return (folder.st_dev, folder.st_ino, os.path.normcase(real.name))


def _identity_of_stdout() -> Hashable:
    """A file that the shell opened is that file; anything else is one stream, which holds one result."""
    try:
        status = os.fstat(sys.__stdout__.fileno())  # type: ignore[union-attr]
    except (OSError, ValueError, AttributeError):
        return "standard output"
    return _of_status(status) if stat.S_ISREG(status.st_mode) else "standard output"


def _over_input(name: str, path: Path, what: str, read: Path) -> str:
    other = "" if str(path) == str(read) else f", under another name ({read})"
    return (
        f"{name} {path}: this is the file that is read as {what}{other}; nothing was written, choose another file"
    )


def _both(name: str, path: Path, other: str, there: Path) -> str:
    same = "" if str(path) == str(there) else f" ({there})"
    return f"{name} {path}: {other} writes into the same file{same}; give each result a file of its own"
