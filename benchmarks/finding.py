"""Faces that are hard to find, and photos without any: which of them a detector finds, by set and part.

A part of a set is a choice of its faces, by size or by how far they look aside; hits on no listed face are counted
where a set lists all faces of its photos.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.detection import Find, Verdict, verdicts
from train.detection.photos import Photo

Bools = npt.NDArray[np.bool_]
Float32 = npt.NDArray[np.float32]
Part = Callable[[Photo], Bools]
"""Which faces of a photo (faces,) belong to a part."""


@dataclass(frozen=True, slots=True, eq=False)
class PhotoSet:
    """Photos to find faces in.

    Attributes:
        parts: choices of faces by name, beside all of them.
        match: overlap (IoU) from which a hit is on a face: less where boxes are drawn around heads.
        whole: all faces of the photos are listed, so that other hits are false.
        turns_deg: how far the photos are turned, clockwise; a row each.
    """

    name: str
    photos: Sequence[Photo]
    parts: Mapping[str, Part]
    match: float
    whole: bool
    turns_deg: Sequence[float] = (0.0,)


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What one finder of faces found of a part of a set.

    Attributes:
        detector, set_name, part: names; turn_deg: how far the photos were turned, clockwise.
        photos, faces, found: how many; a face counts if its box was checked.
        false_hits, false_photos: hits on no listed face, and photos with one or more; None where a set does not
            list all faces, and in rows of parts.
    """

    detector: str
    set_name: str
    part: str
    turn_deg: float
    photos: int
    faces: int
    found: int
    false_hits: int | None
    false_photos: int | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(name: str, find: Find, photos: PhotoSet) -> Iterator[tuple[FindingRow, Sequence[Verdict]]]:
    """Rows of a set, each turn's row of all faces first, with what was seen; rows of parts, where they have faces,
    are of photos that are not turned."""
    for turn in photos.turns_deg:
        seen = list(verdicts(find, photos.photos, turn_deg=turn, match=photos.match))
        yield row(name, photos, seen, turn_deg=turn), seen
        if turn == 0.0:
            for part, chosen in photos.parts.items():
                of_part = row(name, photos, [_of_part(v, chosen) for v in seen])
                if of_part.faces:
                    yield replace(of_part, part=part, false_hits=None, false_photos=None), ()


def row(name: str, photos: PhotoSet, seen: Sequence[Verdict], *, turn_deg: float = 0.0) -> FindingRow:
    """Sum verdicts up."""
    false = [int(v.false.sum()) for v in seen]
    return FindingRow(
        name,
        photos.name,
        "all",
        turn_deg,
        len(seen),
        sum(int(v.photo.checked.sum()) for v in seen),
        sum(int((v.photo.checked & v.hits).sum()) for v in seen),
        sum(false) if photos.whole else None,
        sum(n > 0 for n in false) if photos.whole else None,
    )


def to_table(rows: Sequence[FindingRow]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| detector | set | part | turned | faces | missed | found % | photos | false a photo | with false |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    return "\n".join([*lines, *(_line(r) for r in rows)])


def _line(r: FindingRow) -> str:
    share = f"{100 * r.found / r.faces:.1f}" if r.faces else ""
    false = "" if r.false_hits is None else f"{r.false_hits / r.photos:.3f}"
    photos = "" if r.false_photos is None else f"{r.false_photos}"
    faces = f"{r.turn_deg:+.0f}° | {r.faces} | {r.faces - r.found} | {share}"
    return f"| {r.detector} | {r.set_name} | {r.part} | {faces} | {r.photos} | {false} | {photos} |"


def _of_part(verdict: Verdict, chosen: Part) -> Verdict:
    photo = replace(verdict.photo, checked=verdict.photo.checked & chosen(verdict.photo))
    return replace(verdict, photo=photo)
