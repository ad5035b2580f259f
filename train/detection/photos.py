"""Photos with face boxes, and the landmarks that say where the boxes go when a photo is turned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.aligner import FaceAligner, disagreement
from sdk.detector import Detector
from sdk.inputs import opencv_name
from sdk.results import BBox, Detection
from sdk.shape_model import ShapeModel
from train.checkpoint import read_arrays, write_arrays
from train.datasets.sample import DataError

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

MIN_OVERLAP = 0.6
"""Landmarks whose box overlaps the annotated one (IoU) by less are replaced by the mean shape."""

SAME_FACE = 0.5
"""Annotated boxes that overlap (IoU) by more are of one face."""

UNLISTED_SCORE, SEEN_SCORE = 0.6, 0.2
"""A hit on no listed face may be one from the first on, if two looks agree; a human's box on which no hit from
the second on lies is misplaced. Both were chosen by looking at train photos: of 37 boxes that the second rule
finds in detection/, all lie beside their faces."""

DECOY_SCORE = 0.3
"""Hits on nothing from this score on are worth showing again."""

HIT = 0.4
"""Overlap (IoU) from which a hit is on a face."""

SOURCES = ("landmarks", "detector")
"""Kinds of boxes: of a person's landmarks, or found by a detector and unchecked."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A photo and its faces.

    Attributes:
        path: the image file.
        source: the set it is from.
        boxes: (faces, 4) left, top, right, bottom of the tight landmark boxes, pixels of the file.
        checked: (faces,) bool, True where the box is that of a person's landmarks.
        landmarks: (faces, 68, 2) whose tight boxes are `boxes`; empty where nobody asked for them.
        roll_deg: (faces,) clockwise positive; empty like `landmarks`.
        unsure: (n, 4) boxes of what may be unlisted faces: neither asked for nor denied.
        decoys: (n, 4) boxes of what a detector took for faces.
    """

    path: Path
    source: str
    boxes: Float32
    checked: npt.NDArray[np.bool_]
    landmarks: Float32
    roll_deg: Float32
    unsure: Float32 = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    decoys: Float32 = field(default_factory=lambda: np.zeros((0, 4), np.float32))

    def read_image(self) -> UInt8:
        """Its pixels (h, w, 3), BGR."""
        import cv2

        image = cv2.imread(opencv_name(self.path))
        if image is None:
            raise DataError(f"photo {self.path}: missing, or no image")
        return np.asarray(image, np.uint8)


def read_photos(root: Path, *, split: str, faces: Path | None = None) -> list[Photo]:
    """Photos of one split, in the order of annotations.json.

    Args:
        root: folder with annotations.json and the files that it names.
        faces: what `label_faces` wrote; None leaves the landmarks out.
    Raises:
        DataError: a file is missing or not in the format of docs/data.md.
        CheckpointError: `faces` is missing or damaged.
    """
    labels = read_arrays(faces)[0] if faces is not None else {}
    photos = []
    for image in _images(root, split):
        found = _distinct(image["faces"])
        boxes = np.array([f["box_xyxy"] for f in found], np.float32).reshape(-1, 4)
        checked = np.array([f["kind"] == SOURCES[0] for f in found], bool)
        landmarks = labels.get(f"{image['file']}/landmarks", np.zeros((0, 68, 2), np.float32))
        roll = labels.get(f"{image['file']}/roll_deg", np.zeros(0, np.float32))
        if faces is not None and len(landmarks) != len(boxes):
            raise DataError(f"{faces}: no landmarks for {image['file']}; label the faces of this set again")
        photo = Photo(root / image["file"], image["source"], boxes, checked, landmarks, roll)
        photos.append(_with_finds(photo, labels, image["file"]))
    return photos


def _with_finds(photo: Photo, labels: Mapping[str, Any], key: str) -> Photo:
    """The photo without misplaced boxes and with what else was seen, where a detector had a look."""
    if f"{key}/misplaced" not in labels:
        return photo
    kept = ~np.asarray(labels[f"{key}/misplaced"], bool)
    faces = {name: getattr(photo, name)[kept] for name in ("boxes", "checked", "landmarks", "roll_deg")}
    return replace(photo, **faces, unsure=labels[f"{key}/unsure"], decoys=labels[f"{key}/decoys"])


def _images(root: Path, split: str) -> Iterator[dict[str, Any]]:
    table = root / "annotations.json"
    try:
        images = json.loads(table.read_text(encoding="utf-8"))["images"]
        yield from (image for image in images if image["split"] == split)
    except FileNotFoundError as error:
        raise DataError(f"{table}: not found; expected a folder as docs/data.md describes it") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{table}: not in the format of docs/data.md ({error!r})") from error


def _distinct(faces: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Faces without those listed a second time: some photos were annotated twice."""
    kept: list[dict[str, Any]] = []
    for face in faces:
        box = BBox(*face["box_xyxy"])
        if all(box.overlap(BBox(*other["box_xyxy"])) <= SAME_FACE for other in kept):
            kept.append(face)
    return kept


def label_faces(
    root: Path,
    out: Path,
    *,
    aligner: FaceAligner,
    detector: Detector | None = None,
    splits: Sequence[str] = ("train", "val"),
) -> int:
    """Write 68 landmarks and the roll of every face of the splits to `out`; returns how many.

    Args:
        detector: finds misplaced boxes, unlisted faces and decoys in the train photos; it should report hits from
            a score of SEEN_SCORE on.
    """
    arrays: dict[str, npt.ArrayLike] = {}
    chosen = [(photo, split) for split in splits for photo in read_photos(root, split=split)]
    for photo, split in chosen:
        labelled, key = with_landmarks(photo, aligner), str(photo.path.relative_to(root))
        arrays[f"{key}/landmarks"], arrays[f"{key}/roll_deg"] = labelled.landmarks, labelled.roll_deg
        if detector is not None and split == "train":
            arrays |= {f"{key}/{name}": values for name, values in finds(photo, aligner, detector).items()}
    count = sum(len(photo.boxes) for photo, _ in chosen)
    write_arrays(out, arrays, {"model": aligner.model.name, "data": root.name})
    return count


def with_landmarks(photo: Photo, aligner: FaceAligner) -> Photo:
    """The photo with 68 landmarks and the roll of each face.

    They come from the aligner, looking twice from the annotated box; then they are stretched in x and y so
    that their tight box is the annotated one. Where the aligner fails they are the mean shape, upright.
    """
    image = photo.read_image()
    rows = [_labelled(image, box, aligner) for box in photo.boxes]
    landmarks = np.array([r[0] for r in rows], np.float32).reshape(-1, 68, 2)
    return replace(photo, landmarks=landmarks, roll_deg=np.array([r[1] for r in rows], np.float32))


def finds(photo: Photo, aligner: FaceAligner, detector: Detector) -> dict[str, npt.NDArray[Any]]:
    """What a detector sees in a photo, held against its list.

    Returns:
        misplaced (faces,) bool: boxes of people on which it sees nothing; unsure (n, 4) and decoys (m, 4) boxes:
        hits on no listed face, on which two looks agree or do not.
    """
    image = photo.read_image()
    found = list(detector(image))
    overlaps = np.array([[BBox(*b).overlap(f.box) for f in found] for b in photo.boxes.tolist()], np.float32)
    overlaps = overlaps.reshape(len(photo.boxes), len(found))
    spare = [f for f, seen in zip(found, overlaps.max(axis=0, initial=0.0), strict=True) if seen < HIT]
    unsure = [_may_be_a_face(image, f, aligner) for f in spare]
    return {
        "misplaced": photo.checked & (overlaps.max(axis=1, initial=0.0) < HIT),
        "unsure": _edges(f for f, doubt in zip(spare, unsure, strict=True) if doubt),
        "decoys": _edges(
            f for f, doubt in zip(spare, unsure, strict=True) if f.score >= DECOY_SCORE and not doubt
        ),
    }


def _may_be_a_face(image: UInt8, found: Detection, aligner: FaceAligner) -> bool:
    if found.score < UNLISTED_SCORE:
        return False
    first = aligner.align(image, found.box, refine=True)
    second = aligner.look_again(image, first)
    return second is not None and disagreement(first, second) <= aligner.max_disagreement


def _edges(found: Iterable[Detection]) -> Float32:
    rows = [(f.box.left, f.box.top, f.box.right, f.box.bottom) for f in found]
    return np.array(rows, np.float32).reshape(-1, 4)


def _labelled(image: UInt8, edges: Float32, aligner: FaceAligner) -> tuple[Float32, float]:
    box = BBox(*(float(v) for v in edges))
    face = aligner.align(image, box, refine=True)
    if face.box.overlap(box) < MIN_OVERLAP:
        return stretched(_mean_shape(aligner.model.shape_model), box), 0.0
    return stretched(face.landmarks, box), face.pose.roll_deg


def _mean_shape(model: ShapeModel) -> Float32:
    return np.asarray(model.mean, np.float32)


def stretched(landmarks: Float32, box: BBox) -> Float32:
    """Landmarks moved and scaled, in x and y on their own, so that `box` is tight around them."""
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    corner, size = np.array([box.left, box.top]), np.array([box.width, box.height])
    return np.asarray((landmarks - low) / (high - low) * size + corner, np.float32)
