"""Photos on disk: which ones a command line means, reading and writing them."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.formats import UNREAD, what_it_is
from sdk.inputs import read_input
from sdk.outputs import write_file
from sdk.pipes import is_stream

UInt8 = npt.NDArray[np.uint8]

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff"),
    *(".gif", ".avif", ".ppm", ".pgm"),
)
"""What counts as a photo in a folder. Of an animation it is the first picture."""

_AS_JPEG = (".jfif", ".jpe")
"""Names that JPEG files have too, and that OpenCV does not write under."""

_AS_PNG = (".gif", ".avif")
"""Photos whose marked picture is a PNG: OpenCV writes these slowly, in few colours, or not at all."""

_NOWHERE = "a link to a file that is not there"


@dataclass(frozen=True, slots=True)
class Found:
    """What a command line names.

    Attributes:
        photos: each once, folders in order.
        skipped: sentences about photos that nothing here can read, one for each folder and reason.
    """

    photos: list[Path]
    skipped: list[str]


def find_photos(arguments: Sequence[str]) -> Found:
    """The photos that files, folders and patterns such as `holiday/**/*.jpg` name.

    Raises:
        InputError: a folder has no photo, or nothing matches a pattern. Files are not looked for here.
    """
    photos: dict[Path, None] = {}
    skipped: list[str] = []
    for argument in arguments:
        found = _named(argument)
        photos |= dict.fromkeys(found.photos)
        skipped += found.skipped
    return Found(list(photos), skipped)


def _named(argument: str) -> Found:
    path = Path(argument)
    try:
        if path.is_dir():
            return _chosen(path.iterdir(), f"folder {argument}", "found none")
        if glob.has_magic(argument) and not path.is_file():
            matches = (Path(name) for name in glob.glob(argument, recursive=True))
            return _chosen(matches, f"pattern {argument}", "nothing matches")
    except OSError as error:
        raise InputError(f"{argument}: cannot be read ({error.strerror or error})") from error
    return Found([path], [])


def _chosen(paths: Iterable[Path], where: str, otherwise: str) -> Found:
    """The photos among paths; names such as ._a.jpg are notes of macOS, not photos."""
    named = sorted(p for p in paths if not p.name.startswith("._"))
    files = [p for p in named if p.is_file()]
    photos = [p for p in files if p.suffix.lower() in SUFFIXES]
    lost = [p for p in named if p.suffix.lower() in SUFFIXES and p.is_symlink() and not p.exists()]
    unread: dict[str, list[Path]] = {_NOWHERE: lost} if lost else {}
    for path in files:
        reason = UNREAD.get(path.suffix.lower())
        if reason is not None:
            unread.setdefault(reason, []).append(path)
    skipped = [f"{where}: {_count(some)} skipped: {reason}" for reason, some in unread.items()]
    if not photos:
        told = "".join(f"; {sentence}" for sentence in skipped)
        raise InputError(f"{where}: expected photos ({', '.join(SUFFIXES)}), {otherwise}{told}")
    return Found(photos, skipped)


def _count(paths: Sequence[Path]) -> str:
    return paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"


def is_one_photo(arguments: Sequence[str]) -> bool:
    """Whether a command line means a single photo by its name, not a folder or a pattern."""
    if len(arguments) != 1:
        return False
    path = Path(arguments[0])
    try:
        return not path.is_dir() and (path.is_file() or not glob.has_magic(arguments[0]))
    except OSError:
        return True  # what is wrong with it is said when it is read


def picture_names(photos: Sequence[Path]) -> list[str]:
    """A file name for the marked picture of each photo, its own where OpenCV writes such files.

    Where two photos share theirs, the folder comes before; names that differ in case alone are one file elsewhere.
    """
    names = [_picture_name(photo) for photo in photos]
    counts = Counter(name.casefold() for name in names)
    taken: set[str] = set()
    chosen = []
    for photo, name in zip(photos, names, strict=True):
        unique = name if counts[name.casefold()] == 1 else f"{photo.parent.name}_{name}"
        while unique.casefold() in taken:
            unique = f"_{unique}"
        taken.add(unique.casefold())
        chosen.append(unique)
    return chosen


def _picture_name(photo: Path) -> str:
    if str(photo) == "-":
        return "stdin.png"
    return photo.with_suffix(".png").name if photo.suffix.lower() in _AS_PNG else photo.name


def read_photo(path: Path) -> UInt8:
    """A photo (h, w, 3) uint8 BGR.

    Raises:
        InputError: it is missing, may not be read, or is no image that OpenCV reads; the message says what it is.
    """
    import cv2

    data = np.frombuffer(read_input(path, what="photo"), np.uint8)
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (cv2.error, MemoryError) as error:  # such as of more pixels than OpenCV allows
        raise InputError(f"photo {path}: OpenCV cannot read it ({error})") from error
    if image is None:
        raise InputError(
            f"photo {path}: expected an image that OpenCV can read (JPEG, PNG, BMP, WebP, TIFF), "
            f"got {what_it_is(data[:64].tobytes())}"
        )
    return np.asarray(image, np.uint8)


def write_photo(path: Path, picture: UInt8) -> None:
    """Write a picture in the format of its suffix, whole or not at all; to a pipe or `-` without one, a PNG."""
    import cv2

    suffix = path.suffix.lower()
    if is_stream(path) and suffix not in SUFFIXES:
        suffix = ".png"
    try:
        ok, data = cv2.imencode(".jpg" if suffix in _AS_JPEG else suffix or ".png", picture)
    except cv2.error:
        ok = False
    if not ok:
        raise InputError(f"--out {path}: expected an image suffix such as .png or .jpg, got {path.suffix!r}")
    write_file(path, bytes(data))
