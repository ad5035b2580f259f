"""Detectors against the photos of detection/: faces found, hits on nothing, at several rolls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.annotations import corrected
from sdk import BBox, Detection, FaceAligner
from sdk.errors import InputError
from train.detection.photos import Photo, read_photos, with_landmarks
from train.detection.turning import tight_boxes, turned
from train.detection.validation import MATCH

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Find = Callable[[UInt8], Sequence[Detection]]


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """What one finder of faces found in the photos of one source, turned by one angle.

    Attributes:
        detector, source: names; photos, faces: how many; a face counts if a person annotated it.
        turn_deg: how far the photos were turned, clockwise.
        recall: share of the faces that a hit overlaps (IoU) by MATCH or more.
        false_per_photo: hits that overlap no listed face by as much. Photos hold unlisted faces.
        overlap: median IoU of found faces and their best hit.
        roll_error_deg: median difference between that hit's roll and the aligner's, look by look refined.
    """

    detector: str
    source: str
    turn_deg: float
    photos: int
    faces: int
    recall: float
    false_per_photo: float
    overlap: float
    roll_error_deg: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """A photo as it was shown, what was found, and what that was worth."""

    photo: Photo
    frame: UInt8
    truth: Float32
    found: tuple[Detection, ...]
    overlaps: Float32
    """IoU (listed faces, hits)."""
    match: float = MATCH
    """IoU from which a hit is on a face."""

    @property
    def hits(self) -> npt.NDArray[np.bool_]:
        """(listed faces,) which were found."""
        return np.asarray(self.overlaps.max(axis=1, initial=0.0) >= self.match)

    @property
    def false(self) -> npt.NDArray[np.bool_]:
        """(hits,) which are on no listed face."""
        return np.asarray(self.overlaps.max(axis=0, initial=0.0) < self.match)


def annotated_photos(root: Path, *, split: str, aligner: FaceAligner) -> list[Photo]:
    """Photos of a split with at least one face that a person annotated, with landmarks to turn boxes by.

    Raises:
        InputError: there are none.
    """
    photos = [p for p in read_photos(root, split=split) if p.checked.any()]
    if not photos:
        raise InputError(f"{root}: no annotated photos in split {split!r}; expected train, val or test")
    return [with_landmarks(corrected(photo), aligner) for photo in photos]


def verdicts(
    find: Find, photos: Sequence[Photo], *, turn_deg: float = 0.0, match: float = MATCH
) -> Iterator[Verdict]:
    """What `find` does on each photo, turned whole."""
    for photo in photos:
        frame, landmarks = photo.read_image(), photo.landmarks
        if turn_deg:
            frame, landmarks = turned(frame, landmarks, turn_deg)
        truth = tight_boxes(landmarks)
        found = tuple(find(frame))
        overlaps = [[BBox(*t).overlap(f.box) for f in found] for t in truth.tolist()]
        table = np.array(overlaps, np.float32).reshape(len(truth), len(found))
        yield Verdict(photo, frame, truth, found, table, match)


def to_row(name: str, source: str, turn_deg: float, seen: Sequence[Verdict]) -> DetectionRow:
    """Sum verdicts up."""
    faces = sum(int(v.photo.checked.sum()) for v in seen)
    overlaps, rolls = [], []
    for verdict in seen:
        for index in np.flatnonzero(verdict.photo.checked & verdict.hits):
            best = int(verdict.overlaps[index].argmax())
            overlaps.append(float(verdict.overlaps[index, best]))
            difference = verdict.found[best].roll_deg - float(verdict.photo.roll_deg[index]) - turn_deg
            rolls.append(abs((difference + 180.0) % 360.0 - 180.0))
    return DetectionRow(
        name,
        source,
        turn_deg,
        len(seen),
        faces,
        len(overlaps) / faces,
        sum(int(v.false.sum()) for v in seen) / len(seen),
        float(np.median(overlaps)) if overlaps else 0.0,
        float(np.median(rolls)) if rolls else 0.0,
    )


def measure(
    name: str, find: Find, photos: Sequence[Photo], *, turns_deg: Sequence[float] = (0.0,)
) -> Iterator[DetectionRow]:
    """A row for each source of the photos and each angle."""
    for source in sorted({p.source for p in photos}):
        chosen = [p for p in photos if p.source == source]
        for turn in turns_deg:
            yield to_row(name, source, turn, list(verdicts(find, chosen, turn_deg=turn)))


def to_table(rows: Sequence[DetectionRow]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| detector | photos | turned | faces | recall % | false a photo | median IoU | roll error ° |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {r.detector} | {r.source} | {r.turn_deg:+.0f}° | {r.faces} | {100 * r.recall:.1f} | "
        f"{r.false_per_photo:.3f} | {r.overlap:.2f} | {r.roll_error_deg:.1f} |"
        for r in rows
    ]
    return "\n".join(lines)
