"""Reader of packed sets: a folder with annotations.npz and the face crops that it names (docs/data.md)."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.results import BBox
from train.datasets.own_scheme import defined_scheme
from train.datasets.sample import UNKNOWN_POSE, DataError, Sample, scheme_of
from train.datasets.wflw import ATTRIBUTES

Split = Literal["train", "val", "test_common", "test_challenging", "test"]
_NEEDED = ("file", "landmarks", "split", "split_dev", "subject", "source")
_OPTIONAL = ("pose_deg", "attributes", "face_box", "subset", "scheme", "occluded", "point_weights")

UNNAMED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"InfAnFace": ("turned", "occluded", "expressive", "tilted")}
)
"""Flags of sets, by folder, whose table does not name them."""

Table = Mapping[str, np.ndarray]


def read_packed(root: Path, *, split: Split, require_landmarks: bool = True) -> list[Sample]:
    """Samples of one split, in the order of the file.

    `train` and `val` are the development splits (column split_dev), the others the set's own (column split); so is
    `test`, but in sets whose own splits are called otherwise it is the development split.

    Args:
        require_landmarks: leave out the faces without landmarks; False keeps them, with NaN.
    Raises:
        DataError: the folder or a column is missing, or the split is empty; the message names the file.
    """
    if split not in get_args(Split):
        raise DataError(f"split: expected one of {', '.join(get_args(Split))}, got {split!r}")
    defined_scheme(root)
    table = _load(root / "annotations.npz")
    column = column_of(split, table["split"])
    usable = table[column] == split
    if require_landmarks:
        usable &= np.isfinite(table["landmarks"]).all(axis=(1, 2))
    samples = [_sample(root, table, int(i)) for i in np.flatnonzero(usable)]
    if not samples:
        known = ", ".join(sorted(set(table[column].tolist())))
        kind = "face with landmarks" if require_landmarks else "face"
        raise DataError(f"{root}: no {kind} in split {split!r}; column {column} has: {known}")
    return samples


def column_of(split: str, own: npt.NDArray[np.str_]) -> str:
    """The column that a split is looked up in, by the names of a set's own splits (faces,)."""
    named_so = any(str(name).startswith("test") for name in set(own.tolist()))
    return "split" if split.startswith("test") and (split != "test" or named_so) else "split_dev"


def _sample(root: Path, table: Table, i: int) -> Sample:
    landmarks = table["landmarks"][i].astype(np.float32)
    return Sample(
        root / str(table["file"][i]),
        landmarks,
        str(table["subject"][i]),
        str(table["source"][i]),
        scheme=str(table["scheme"][i]) if "scheme" in table else scheme_of(len(landmarks), origin=root),
        pose_deg=_pose(table["pose_deg"][i]) if "pose_deg" in table else UNKNOWN_POSE,
        box=_box(table["face_box"][i], root, i) if "face_box" in table else None,
        attributes=_attributes(root, table, i),
        occluded=table["occluded"][i].astype(bool) if "occluded" in table else None,
        subset=str(table["subset"][i]) if "subset" in table else "",
        point_weights=table["point_weights"][i].astype(np.float32) if "point_weights" in table else None,
    )


def _pose(row: np.ndarray) -> tuple[float, float, float]:
    yaw, pitch, roll = (float(v) for v in row)
    return yaw, pitch, roll


def _box(row: np.ndarray, root: Path, i: int) -> BBox | None:
    if not np.isfinite(row).all():
        return None
    try:
        return BBox(*(float(v) for v in row))
    except InputError as error:
        raise DataError(f"{root / 'annotations.npz'}, row {i}, face_box: {error}") from error


def _attributes(root: Path, table: Table, i: int) -> dict[str, float]:
    """Names are in the column attribute_names; six values without names are WFLW's flags."""
    if "attributes" not in table:
        return {}
    values = [float(v) for v in table["attributes"][i]]
    if "attribute_names" in table:
        names = [str(name) for name in table["attribute_names"]]
    else:
        names = list(UNNAMED.get(root.name, ATTRIBUTES if len(values) == len(ATTRIBUTES) else ()))
        names += [str(k) for k in range(len(names), len(values))]
    return {name: value for name, value in zip(names, values, strict=True) if np.isfinite(value)}


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(
            f"{path}: not found; expected the folder of a packed set, which holds annotations.npz and images/"
        )
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            table = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: expected a numpy archive without pickles, got: {error}") from error
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        raise DataError(f"{path}: expected columns {', '.join(_NEEDED)}; missing {', '.join(missing)}")
    _check(table, path)
    return table


def _check(table: Table, path: Path) -> None:
    """Every column has a row for each face, of the width that its name promises."""
    n = len(table["file"])
    for name in (*_NEEDED, *_OPTIONAL):
        if name in table and len(table[name]) != n:
            raise DataError(f"{path}: expected {n} rows in column {name}, as in file; got {len(table[name])}")
    for name, width in (("landmarks", (-1, 2)), ("pose_deg", (3,)), ("face_box", (4,))):
        got = table[name].shape[1:] if name in table else width
        if len(got) != len(width) or got[-1] != width[-1]:
            raise DataError(f"{path}: expected column {name} ({n}, {', '.join(map(str, width))}), got {got}")
    if "attribute_names" in table and len(table["attribute_names"]) != table["attributes"].shape[1]:
        raise DataError(f"{path}: expected a name in attribute_names for each of the columns of attributes")
