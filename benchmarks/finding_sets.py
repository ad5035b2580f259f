"""The sets of `benchmarks.finding`: what `python -m benchmarks detection` measures beside one split of photos."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.detection import annotated_photos
from benchmarks.finding import Bools, Part, PhotoSet
from sdk import FaceAligner
from train.datasets import DataError, Sample, read_packed
from train.detection.packs import read_non_faces, roll_of
from train.detection.photos import Photo
from train.detection.turning import tight_boxes
from train.detection.validation import MATCH

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

HEADS = 0.3
"""Overlap that does for boxes that are drawn around heads, and not around landmarks."""

SIZES = (0.0, 25.0, 50.0, 100.0, np.inf)
"""Edges of the parts by size: longer sides of boxes, pixels of the photo as stored."""

ASIDE = (0.0, 0.6, 0.85, 1.01)
"""Edges of the parts by yaw, in `aside`."""

PANS = (0.0, 37.5, 67.5, 91.0)
MOST_TILT = 60.0
"""Degrees; of Pointing'04, whose heads with a tilt of 90 degrees show no face."""

CUT = (0.0, 0.1)
"""Margin of photos that are cut to the landmark box, in longer sides of it."""

TURNS = (0.0, 45.0, -45.0, 90.0, 180.0)

Maker = Callable[[Path, FaceAligner], Iterator[PhotoSet]]


@dataclass(frozen=True, slots=True, eq=False)
class CutPhoto(Photo):
    """A photo of which only `part`, left, top, right, bottom in whole pixels of the file, is shown."""

    part: tuple[int, int, int, int] = (0, 0, 0, 0)

    def read_image(self) -> UInt8:
        left, top, right, bottom = self.part
        return np.ascontiguousarray(Photo.read_image(self)[top:bottom, left:right])


def wflw(data: Path, aligner: FaceAligner) -> Iterator[PhotoSet]:
    """The part of WFLW's test set that is here; its crops show unlisted faces, too."""
    yield PhotoSet("WFLW part", packed(data / "WFLW_test_subset", "test", aligner), by_yaw(), MATCH, whole=False)


def detection(data: Path, aligner: FaceAligner) -> Iterator[PhotoSet]:
    """AFW by size, HELEN test turned."""
    photos = annotated_photos(data / "detection", split="test", aligner=aligner)
    chosen = {name: [p for p in photos if p.source == name] for name in ("afw", "helen_test")}
    yield PhotoSet("AFW", chosen["afw"], by_size(), MATCH, whole=True)
    yield PhotoSet("HELEN test", chosen["helen_test"], {}, MATCH, whole=True, turns_deg=TURNS)


def frames(data: Path, aligner: FaceAligner) -> Iterator[PhotoSet]:
    """Photos of all kinds; those that list all their faces, and the others."""
    table = data / "frames" / "frames.json"
    try:
        rows = json.loads(table.read_text(encoding="utf-8"))["frames"]
        for whole in (True, False):
            photos = [_frame(table.parent, row) for row in rows if row["all_faces_listed"] == whole]
            name = "frames, all faces listed" if whole else "frames, some faces listed"
            yield PhotoSet(name, photos, by_size(), HEADS, whole=whole)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{table}: expected frames with file, faces and all_faces_listed ({error!r})") from error


def infants(data: Path, aligner: FaceAligner) -> Iterator[PhotoSet]:
    """Infants of InfAnFace's test split."""
    yield PhotoSet("InfAnFace test", packed(data / "InfAnFace", "test", aligner), by_yaw(), MATCH, whole=False)


def cut(data: Path, aligner: FaceAligner) -> Iterator[PhotoSet]:
    """Test crops of 300-W, whole, and cut to the landmark box with up to a tenth around it."""
    photos = [p for s in ("test_common", "test_challenging") for p in packed(data / "300W", s, aligner)]
    yield PhotoSet("300W test", photos, by_yaw(), MATCH, whole=False)
    yield PhotoSet(
        "300W test, cut to the face", [cut_photo(p, i) for i, p in enumerate(photos)], {}, MATCH, whole=False
    )


def non_faces(data: Path, aligner: FaceAligner) -> Iterator[PhotoSet]:
    """Photos without a face: those that may be trained on, and the fifth that is kept out."""
    for held_out in (False, True):
        name = f"NonFace, {'kept out of training' if held_out else 'others'}"
        yield PhotoSet(name, read_non_faces(data / "NonFace", held_out=held_out), {}, MATCH, whole=True)


def pointing(data: Path, aligner: FaceAligner) -> Iterator[PhotoSet]:
    """Test people of Pointing'04, by pan."""
    samples = read_packed(data / "Pointing04", split="test", require_landmarks=False)
    samples = [s for s in samples if s.box is not None and abs(s.pose_deg[1]) <= MOST_TILT]
    pans = {s.path: abs(s.pose_deg[0]) for s in samples}
    photos = [_boxed(s) for s in samples]
    yield PhotoSet(
        "Pointing04 test", photos, _between("pan", PANS, lambda p: np.array([pans[p.path]])), HEADS, whole=True
    )


SETS: Mapping[str, tuple[str, Maker]] = MappingProxyType(
    {
        "wflw": ("WFLW_test_subset", wflw),
        "detection": ("detection", detection),
        "frames": ("frames", frames),
        "infants": ("InfAnFace", infants),
        "cut": ("300W", cut),
        "non-faces": ("NonFace", non_faces),
        "pointing": ("Pointing04", pointing),
    }
)
"""By name: the folder below the data folder, and what makes the sets of it."""


def read_sets(data: Path, names: Sequence[str] | None, aligner: FaceAligner) -> Iterator[PhotoSet]:
    """Sets by the keys of SETS; None: those that are there."""
    for name in SETS if names is None else names:
        folder, maker = SETS[name]
        if names is not None or (data / folder).is_dir():
            yield from maker(data, aligner)


def packed(root: Path, split: str, aligner: FaceAligner) -> list[Photo]:
    """Photos of the faces with landmarks of a split of a packed set."""
    samples = read_packed(root, split=split)  # type: ignore[arg-type]  # checked there
    return [_with_points(s, root.name, aligner) for s in samples]


def _with_points(sample: Sample, source: str, aligner: FaceAligner) -> Photo:
    points = sample.landmarks[None]
    roll = np.array([roll_of(sample.landmarks, aligner.model.shape_model)], np.float32)
    return Photo(sample.path, source, tight_boxes(points), np.array([True]), points, roll)


def _boxed(sample: Sample) -> Photo:
    assert sample.box is not None, "the caller has seen to it"
    b = sample.box
    return _of_boxes(sample.path, sample.source, [[b.left, b.top, b.right, b.bottom]])


def _frame(root: Path, frame: dict[str, Any]) -> Photo:
    return _of_boxes(root / frame["file"], str(frame["source"]), [face["box_xyxy"] for face in frame["faces"]])


def _of_boxes(path: Path, source: str, edges: Sequence[Sequence[float]]) -> Photo:
    """Corners stand in for landmarks, which say where the boxes are."""
    boxes = np.array(edges, np.float32).reshape(-1, 4)
    corners = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    return Photo(path, source, boxes, np.ones(len(boxes), bool), corners, np.zeros(len(boxes), np.float32))


def cut_photo(photo: Photo, number: int) -> CutPhoto:
    """A photo of one face cut to its box, with a margin within CUT that depends on the number alone."""
    box = photo.boxes[0]
    margin = float((box[2:] - box[:2]).max()) * np.random.default_rng(number).uniform(*CUT)
    left, top = (max(0, int(np.floor(v - margin))) for v in box[:2])
    right, bottom = (int(np.ceil(v + margin)) + 1 for v in box[2:])
    points = photo.landmarks - np.array([left, top], np.float32)
    part = (left, top, right, bottom)
    return CutPhoto(
        photo.path, photo.source, tight_boxes(points), photo.checked, points, photo.roll_deg, part=part
    )


def by_size() -> Mapping[str, Part]:
    """Parts by the longer side of the box."""
    return _between(
        "side", SIZES, lambda photo: (photo.boxes[:, 2:] - photo.boxes[:, :2]).max(axis=1, initial=0.0)
    )


def by_yaw() -> Mapping[str, Part]:
    """Parts by how far a face looks aside."""
    return _between("aside", ASIDE, lambda photo: np.array([aside(face) for face in photo.landmarks]))


def aside(landmarks: Float32) -> float:
    """How far a face (68, 2) looks aside: where the tip of its nose is between the ends of the jaw; 0 in the
    middle, 1 at an end and beyond."""
    right, left = landmarks[0], landmarks[16]
    axis = left - right
    place = float((landmarks[30] - right) @ axis / max(float(axis @ axis), 1e-9))
    return min(1.0, abs(2.0 * place - 1.0))


def _between(what: str, edges: Sequence[float], of: Callable[[Photo], Any]) -> Mapping[str, Part]:
    def part(low: float, high: float) -> Part:
        def chosen(photo: Photo) -> Bools:
            values = np.asarray(of(photo))
            return np.asarray((values >= low) & (values < high))

        return chosen

    return {_range(what, low, high): part(low, high) for low, high in pairwise(edges)}


def _range(what: str, low: float, high: float) -> str:
    return f"{what} from {low:g}" if np.isinf(high) else f"{what} {low:g} to {high:g}"
