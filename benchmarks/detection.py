"""Detectors against the photos of detection/: where landmark boxes lie, and how many faces are found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.detector import HaarDetector
from sdk.errors import InputError
from sdk.results import BBox

MATCH = 0.4
"""Overlap (IoU) from which a hit is on a face."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo and the landmark boxes annotated by people."""

    path: Path
    source: str
    boxes: tuple[BBox, ...]
    others: tuple[BBox, ...]
    """Faces that a detector found and nobody checked: neither asked for nor counted as false."""


def read_photos(root: Path, *, split: str) -> Iterator[Photo]:
    """Photos of one split that have human boxes, in the order of the file."""
    table = root / "annotations.json"
    if not table.is_file():
        raise InputError(f"{table}: not found; expected the folder detection/ of the face data")
    for image in json.loads(table.read_text(encoding="utf-8"))["images"]:
        boxes = tuple(BBox(*f["box_xyxy"]) for f in image["faces"] if f["kind"] == "landmarks")
        if image["split"] == split and boxes:
            others = tuple(BBox(*f["box_xyxy"]) for f in image["faces"] if f["kind"] != "landmarks")
            yield Photo(root / image["file"], image["source"], boxes, others)


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
            best = max(found, key=truth.overlap, default=None)
            if best is not None and best.overlap(truth) > 0.3:
                x = [(v - best.left) / best.width for v in (truth.left, truth.right)]
                y = [(v - best.top) / best.height for v in (truth.top, truth.bottom)]
                rows.append((x[0], y[0], x[1], y[1]))
    table = np.array(rows)
    return np.median(table, axis=0), table.std(axis=0), len(rows)


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """What a finder of faces found: recall over the annotated faces, hits on no listed face per photo."""

    name: str
    photos: int
    faces: int
    recall: float
    false_per_photo: float


def measure(
    name: str, find: Callable[[npt.NDArray[np.uint8]], Sequence[BBox]], photos: Sequence[Photo]
) -> DetectionRow:
    """Recall and false hits of `find`; a hit overlaps a listed box (IoU) by MATCH or more."""
    import cv2

    found_faces = faces = false = 0
    for photo in photos:
        found = find(np.asarray(cv2.imread(str(photo.path)), np.uint8))
        faces += len(photo.boxes)
        found_faces += sum(any(t.overlap(b) >= MATCH for b in found) for t in photo.boxes)
        listed = (*photo.boxes, *photo.others)
        false += sum(all(t.overlap(b) < MATCH for t in listed) for b in found)
    return DetectionRow(name, len(photos), faces, found_faces / faces, false / len(photos))
