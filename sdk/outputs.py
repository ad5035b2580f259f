"""How results are written: whole or not at all, and through links, pipes and devices instead of in their place.

While a file is written it has `.part` in its name and lies beside the place where it belongs. A killed run leaves
this part, and the file that was there before. `-` is standard output.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sdk.errors import InputError
from sdk.parts import Part, sync


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
        sync(file.fileno())


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
