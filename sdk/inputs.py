"""Inputs that may be files, pipes, or standard input, which `-` means."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from sdk.errors import InputError


def read_input(path: Path | str, *, what: str) -> bytes:
    """All of an input.

    Raises:
        InputError: it is missing, may not be read, or is a folder or a device.
    """
    try:
        with open_input(path, what=what) as file:
            return file.read()
    except OSError as error:
        raise _unreadable(path, what, error) from error
    except (MemoryError, OverflowError) as error:
        raise InputError(f"{what} {path}: cannot be read (larger than memory)") from error


@contextmanager
def open_input(path: Path | str, *, what: str) -> Iterator[BinaryIO]:
    """An input to be read from its beginning to its end, once.

    Raises:
        InputError: as `read_input`.
    """
    if str(path) == "-":
        if sys.stdin is None:
            raise InputError(f"{what} -: standard input is closed")
        yield sys.stdin.buffer
        return
    _check_kind(path, what)
    with _opened(path, what) as file:
        yield file


def opencv_name(path: Path | str) -> Any:
    """A file's name as OpenCV can take it.

    OpenCV takes names for UTF-8, whatever the system does, and crashes on what Python makes of other bytes.
    OpenCV 5 takes these bytes themselves.

    Raises:
        InputError: the name is no UTF-8, and this is OpenCV 4.
    """
    name = os.fsencode(path)
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        import cv2

        if int(cv2.__version__.partition(".")[0]) >= 5:
            return name
        raise InputError(
            f"{path}: this OpenCV opens names in UTF-8 only; rename the file or link to it, or install OpenCV 5"
        ) from error


def is_piped(path: Path | str) -> bool:
    """Whether it comes through standard input or a pipe, so that it can be read once and not sought in."""
    if str(path) == "-":
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


@contextmanager
def as_file(path: Path | str, *, what: str) -> Iterator[Path]:
    """The file itself, or a copy of what comes through a pipe, for those who need to seek.

    Raises:
        InputError: it cannot be read, or there is no room for the copy.
    """
    if not is_piped(path):
        yield Path(path)
        return
    with tempfile.NamedTemporaryFile(prefix="asmnet-", delete=False) as copy:
        try:
            with open_input(path, what=what) as source:
                shutil.copyfileobj(source, copy)
            copy.close()
            yield Path(copy.name)
        except OSError as error:
            raise InputError(f"{what} {path}: cannot be kept ({error.strerror or error})") from error
        finally:
            copy.close()
            os.unlink(copy.name)


def _opened(path: Path | str, what: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise _unreadable(path, what, error) from error


def _unreadable(path: Path | str, what: str, error: OSError) -> InputError:
    hint = "; is this user allowed to read it?" if isinstance(error, PermissionError) else ""
    return InputError(f"{what} {path}: cannot be read ({error.strerror or error}){hint}")


def _check_kind(path: Path | str, what: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        raise InputError(f"{what} {path}: not found") from None
    except OSError as error:
        raise _unreadable(path, what, error) from error
    if stat.S_ISDIR(mode):
        raise InputError(f"{what} {path}: expected a file, got a folder")
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise InputError(f"{what} {path}: expected a file or a pipe, got a device")
