"""Reader of Pointing'04: head pose and face boxes of 15 people, no landmarks.

Source: Gourier et al., "Estimating Face Orientation from Robust Detection of Salient Facial Features",
Pointing 2004. Files are named person, person's number, series, picture, tilt and pan: person01146-15+30.jpg.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sdk.results import BBox
from sdk.schemes import IBUG68
from train.datasets.sample import DataError, Reject, Sample, read_each, read_text, stop

_NAME = re.compile(r"personn?e?(\d\d)(\d)(\d\d)([+-]\d+)([+-]\d+)")


def read_pointing04(root: Path, *, reject: Reject = stop) -> Iterator[Sample]:
    """All pictures of the folders Person01 to Person15, in the order of their paths.

    yaw is the pan, which is above 0 to the image left, pitch the tilt, above 0 upwards; roll is not given (NaN).
    Landmarks are NaN.

    Raises:
        DataError: there is no picture, or a name or box is not in its form; the message names the file.
    """
    files = sorted(root.glob("Person*/*.jpg"), key=lambda path: path.relative_to(root).as_posix())
    if not files:
        raise DataError(f"{root}: expected Pointing'04's folders Person01 to Person15, got no picture in them")
    return read_each(files, lambda path: _sample(path, root), reject)


def _sample(path: Path, root: Path) -> Sample:
    parts = _NAME.fullmatch(path.stem)
    if not parts:
        raise DataError(
            f"{path}: expected a name such as person01146-15+30.jpg: person, series, picture, tilt, pan"
        )
    person, series, _, tilt, pan = parts.groups()
    return Sample(
        path,
        np.full((IBUG68.n_points, 2), np.nan, np.float32),
        subject=f"p04:{person}",
        source=path.relative_to(root).as_posix(),
        pose_deg=(float(pan), float(tilt), float("nan")),
        box=_box(path.with_suffix(".txt")),
        subset=f"series{series}",
    )


def _box(path: Path) -> BBox:
    """Lines: the picture's name, an empty one, `Face`, then centre x, centre y, width and height."""
    lines = [(k, line.strip()) for k, line in enumerate(read_text(path).splitlines(), 1) if line.strip()]
    start = next((i for i, (_, text) in enumerate(lines) if text == "Face"), None)
    if start is None or len(lines) < start + 5:
        raise DataError(f"{path}: expected the line 'Face' and four numbers below it: centre x, y, width, height")
    x, y, width, height = (_number(line, path) for line in lines[start + 1 : start + 5])
    if width <= 0 or height <= 0:
        raise DataError(f"{path}: expected a width and height above 0, got {width:g} x {height:g}")
    return BBox(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _number(line: tuple[int, str], path: Path) -> float:
    try:
        return float(line[1])
    except ValueError:
        raise DataError(f"{path}, line {line[0]}: expected a number, got {line[1]!r}") from None
