"""A result while it is written: a file or folder beside its place, with .part in its name."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sdk.pipes import is_stream, open_stream, write_all

_NOT_REPLACED = frozenset({errno.EBUSY, errno.EXDEV, errno.EPERM, errno.EACCES})
"""A file that is mounted by itself, as containers do, or lies in a folder of somebody else."""

_NO_SYNC = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})
"""Of file systems that do not know how to wait for the disk, as some of network drives."""

_LONGEST = 200
"""Bytes of a name; file systems take 255."""

_CHUNK = 1 << 20


class Part:
    """An empty file `path`, which `publish` brings to its place: beside it, for streams in a folder of its own.

    Raises:
        OSError: it cannot be made, or there is something that may not be replaced.
    """

    def __init__(self, target: Path | str, *, suffix: str = "") -> None:
        self._target = Path(target)
        self._stream = is_stream(target)
        self._real = Path(os.path.realpath(target))  # a link stays, what it leads to is written
        self._folder: str | None = None
        self._is_last = False
        if self._stream:
            self._folder = tempfile.mkdtemp(prefix="asmnet-")
            self.path = _new_file(Path(self._folder) / "result", suffix)
            return
        _check_replaceable(self._real)
        try:
            self.path = _new_file(self._real, suffix)
        except PermissionError:  # of the folder, where the file itself may be written
            if not self._real.is_file():
                raise
            self._folder = tempfile.mkdtemp(prefix="asmnet-")
            self.path = _new_file(Path(self._folder) / self._real.name, suffix)

    def publish(self) -> None:
        """Bring the content to its place.

        Raises:
            OSError: it cannot be written.
        """
        if self._stream:
            with self.path.open("rb") as source, open_stream(self._target) as stream:
                while data := source.read(_CHUNK):
                    write_all(stream, data)
        elif not self._replaced():
            self._copy()
        self.discard()

    def _copy(self) -> None:
        """Write over what is there. Where that fails half way, the part is all that is whole, and stays."""
        self._is_last = True
        try:
            with self.path.open("rb") as source, self._real.open("r+b") as file:
                shutil.copyfileobj(source, file)
                file.truncate()
                file.flush()
                sync(file.fileno())
        except OSError as error:
            raise OSError(error.errno, f"{error.strerror}; the whole result is in {self.path}") from error
        self._is_last = False

    def discard(self) -> None:
        """Remove what is left of it."""
        if self._is_last:
            return
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _replaced(self) -> bool:
        """Whether it took the place of what was there, with its permissions; other names would not know of it."""
        try:
            before = os.stat(self._real)
        except FileNotFoundError:
            os.replace(self.path, self._real)
            return True
        if before.st_nlink > 1:
            return False
        try:
            os.chmod(self.path, stat.S_IMODE(before.st_mode))
            os.replace(self.path, self._real)
        except OSError as error:
            if error.errno not in _NOT_REPLACED:
                raise
            return False
        return True


def _new_file(beside: Path, suffix: str) -> Path:
    """An empty file named after another with .part in its name."""

    def make(path: Path) -> None:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))

    return _new_name(beside, suffix, make)


def new_folder(beside: Path) -> Path:
    """An empty folder named after another with .part in its name.

    Raises:
        OSError: it cannot be made.
    """
    return _new_name(beside, "", lambda path: path.mkdir(parents=True))


def _new_name(beside: Path, suffix: str, make: Callable[[Path], None]) -> Path:
    """The first name that is free; what is there already belongs to somebody."""
    stem = beside.name.removesuffix(suffix) if suffix else beside.name
    if len(os.fsencode(stem)) > _LONGEST:
        stem = stem[: _LONGEST // 4]  # a character has four bytes at most
    for number in range(1, 1000):
        path = beside.with_name(f"{stem}.part{'' if number == 1 else number}{suffix}")
        try:
            make(path)
            return path
        except FileExistsError:
            continue
    raise FileExistsError(errno.EEXIST, f"{path.name} and those before it are there already; remove them")


def sync(descriptor: int) -> None:
    """Wait for the disk, where the file system can do that: some disks are known to be full only then.

    Raises:
        OSError: it was not written.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _check_replaceable(real: Path) -> None:
    if os.path.isdir(real):
        raise IsADirectoryError(errno.EISDIR, "expected a file, this is a folder")
    if real.exists() and not os.access(real, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
