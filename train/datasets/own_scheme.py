"""Landmark schemes of a user's own: a file scheme.toml beside the faces says which point is which."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sdk.errors import InputError
from sdk.schemes import BUILT_IN, LandmarkScheme, define_scheme, scheme_from_dict
from train.datasets.sample import DataError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "scheme.toml"

NOTE = "scheme_definition"
"""Key of the note of a best.npz that defines a scheme which is not built in."""


def defined_scheme(folder: Path) -> LandmarkScheme | None:
    """The scheme that a folder of faces defines, known by its name from here on; None without a scheme.toml.

    Raises:
        DataError: the file is not TOML or defines no scheme; the message names it and what is wrong.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return define_scheme(scheme_from_dict(tomllib.loads(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, InputError) as error:
        raise DataError(f"{path}: expected a landmark scheme (docs/data.md), got: {error}") from error


def to_note(scheme: LandmarkScheme) -> dict[str, Any]:
    """What a note keeps of a scheme: nothing of a built-in one beside its name."""
    return {} if scheme.name in {s.name for s in BUILT_IN} else {NOTE: scheme.to_dict()}


def from_note(note: Mapping[str, Any]) -> None:
    """Make the scheme of a note known by its name."""
    if NOTE in note:
        define_scheme(scheme_from_dict(note[NOTE]))
