"""Digests of what a run is made of: they tell a run that goes on from one on other data."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sdk.errors import InputError
from sdk.shape_model import ShapeModel
from train.checkpoint import CheckpointError

SHAPE_MODEL = "shape_model_sha256"
"""Key of the digest of its shape model in the note of a best.npz."""


def shape_model_digest(shape_model: ShapeModel) -> str:
    """SHA-256 of a shape model's numbers, whatever file they lie in."""
    digest = hashlib.sha256()
    for name, array in shape_model.arrays().items():
        _add(digest, name, array)
    return digest.hexdigest()


def data_digest(faces: Sequence[Any]) -> str:
    """Number of faces, and SHA-256 of all that is known of them: points, poses, names, sizes of the images.

    A folder may be moved; where its files lie does not count.

    Args:
        faces: dataclasses with a `path`, as `Sample` and the detector's `Photo`.
    """
    digest = hashlib.sha256()
    for face in faces:
        for field in dataclasses.fields(face):
            value = getattr(face, field.name)
            _add(digest, field.name, _size(value) if isinstance(value, Path) else value)
    return f"{len(faces)} faces, {digest.hexdigest()}"


def check_same_data(path: Path, there: Mapping[str, str], here: Mapping[str, str]) -> None:
    """Refuse to go on from the checkpoint `path` of a run on other data; one that does not say is taken.

    Raises:
        CheckpointError: digests differ; the message says of what, and how many faces there were.
    """
    changed = [name for name in here if name in there and there[name] != here[name]]
    if changed:
        counts = (f"{name}: {_count(there[name])} then, {_count(here[name])} now" for name in changed)
        raise CheckpointError(
            f"{path}: belongs to a run on other data ({'; '.join(counts)}); points, faces or the shape model were "
            "changed since. Use another --out, or remove the folder to start again"
        )


def check_shape_model(path: Path, shape_model: ShapeModel, weights: Path, note: Mapping[str, Any]) -> None:
    """Refuse a shape model that is not the one of the run that made `weights`; a note without a digest takes any.

    Raises:
        InputError: the digests differ; the message names both files.
    """
    theirs, ours = note.get(SHAPE_MODEL), shape_model_digest(shape_model)
    if theirs not in (None, ours):
        raise InputError(
            f"--shape-model {path}: expected the shape model that {weights} was trained with ({theirs[:12]})"
            f", got another ({ours[:12]}); fit keeps the one that it fits as shape_model.npz in the run's folder"
        )


def _count(said: str) -> str:
    return said.partition(",")[0] if "," in said else said[:12]


def _add(digest: Any, name: str, value: Any) -> None:
    if isinstance(value, np.ndarray):
        head, body = f"{name} {value.dtype} {value.shape}", np.ascontiguousarray(value).tobytes()
    else:
        head, body = name, repr(value).encode()
    digest.update(head.encode() + b"\0" + body + b"\0")


def _size(path: Path) -> int:
    """Bytes of an image; of one that is missing, which its reader will name, -1."""
    return path.stat().st_size if path.is_file() else -1


def folder_digest(folder: Path, texts: Iterable[Path]) -> str:
    """Number and SHA-256 of text files below a folder, names and content, and of the names and sizes of the files
    that share a name with one but for the suffix, as a face's photo does."""
    digest, count = hashlib.sha256(), 0
    listed: dict[Path, dict[str, list[Path]]] = {}
    for text in texts:
        _add(digest, text.relative_to(folder).as_posix(), text.read_bytes())
        if text.parent not in listed:  # each folder is read once, however many faces it has
            listed[text.parent] = _by_stem(text.parent)
        for beside in listed[text.parent][text.stem]:
            if beside != text:
                _add(digest, beside.name, _size(beside))
        count += 1
    return f"{count} faces, {digest.hexdigest()}"


def _by_stem(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        found.setdefault(path.stem, []).append(path)
    return found
