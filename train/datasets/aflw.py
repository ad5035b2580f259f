"""Reader of AFLW with the 19 points per face of AFLWinfo_release.mat.

Source: Zhu et al., "Unconstrained Face Alignment via Cascaded Compositional Learning", CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sdk.errors import InputError
from sdk.results import BBox
from sdk.schemes import AFLW19
from train.datasets.matlab import load_mat, numbers
from train.datasets.sample import DataError, Reject, Sample, read_each, stop

AflwSplit = Literal["train", "test"]

TRAIN_FACES = 20_000
"""The first so many of the published permutation `ra` are for training, the other 4,386 for the test."""

_IMAGES = ("data/flickr", "images", ".")
"""Where the folders 0, 2 and 3 of the images may lie below the root."""


def read_aflw(root: Path, *, split: AflwSplit, reject: Reject = stop) -> Iterator[Sample]:
    """Faces of a split, in the order of the file, from a folder with AFLWinfo_release.mat and AFLW's images.

    `subset` is `frontal` where all points are visible: those of the test split are AFLW-Frontal. `occluded` is the
    complement of the file's visibility; hidden points have coordinates too. Coordinates are taken as they are.

    Raises:
        DataError: scipy, the file or a variable is missing, or of another shape; the message names the file.
    """
    if split not in ("train", "test"):
        raise DataError(f"split: expected train or test, got {split!r}")
    path = root / "AFLWinfo_release.mat"
    table = load_mat(path)
    order = numbers(table, "ra", (-1,), path).astype(np.int64) - 1
    n = len(order)
    if not np.array_equal(np.sort(order), np.arange(n)):
        raise DataError(f"{path}: expected ra to be a permutation of 1 to {n}")
    names = np.asarray(table.get("nameList"), object).reshape(-1)
    if len(names) != n:
        raise DataError(f"{path}: expected nameList with {n} names, got {len(names)}")
    faces = {
        "names": names,
        "data": numbers(table, "data", (n, 2, AFLW19.n_points), path),
        "bbox": numbers(table, "bbox", (n, 4), path),
        "visible": numbers(table, "mask_new", (n, -1), path) if "mask_new" in table else None,
    }
    images = next(root / folder for folder in _IMAGES if (root / folder).is_dir())
    chosen = np.sort(order[:TRAIN_FACES] if split == "train" else order[TRAIN_FACES:])
    return read_each(chosen.tolist(), lambda i: _sample(faces, i, path, images), reject)


def _sample(faces: dict[str, Any], i: int, path: Path, images: Path) -> Sample:
    name = str(faces["names"][i])
    left, right, top, bottom = (float(v) for v in faces["bbox"][i])
    visible = None if faces["visible"] is None else faces["visible"][i] > 0.5
    try:
        box = BBox(left, top, right, bottom)
        return Sample(
            images / name,
            faces["data"][i].T.astype(np.float32),
            subject=f"aflw:{name}",
            source=name,
            scheme=AFLW19.name,
            box=box,
            occluded=None if visible is None else ~visible,
            subset="" if visible is None else "frontal" if visible.all() else "profile",
        )
    except InputError as error:
        raise DataError(f"{path}, face {i + 1}: {error}") from error
