"""Photos on disk: which ones a command line means, reading and writing them."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError

UInt8 = npt.NDArray[np.uint8]

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
"""What counts as a photo in a folder."""


def find_photos(arguments: Sequence[str]) -> list[Path]:
    """The photos that files, folders and patterns such as `holiday/**/*.jpg` name, each once, folders in order.

    Raises:
        InputError: a folder has no photo, or nothing matches a pattern. Files are not looked for here.
    """
    found: dict[Path, None] = {}
    for argument in arguments:
        found |= dict.fromkeys(_named(argument))
    return list(found)


def _named(argument: str) -> list[Path]:
    path = Path(argument)
    if path.is_dir():
        photos = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
        if not photos:
            raise InputError(f"folder {argument}: expected photos ({', '.join(SUFFIXES)}), found none")
        return photos
    if glob.has_magic(argument) and not path.is_file():
        matches = (Path(name) for name in glob.glob(argument, recursive=True))
        photos = sorted(p for p in matches if p.suffix.lower() in SUFFIXES and p.is_file())
        if not photos:
            raise InputError(f"pattern {argument}: expected photos ({', '.join(SUFFIXES)}), nothing matches")
        return photos
    return [path]


def is_one_photo(arguments: Sequence[str]) -> bool:
    """Whether a command line means a single photo by its name, not a folder or a pattern."""
    return len(arguments) == 1 and not Path(arguments[0]).is_dir() and _named(arguments[0]) == [Path(arguments[0])]


def picture_names(photos: Sequence[Path]) -> list[str]:
    """A file name for the marked picture of each photo; where two photos share theirs, the folder comes before."""
    names = [photo.name for photo in photos]
    taken: set[str] = set()
    chosen = []
    for photo, name in zip(photos, names, strict=True):
        unique = name if names.count(name) == 1 else f"{photo.parent.name}_{name}"
        while unique in taken:
            unique = f"_{unique}"
        taken.add(unique)
        chosen.append(unique)
    return chosen


def read_photo(path: Path) -> UInt8:
    """A photo (h, w, 3) uint8 BGR.

    Raises:
        InputError: it is missing, or no image that OpenCV reads.
    """
    import cv2

    if not path.is_file():
        raise InputError(f"photo {path}: not found")
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
    if image is None:
        raise InputError(f"photo {path}: expected an image that OpenCV can read (JPEG, PNG, BMP, WebP, TIFF)")
    return np.asarray(image, np.uint8)


def write_photo(path: Path, picture: UInt8) -> None:
    """Write a picture in the format of its suffix, whole or not at all."""
    import cv2

    try:
        ok, data = cv2.imencode(path.suffix or ".png", picture)
    except cv2.error:
        ok = False
    if not ok:
        raise InputError(f"--out {path}: expected an image suffix such as .png or .jpg, got {path.suffix!r}")
    write_file(path, bytes(data))


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        if part.is_file():
            part.unlink()
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
