"""Detectors against the photos of detection/: where landmark boxes lie, and how many faces are found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.detector import HaarDetector
from sdk.errors import InputError
from sdk.results import BBox


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo and the landmark boxes annotated by people."""

    path: Path
    source: str
    boxes: tuple[BBox, ...]


def read_photos(root: Path, *, split: str) -> Iterator[Photo]:
    """Photos of one split that have human boxes, in the order of the file."""
    table = root / "annotations.json"
    if not table.is_file():
        raise InputError(f"{table}: not found; expected the folder detection/ of the face data")
    for image in json.loads(table.read_text(encoding="utf-8"))["images"]:
        boxes = tuple(BBox(*f["box_xyxy"]) for f in image["faces"] if f["kind"] == "landmarks")
        if image["split"] == split and boxes:
            yield Photo(root / image["file"], image["source"], boxes)


def overlap(a: BBox, b: BBox) -> float:
    """Intersection over union."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (a.width * a.height + b.width * b.height - both)


def haar_box(root: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], int]:
    """Landmark boxes in units of the cascade's own box: median and deviation of left, top, right, bottom,
    over the train photos; and how many faces were matched."""
    import cv2

    detector = HaarDetector()
    detector.BOX = (0.0, 0.0, 1.0, 1.0)  # type: ignore[misc]  # the cascade's own box
    rows: list[Sequence[float]] = []
    for photo in read_photos(root, split="train"):
        found = [d.box for d in detector(cv2.imread(str(photo.path)))]
        for truth in photo.boxes:
            best = max(found, key=lambda box: overlap(box, truth), default=None)
            if best is not None and overlap(best, truth) > 0.3:
                x = [(v - best.left) / best.width for v in (truth.left, truth.right)]
                y = [(v - best.top) / best.height for v in (truth.top, truth.bottom)]
                rows.append((x[0], y[0], x[1], y[1]))
    table = np.array(rows)
    return np.median(table, axis=0), table.std(axis=0), len(rows)
