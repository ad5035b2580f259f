"""How results are written: whole or not at all, and through links, pipes and devices instead of in their place.

While a file is written it has `.part` in its name and lies beside the place where it belongs. A killed run leaves
this part, and the file that was there before. `-` is standard output.
"""

from __future__ import annotations

import errno
import os
import select
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from sdk import console, signals
from sdk.errors import InputError
from sdk.targets import is_standard

_NOT_REPLACED = frozenset({errno.EBUSY, errno.EXDEV, errno.EPERM, errno.EACCES})
"""A file that is mounted by itself, as containers do, or lies in a folder of somebody else."""

_CHUNK = 1 << 20
_PIPE = getattr(select, "PIPE_BUF", 512)
"""What a pipe takes in one piece once it takes anything."""


class OutputError(InputError):
    """A result cannot be written; `reason` is what the system says."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def write_file(path: Path | str, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OutputError: it cannot be written; a file that was there before is as it was.
    """
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: Path | str) -> Iterator[BinaryIO]:
    """A binary file that can be read and sought in, to become `path` at the end, or nothing after an error.

    Raises:
        OutputError: as `write_file`.
    """
    with whole(path) as part, part.open("wb+") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def whole(path: Path | str, *, suffix: str = "") -> Iterator[Path]:
    """An empty file to be filled that becomes `path` at the end, or nothing after an error.

    Args:
        suffix: what the file's name has to end with, where somebody looks at it.
    Raises:
        OutputError: as `write_file`.
    """
    try:
        part = Part(path, suffix=suffix)
        try:
            yield part.path
            part.publish()
        except BaseException:
            part.discard()
            raise
    except OSError as error:
        raise cannot(path, error) from error


def cannot(path: Path | str, error: OSError) -> OutputError:
    """The error of a result that cannot be written."""
    return OutputError(f"{path}: cannot be written ({error.strerror or error})", error.strerror or str(error))


def is_stream(path: Path | str) -> bool:
    """Whether bytes go through it: standard output, a pipe, a device."""
    if is_standard(path):
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


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
                os.fsync(file.fileno())
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


class Rows:
    """Text that grows record by record, each written at once, and stands in its place at the end.

    After an error the whole records so far stay beside the place, and a message says where. Where a reader has
    left, the run is asked to end as by SIGPIPE.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path | str) -> None:
        self._path, self._size = path, 0
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
        """Add a record, over the last bytes if so many are given (not of a stream)."""
        data = text.encode()
        try:
            if over:
                self._file.seek(self._size - over)
            write_all(self._file, data)
        except OSError as error:
            with suppress(OSError):
                self._cut()
            raise cannot(self._path, error) from error
        self._size += len(data) - over
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
                os.fsync(self._file.fileno())
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

    def _cut(self) -> None:
        """Half a record goes, so that what stays can be read."""
        if self._part is not None:
            self._file.truncate(self._size)
            self._file.seek(self._size)

    def _keep(self, part: Part) -> None:
        if self._size:
            print(f"{self._path}: the records so far are in {part.path}", file=sys.stderr)
        else:
            part.discard()


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
    for number in range(1, 1000):
        path = beside.with_name(f"{stem}.part{'' if number == 1 else number}{suffix}")
        try:
            make(path)
            return path
        except FileExistsError:
            continue
    raise FileExistsError(errno.EEXIST, f"{path.name} and those before it are there already; remove them")


def _check_replaceable(real: Path) -> None:
    if real.is_dir():
        raise IsADirectoryError(errno.EISDIR, "expected a file, this is a folder")
    if real.exists() and not os.access(real, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
