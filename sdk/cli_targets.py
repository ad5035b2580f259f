"""What asmnet predict writes, looked at before anything is opened."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from sdk.cli_detector import models_read
from sdk.errors import InputError
from sdk.photos import SUFFIXES, picture_names
from sdk.pipes import is_stream
from sdk.targets import check_targets, is_standard


def pictures_of(photos: Sequence[Path], options: argparse.Namespace, *, one: bool) -> list[Path | None]:
    """Where the marked picture of each photo goes; None where none is asked for.

    Raises:
        InputError: several would go to standard output.
    """
    out: Path | None = options.out
    if out is not None and not one and is_standard(out):
        raise InputError(f"--out {out}: expected a folder for several pictures, got standard output")
    if out is None or (one and not (options.out_is_folder or os.path.isdir(out))):
        return [out] * len(photos)
    return [out / name for name in picture_names(photos)]


def check_results(options: argparse.Namespace, photos: Sequence[Path], pictures: Sequence[Path | None]) -> None:
    """Refuse results that would go over a photo, a model or each other.

    Raises:
        InputError: one would.
    """
    written = [("--out", picture) for picture in pictures if picture is not None]
    if options.json is not None:
        written.append(("--json", options.json))
    check_targets(written, [*(("photo", photo) for photo in photos), *models_read(options)])


def check_json(path: Path | None) -> None:
    """`--json` may stand without FILE: the next photo of the command line is not meant to be written over.

    Raises:
        InputError: it has the name of a photo, or is a file that holds something else.
    """
    if path is None or is_stream(path):
        return
    if reason := _no_json(path):
        raise InputError(
            f"--json {path}: expected a file for JSON, got {reason}; to print, write --json=- or put --json last"
        )


def _no_json(path: Path) -> str:
    """Why a file cannot be meant for JSON; empty where it can."""
    if path.suffix.lower() in SUFFIXES:
        return "the name of a photo"
    if os.path.isdir(path):  # unlike Path's, no error for a name that is too long
        return "a folder"
    try:
        with path.open("rb") as file:
            start = file.read(64).lstrip()
    except OSError:
        return ""
    return "" if not start or start.startswith((b"[", b"{")) else "a file that holds something else"
