"""Turn the faces of any reader into a packed set: square crops and one table of what is known about them.

The form is what `read_packed` reads; docs/data.md has its columns.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.parts import new_folder
from train.datasets.aflw import read_aflw
from train.datasets.aflw2000 import read_300wlp
from train.datasets.cofw import read_cofw
from train.datasets.own_scheme import FILE as SCHEME
from train.datasets.pointing04 import read_pointing04
from train.datasets.points import check_points
from train.datasets.pts import read_pts
from train.datasets.sample import DataError, Sample, stop
from train.datasets.w300 import FOLDERS, read_w300
from train.datasets.wflw import read_wflw
from train.square import square_around

JPEG_QUALITY = 92
SEED = 0

PARTIAL = ("attributes", "occluded", "point_weights")
"""What not every face has."""

Row = dict[str, Any]

FORMATS: Mapping[str, Mapping[str, Callable[..., Iterator[Sample]]]] = MappingProxyType(
    {
        "w300": {split: partial(read_w300, split=split) for split in FOLDERS},
        "pts": {"train": read_pts},
        "wflw98": {s: partial(read_wflw, split=s, scheme="wflw98") for s in ("train", "test")},
        "wflw68": {s: partial(read_wflw, split=s, scheme="ibug68") for s in ("train", "test")},
        "cofw29": {s: partial(read_cofw, split=s) for s in ("train", "test")},
        "aflw19": {s: partial(read_aflw, split=s) for s in ("train", "test")},
        "300wlp": {"train": read_300wlp},
        "pointing04": {"train": read_pointing04},
    }
)
"""Names of formats: the reader of each of their official splits."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was written: faces by split_dev, and the message of each face that was left out."""

    faces: Mapping[str, int]
    skipped: tuple[str, ...]


def prepare(
    source: Path, form: str, out: Path, *, val_share: float = 0.1, longest: int = 288, skip_bad: bool = False
) -> Prepared:
    """Write a packed set to the new folder `out`, whole or not at all.

    Args:
        form: a key of FORMATS.
        val_share: share of the train split's subjects that become `val`; the same ones at every run.
        longest: side that larger crops are shrunk to, in pixels; smaller ones keep their size.
        skip_bad: leave out faces that cannot be read, instead of stopping at the first.
    Raises:
        DataError: `out` exists, a face cannot be read, or none is left; the message names the file.
    """
    if form not in FORMATS:
        raise DataError(f"format: expected one of {', '.join(FORMATS)}, got {form!r}")
    if not 0.0 <= val_share < 1.0 or longest < 16:
        raise DataError(f"expected 0 <= val share < 1 and 16 px or more, got {val_share} and {longest}")
    skipped: list[str] = []

    def reject(error: DataError) -> None:
        if not skip_bad:
            stop(error)
        skipped.append(str(error))

    with whole_folder(out) as part:
        rows: list[Row] = []
        for split, read in FORMATS[form].items():
            for sample in read(source, reject=reject):
                try:
                    _check_scheme(sample, rows)
                    rows.append(write_face(sample, split, part, len(rows), longest, check=True))
                except DataError as error:
                    reject(error)
        if not rows:
            raise DataError(
                f"{source}: no face could be read; the first: {skipped[0] if skipped else 'none there'}"
            )
        table = table_of(rows, val_share)
        write_columns(part / "annotations.npz", table)
        if (source / SCHEME).is_file():
            shutil.copyfile(source / SCHEME, part / SCHEME)
    return Prepared(Counter(table["split_dev"].tolist()), tuple(skipped))


def write_columns(path: Path, table: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write an npz. numpy.savez cannot hold the column `file`, the name of its own first argument."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, column in table.items():
            with archive.open(f"{name}.npy", "w") as entry:
                np.lib.format.write_array(entry, column, allow_pickle=False)


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to be filled, `out` with .part added; it becomes `out` at the end, after an error nothing is left.

    Raises:
        DataError: `out` exists, or cannot be written.
    """
    if out.exists():
        raise DataError(f"{out}: exists already; remove it or choose another folder")
    part: Path | None = None  # a folder of this name that is there already belongs to somebody
    try:
        part = new_folder(out)
        (part / "images").mkdir()
        yield part
        os.replace(part, out)
    except OSError as error:
        raise DataError(f"{out}: could not be written ({error.strerror or error})") from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)


def _check_scheme(sample: Sample, rows: Sequence[Row]) -> None:
    if rows and sample.scheme != rows[0]["scheme"]:
        first = f"{rows[0]['scheme']} as in {rows[0]['source']}"
        raise DataError(
            f"{sample.path}: expected the points of {first}, got {sample.scheme}; a set has one scheme"
        )


def write_face(sample: Sample, split: str, folder: Path, index: int, longest: int, *, check: bool = False) -> Row:
    """Write the crop as images/INDEX.jpg below a folder and return the face's row of the table.

    Raises:
        DataError: the image cannot be read, or, where `check` asks for it, its points cannot be a face's.
    """
    import cv2

    image = sample.read_image()
    height, width = image.shape[:2]
    if check:
        check_points(sample.landmarks, width, height, origin=sample.path)
    square = square_around(sample, width, height, longest)
    _, jpeg = cv2.imencode(".jpg", square.extract(image), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    name = f"images/{index:06d}.jpg"
    (folder / name).write_bytes(jpeg.tobytes())
    box = sample.box
    corners = [(np.nan, np.nan)] * 2 if box is None else [(box.left, box.top), (box.right, box.bottom)]
    return {
        "file": name,
        "landmarks": square.to_crop(sample.landmarks),
        "pose_deg": np.asarray(sample.pose_deg, np.float32),
        "subject": sample.subject,
        "split": split,
        "source": sample.source,
        "subset": sample.subset,
        "scheme": sample.scheme,
        "face_box": square.to_crop(corners).ravel(),
        "crop_xys_scale": np.array([square.left, square.top, square.side, square.scale], np.float32),
        "orig_wh": np.array([width, height], np.int32),
        "pad_ltrb": np.array(square.padding(width, height), np.int32),
        "occluded": sample.occluded,
        "point_weights": sample.point_weights,
        "attributes": dict(sample.attributes),
    }


def table_of(rows: Sequence[Row], val_share: float) -> dict[str, npt.NDArray[Any]]:
    """The columns of annotations.npz, a share of the train split's subjects marked as val."""
    train = {row["subject"] for row in rows if row["split"] == "train"}
    val = val_subjects(train, val_share)
    table = {name: np.array([row[name] for row in rows]) for name in rows[0] if name not in PARTIAL}
    table["split_dev"] = np.array([_split_dev(row, val) for row in rows])
    for name in ("occluded", "point_weights"):
        if all(row[name] is not None for row in rows):
            table[name] = np.array([row[name] for row in rows])
    names = list(dict.fromkeys(name for row in rows for name in row["attributes"]))
    if names:
        values = [[row["attributes"].get(name, np.nan) for name in names] for row in rows]
        table |= {"attribute_names": np.array(names), "attributes": np.array(values, np.float32)}
    return table


def _split_dev(row: Row, val: frozenset[str]) -> str:
    if row["split"] != "train":
        return "test"
    return "val" if row["subject"] in val else "train"


def val_subjects(subjects: set[str], share: float) -> frozenset[str]:
    """Which subjects become `val`: a share of them, at least one unless the share is 0, drawn by a fixed seed.

    Raises:
        DataError: a single subject cannot be on both sides.
    """
    if share == 0.0 or not subjects:
        return frozenset()
    known = sorted(subjects)
    n = max(1, round(share * len(known)))
    if n >= len(known):
        raise DataError(
            f"val: expected more subjects than {n}, got {len(known)}; a val share of 0 makes no val split"
        )
    drawn = np.random.default_rng(SEED).permutation(len(known))[:n]
    return frozenset(known[i] for i in drawn)
