"""Reader of plain folders of .pts files, the format of 300-W, each with its image beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.formats import UNREAD
from sdk.photos import SUFFIXES
from train.datasets.own_scheme import defined_scheme
from train.datasets.sample import DataError, Reject, Sample, read_each, read_text, scheme_of, stop

Float32 = npt.NDArray[np.float32]
Line = tuple[int, str]
"""Number of a line, from 1, and its text."""

_FIRST = (".png", ".jpg", ".jpeg")
_SUFFIXES = tuple(
    spelt
    for suffix in dict.fromkeys((*_FIRST, *SUFFIXES))  # where a face has two images the first of these counts
    for spelt in (suffix, suffix.upper())
)


def read_pts(root: Path, *, reject: Reject = stop) -> Iterator[Sample]:
    """All .pts files below a folder, in the order of their paths. Each photo is its own subject.

    Points are those of the photo as viewers and `FaceAligner` see it: its EXIF orientation is obeyed.

    Raises:
        DataError: there is none, a line cannot be parsed, or an image is missing; the message names the file.
    """
    defined_scheme(root)
    return read_each(pts_files(root), lambda path: pts_sample(path, root, upright=True), reject)


def pts_files(folder: Path) -> list[Path]:
    """The .pts files below a folder, sorted, without macOS's notes ._face.pts; at least one."""
    found = (path for path in folder.rglob("*.pts") if not path.name.startswith("._"))
    files = sorted(found, key=lambda path: path.relative_to(folder).as_posix())
    if not files:
        raise DataError(f"{folder}: expected a folder with .pts files and their images, got no .pts file")
    return files


def pts_sample(path: Path, root: Path, *, subject: str = "", subset: str = "", upright: bool = False) -> Sample:
    """The face of one .pts file; its photo is the subject if none is given. `upright` as in Sample."""
    landmarks = parse_pts(read_text(path), name=str(path))
    image = _image_beside(path)
    source = image.relative_to(root).as_posix()
    scheme = scheme_of(len(landmarks), origin=path)
    return Sample(image, landmarks, subject or source, source, scheme=scheme, subset=subset, upright=upright)


def _image_beside(path: Path) -> Path:
    for suffix in _SUFFIXES:
        image = path.with_suffix(suffix)
        if image.is_file():
            return image
    for suffix, reason in UNREAD.items():
        if path.with_suffix(suffix).is_file() or path.with_suffix(suffix.upper()).is_file():
            raise DataError(f"{path}: expected its image beside it, got {path.stem}{suffix}. {reason}")
    raise DataError(f"{path}: expected its image beside it, {path.stem}.png or {path.stem}.jpg; got none")


def parse_pts(text: str, *, name: str = "pts") -> Float32:
    """Landmarks (n, 2) of a .pts file, with or without its header `version: 1`, `n_points: n` and braces.

    Blank lines are left out, and what follows a # in a line.

    The format counts pixels from 1, as MATLAB does; they become 0-based here.

    Raises:
        DataError: header, braces, count or a number is wrong; the message begins with `name` and the line.
    """
    stripped = ((k, line.partition("#")[0].strip()) for k, line in enumerate(text.splitlines(), 1))
    lines = [(k, line) for k, line in stripped if line]
    texts = [line for _, line in lines]
    if "{" not in texts:
        return _points(lines, name)
    opening = texts.index("{")
    if texts[-1] != "}":
        raise DataError(f"{name}, line {lines[-1][0]}: expected the closing brace, got {texts[-1]!r}; cut short?")
    points = _points(lines[opening + 1 : -1], name)
    announced = _n_points(lines[:opening], name)
    if announced != len(points):
        raise DataError(f"{name}: n_points says {announced}, got {len(points)} points; is the file cut short?")
    return points


def _points(lines: Sequence[Line], name: str) -> Float32:
    if not lines:
        raise DataError(f"{name}: expected lines 'x y', got none")
    return np.array([_point(line, name) for line in lines], np.float32) - 1.0


def _point(line: Line, name: str) -> tuple[float, float]:
    try:
        x, y = (float(word) for word in line[1].split())
    except ValueError:
        raise DataError(f"{name}, line {line[0]}: expected two numbers 'x y', got {line[1]!r}") from None
    if not (np.isfinite(x) and np.isfinite(y)):
        raise DataError(f"{name}, line {line[0]}: expected finite numbers, got {line[1]!r}")
    return x, y


def _n_points(lines: Sequence[Line], name: str) -> int:
    header = {}
    for number, line in lines:
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or key not in ("version", "n_points"):
            raise DataError(f"{name}, line {number}: expected 'version: 1' or 'n_points: n', got {line!r}")
        header[key] = value
    if header.get("version", "1") not in ("1", "1.0"):
        raise DataError(f"{name}: expected version 1 of the format, got {header['version']!r}")
    if not header.get("n_points", "").isdecimal():
        raise DataError(f"{name}: expected 'n_points: n' above the brace, got {header.get('n_points')!r}")
    return int(header["n_points"])
