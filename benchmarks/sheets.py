"""Contact sheets: predictions drawn on many photos, for eyes to find what numbers miss."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk import FaceAligner, draw
from sdk.photos import read_photo
from train.datasets import read_packed
from train.datasets.packed import Split
from train.plots import contact_sheet

UInt8 = npt.NDArray[np.uint8]

__all__ = ["contact_sheet", "predictions_on_folder", "predictions_on_split"]


def predictions_on_split(aligner: FaceAligner, root: Path, split: Split, *, every: int) -> Iterator[UInt8]:
    """`predict` drawn on every n-th crop of a packed set."""
    for sample in read_packed(root, split=split)[::every]:
        image = sample.read_image()
        yield draw(image, aligner.predict(image))


def predictions_on_folder(aligner: FaceAligner, folder: Path) -> Iterator[UInt8]:
    """`predict` drawn on every image of a folder, in order of name."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    for path in paths:
        image = read_photo(path)
        yield draw(image, aligner.predict(image))
