"""Contact sheets: predictions drawn on many photos, for eyes to find what numbers miss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk import FaceAligner, draw
from sdk.errors import InputError
from train.datasets import read_packed
from train.datasets.packed import Split

UInt8 = npt.NDArray[np.uint8]


def contact_sheet(pictures: Iterable[UInt8], *, tile: int, columns: int) -> UInt8:
    """Pictures of any size in a grid of tile x tile squares, shrunk or enlarged to fit."""
    import cv2

    tiles = []
    for picture in pictures:
        scale = tile / max(picture.shape[:2])
        size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
        square = np.full((tile, tile, 3), 32, np.uint8)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        square[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=interpolation)
        tiles.append(square)
    if not tiles:
        raise InputError("contact sheet: expected at least one picture, got none")
    blank = np.full((tile, tile, 3), 32, np.uint8)
    tiles += [blank] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)


def predictions_on_split(aligner: FaceAligner, root: Path, split: Split, *, every: int) -> Iterator[UInt8]:
    """`predict` drawn on every n-th crop of a packed set."""
    for sample in read_packed(root, split=split)[::every]:
        image = sample.read_image()
        yield draw(image, aligner.predict(image))


def predictions_on_folder(aligner: FaceAligner, folder: Path) -> Iterator[UInt8]:
    """`predict` drawn on every image of a folder, in order of name."""
    import cv2

    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    for path in paths:
        image = np.asarray(cv2.imread(str(path)), np.uint8)
        yield draw(image, aligner.predict(image))
