"""Points of a set's own markup as one more opinion: refitted to what the teachers say of the set.

Another markup has points in other places, so that they are no landmarks. A ridge regression from them to the
teachers' mean, never fitted to the face itself, keeps what annotators saw and takes the markup of the teachers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from train.labelling.ridge import crossed

Float32 = npt.NDArray[np.float32]

FEWEST = 20
"""Faces that a regression in ten parts needs."""


def native_points(source: Path, column: str) -> Mapping[str, Float32]:
    """Points (m, 2) by the file's name below the packed set `source`, of a column (faces, m, 2) of its table.

    Faces whose points are not all known are left out.

    Raises:
        InputError: there is no such column of points.
    """
    path = source / "annotations.npz"
    try:
        with np.load(path, allow_pickle=False) as table:
            files = table["file"]
            columns = {name: table[name] for name in table.files if table[name].ndim == 3}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: expected the table of a packed set, got: {error}") from error
    if column not in columns or columns[column].shape[::2] != (len(files), 2):
        known = ", ".join(columns) or "none"
        raise InputError(f"{path}: expected a column {column} of points (faces, m, 2); such columns are {known}")
    points = columns[column].astype(np.float32)
    return {str(name): p for name, p in zip(files, points, strict=True) if np.isfinite(p).all()}


def refitted(points: Sequence[Float32 | None], means: Sequence[Float32]) -> list[Float32 | None]:
    """Landmarks (n, 2) of each face's points (m, 2), by ridges from other faces' points to their `means` (n, 2).

    Raises:
        InputError: fewer than FEWEST faces have points.
    """
    known = [k for k, p in enumerate(points) if p is not None]
    if len(known) < FEWEST:
        raise InputError(f"native points: expected {FEWEST} faces or more that have them, got {len(known)}")
    fitted = crossed(np.stack([p for p in points if p is not None]), np.stack([means[k] for k in known]))
    found: list[Float32 | None] = [None] * len(points)
    for k, landmarks in zip(known, fitted, strict=True):
        found[k] = landmarks
    return found
