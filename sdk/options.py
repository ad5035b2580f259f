"""The paths among a command's options, looked at before any work is done."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from sdk import console
from sdk.errors import InputError
from sdk.photos import SUFFIXES
from sdk.pipes import is_stream
from sdk.targets import Named, check_targets, is_standard

RESULTS = ("out", "json", "sheet", "plots")
"""Options of train, convert and benchmarks that name what is written; any other path is read."""

_TABLES = ("annotations.npz", "annotations.json")
_READ_SUFFIXES = frozenset({*SUFFIXES, ".pts", ".mat"})
"""What commands read of the folders that they are given."""


def check_options(options: argparse.Namespace) -> None:
    """Refuse results that would go over an input, into one file, or where nothing can be written.

    A command whose `--out` is a folder says so with `parser.set_defaults(files=...)`, the names of the files in it
    that it may write over. Where a result goes to standard output, messages go to standard error from here on.

    Raises:
        InputError: see above; nothing was opened or made.
    """
    files: tuple[str, ...] | None = getattr(options, "files", None)
    folders = ("plots",) if files is None else ("plots", "out")
    read = [named for name, value in vars(options).items() if name not in RESULTS for named in _paths(name, value)]
    written = [named for name in RESULTS for named in _paths(name, getattr(options, name, None))]
    results = [(f"--{name}", path) for name, path in written if name not in folders]
    into = [("--out", options.out / name) for name in files or () if options.out is not None]
    tables = [(name, path / table) for name, path in read for table in _TABLES if (path / table).is_file()]
    check_targets([*results, *into], [*read, *tables])
    for name, path in written:
        if os.path.exists(path) and os.path.isdir(path) != (name in folders) and not is_stream(path):
            expected, got = ("folder", "file") if name in folders else ("file", "folder")
            raise InputError(f"--{name} {path}: expected a {expected}, got a {got}")
        check_writable(path)
    for name, path in results:
        _check_not_inside(name, path, read)
    if any(is_standard(path) for _, path in results):
        console.messages_to_stderr()


def check_writable(path: Path) -> None:
    """Notice before the work that a file, or a folder with its files, cannot be written.

    Raises:
        InputError: the nearest folder that is there is none, or this user may not write into it.
    """
    if is_standard(path):
        return
    place = Path(os.path.realpath(path))
    if not os.path.exists(place):
        place = next(parent for parent in place.parents if os.path.exists(parent))
        if not place.is_dir():
            raise InputError(f"{path}: cannot be written ({place} is no folder)")
    if not os.access(place, os.W_OK):
        raise InputError(f"{path}: cannot be written ({place} may not be written by this user)")


def _paths(name: str, value: object) -> Iterator[Named]:
    values = value if isinstance(value, list | tuple) else [value]
    for path in values:
        if isinstance(path, Path):
            yield name, path
        elif isinstance(path, str) and "=" in path:  # --with NAME=FILE, --set teacher=FILE
            file = Path(path.partition("=")[2].strip("\"'"))
            if file.is_file():
                yield name, file


def _check_not_inside(name: str, path: Path, read: list[Named]) -> None:
    """A file that is there, of a kind that is read, in a folder that is read, is one of the inputs."""
    real = Path(os.path.realpath(path))
    if not real.is_file() or real.suffix.lower() not in _READ_SUFFIXES:
        return
    for what, folder in read:
        if folder.is_dir() and real.is_relative_to(os.path.realpath(folder)):
            raise InputError(
                f"{name} {path}: this file is in {folder}, which is read as {what}; choose a place outside"
            )
