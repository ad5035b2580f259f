"""Reader of packed sets: a folder with annotations.npz and the face crops that it names."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from train.datasets.sample import DataError, Sample

Split = Literal["train", "val", "test_common", "test_challenging", "test"]
_NEEDED = ("file", "landmarks", "split", "split_dev", "subject", "source")


def read_packed(root: Path, *, split: Split) -> list[Sample]:
    """Samples of one split, in the order of the file.

    `train` and `val` are the development splits (column split_dev), the others the set's own (column split).

    Raises:
        DataError: the folder or a column is missing, or the split is empty; the message names the file.
    """
    if split not in get_args(Split):
        raise DataError(f"split: expected one of {', '.join(get_args(Split))}, got {split!r}")
    table = _load(root / "annotations.npz")
    column = "split_dev" if split in ("train", "val") else "split"
    rows = np.flatnonzero(table[column] == split)
    samples = [
        Sample(
            root / str(table["file"][i]),
            table["landmarks"][i].astype(np.float32),
            str(table["subject"][i]),
            str(table["source"][i]),
        )
        for i in rows
        if np.isfinite(table["landmarks"][i]).all()
    ]
    if not samples:
        known = ", ".join(sorted(set(table[column].tolist())))
        raise DataError(f"{root}: no face with landmarks in split {split!r}; column {column} has: {known}")
    return samples


def _load(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise DataError(
            f"{path}: not found; expected the folder of a packed set, which holds annotations.npz and images/"
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            table = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: expected a numpy archive without pickles, got: {error}") from error
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        raise DataError(f"{path}: expected columns {', '.join(_NEEDED)}; missing {', '.join(missing)}")
    return table
