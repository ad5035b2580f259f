"""Packed sets as photos for the detector: one face each, and photos without any."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.shape_model import ShapeModel
from train.datasets import DataError, Sample, read_packed
from train.detection.photos import Photo, stretched
from train.detection.turning import tight_boxes

Float32 = npt.NDArray[np.float32]

FIFTH = 5
HELD_OUT_SETS = ("InfAnFace", "Masked")
"""Packed sets, by folder, a fifth of whose train people is for measuring; no training sees them."""

NO_FACES = np.zeros((0, 68, 2), np.float32)


def is_held_out(name: str) -> bool:
    """Whether a photo or person of this name is in the fifth that is kept for measuring."""
    return zlib.crc32(name.encode()) % FIFTH == 0


def read_pack(root: Path, shape_model: ShapeModel, *, split: str = "train") -> list[Photo]:
    """Photos of a packed set (docs/data.md), each with its one face.

    Faces without landmarks get the mean shape, upright, stretched into their `face_box`; those without either are
    left out, and so are people of HELD_OUT_SETS that are held out.

    Args:
        split: of column split_dev, train or val.
    Raises:
        DataError: the folder is not in the format, or has no face that can be used.
    """
    samples = read_packed(root, split=split, require_landmarks=False)  # type: ignore[arg-type]  # it is checked
    if root.name in HELD_OUT_SETS:
        samples = [s for s in samples if not is_held_out(s.subject)]
    photos = [p for p in (_photo(s, root.name, shape_model) for s in samples) if p is not None]
    if not photos:
        raise DataError(f"{root}: no face with landmarks or a face_box in split {split!r}")
    return photos


def read_packs(roots: Iterable[Path], shape_model: ShapeModel, *, split: str = "train") -> list[Photo]:
    """Those of several sets; a photo that an earlier set has, by a link as well, counts once."""
    kept: dict[Path, Photo] = {}
    for root in roots:
        for photo in read_pack(root, shape_model, split=split):
            kept.setdefault(photo.path.resolve(), photo)
    return list(kept.values())


def read_non_faces(root: Path, *, held_out: bool) -> list[Photo]:
    """Photos without a face: of a folder's annotations.npz, `file` and, NaN where there is none, `false_box`.

    Args:
        held_out: the fifth, by the CRC-32 of the file's name, that no training sees; False: the others.
    Raises:
        DataError: the table is missing or has not these columns.
    """
    table = root / "annotations.npz"
    try:
        with np.load(table, allow_pickle=False) as arrays:
            files, boxes = arrays["file"].tolist(), arrays["false_box"].astype(np.float32)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{table}: expected columns file and false_box of photos without a face ({error})"
        ) from error
    return [
        replace(_empty(root / file, root.name), decoys=box[None][np.isfinite(box).all()[None]])
        for file, box in zip(files, boxes, strict=True)
        if is_held_out(Path(file).name) == held_out
    ]


def _photo(sample: Sample, source: str, shape_model: ShapeModel) -> Photo | None:
    points, box = sample.landmarks, sample.box
    checked = bool(np.isfinite(points).all())
    if not checked:
        if box is None:
            return None
        points = stretched(np.asarray(shape_model.mean, np.float32), box)
    rolls = np.array([roll_of(points, shape_model) if checked else 0.0], np.float32)
    return Photo(sample.path, source, tight_boxes(points[None]), np.array([checked]), points[None], rolls)


def roll_of(landmarks: Float32, shape_model: ShapeModel) -> float:
    """Turn of landmarks (n, 2) against the upright mean shape, degrees in (-180, 180], clockwise positive."""
    turn = shape_model.align(landmarks)[1].a
    return float(-np.degrees(np.angle(turn)))


def _empty(path: Path, source: str) -> Photo:
    none = np.zeros((0, 4), np.float32)
    return Photo(path, source, none, np.zeros(0, bool), NO_FACES, np.zeros(0, np.float32))
