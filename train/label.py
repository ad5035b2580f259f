"""Landmarks of trained networks for faces that nobody annotated: the extra sets of a training.

A face is looked at once for its place, then by every network in several crops, mirrored and not. The mean is its
label; faces on which the views differ, or that are not where the set says, are left out.
Sources: Xie et al., "Self-training with Noisy Student improves ImageNet classification", CVPR 2020 (labels by a
larger network, a student that sees augmented views); Fard and Mahoor, "Facial landmark points detection using
Knowledge Distillation-based Neural Networks", CVIU 2022 (the same for landmarks).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.metrics import nme_interocular
from sdk.results import BBox
from sdk.schemes import LandmarkScheme
from train.datasets import Sample, read_packed
from train.detection.photos import read_photos
from train.label_command import Limits
from train.labelling.consensus import consensus
from train.labelling.labeller import Labeller
from train.labelling.native import refitted
from train.labelling.ridge import file_of
from train.prepare import Row, table_of, whole_folder, write_columns, write_face

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

DevSplit = Literal["train", "val"]

ALONE = 0.4
"""Weight of points that only the networks have an opinion of."""

LONGEST = 288
"""Side that larger crops are shrunk to, as in the packed sets."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """How many faces were kept, and how many were left out by reason.

    Attributes:
        nme_percent: what labels are off the set's own landmarks, over the outer-eye distance, mean over the faces
            kept that have any; None where none has.
    """

    kept: int
    left_out: Mapping[str, int]
    nme_percent: float | None = None


def faces_of(source: Path, split: DevSplit = "train") -> Iterator[Sample]:
    """Faces of a packed set; or of a folder of photos (annotations.json), those that nobody annotated."""
    if (source / "annotations.npz").is_file():
        yield from read_packed(source, split=split, require_landmarks=False)
        return
    for photo in read_photos(source, split=split):
        for box, checked in zip(photo.boxes, photo.checked, strict=True):
            if not checked:
                name = f"{photo.source}/{photo.path.name}"
                nowhere = np.full((68, 2), np.nan, np.float32)
                yield Sample(photo.path, nowhere, photo.path.name, name, box=BBox(*map(float, box)))


def label(
    labeller: Labeller,
    faces: Iterable[Sample],
    out: Path,
    limits: Limits | None = None,
    *,
    native: Mapping[str, Float32] | None = None,
) -> Labelled:
    """Write a packed set of the faces that can be labelled to the new folder `out`, whole or not at all.

    Args:
        native: points of the set's own markup by the file's name: one more opinion, see train.labelling.native.
    Raises:
        DataError: `out` exists, or an image cannot be read.
        InputError: no face could be labelled.
    """
    limits = Limits() if limits is None else limits
    rows: list[Row] = []
    reasons: Counter[str] = Counter()
    errors: list[float] = []
    weighed = bool(labeller.outside) or native is not None
    with whole_folder(out) as part:
        looked = [(face, _looked_at(labeller, face, limits)) for face in faces]
        _add_native(looked, native)
        for face, seen in looked:
            found = seen if isinstance(seen, str) else _labelled(face, seen, labeller.scheme, limits, weighed)
            if isinstance(found, str):
                reasons[found] += 1
                continue
            if face.has_landmarks and face.scheme == found.scheme:
                errors.append(_nme(face, found, labeller.scheme))
            rows.append(write_face(found, "train", part, len(rows), LONGEST))
        if not rows:
            raise InputError(f"label: expected faces that the networks agree on, got none: {dict(reasons)}")
        write_columns(part / "annotations.npz", table_of(rows, 0.0))
    return Labelled(len(rows), dict(reasons), float(np.mean(errors)) if errors else None)


def _nme(face: Sample, found: Sample, scheme: LandmarkScheme) -> float:
    return float(nme_interocular(face.landmarks[None], found.landmarks[None], scheme=scheme)[0])


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """What teachers say of a face: opinions (n, 2), the networks' first, and the spread of their views."""

    opinions: list[Float32]
    spread: float
    box: BBox


def _looked_at(labeller: Labeller, face: Sample, limits: Limits) -> _Looked | str:
    """Opinions of the networks and the outside teachers; or why the face has none."""
    box = BBox.around(face.landmarks) if face.has_landmarks else face.box
    yaw, pitch, _ = np.abs(face.pose_deg)
    if box is None:
        return "no box"
    if max(box.width, box.height) < limits.side:
        return "small"
    if yaw > limits.yaw_deg or pitch > limits.pitch_deg:
        return "turned away"
    own, spread = labeller(face.read_image(), box)
    if spread > limits.spread:
        return "views differ"
    opinions = [opinion for teacher in labeller.outside if (opinion := teacher(face)) is not None]
    return _Looked([own, *opinions], spread, box)


def _add_native(looked: Sequence[tuple[Sample, _Looked | str]], native: Mapping[str, Float32] | None) -> None:
    """Append what points of the set's own markup come to beside the others' mean, once all faces were seen."""
    if native is None:
        return
    kept = [(face, seen) for face, seen in looked if not isinstance(seen, str)]
    means = [np.mean(seen.opinions, axis=0) for _, seen in kept]
    found = refitted([native.get(file_of(face)) for face, _ in kept], means)
    for (_, seen), opinion in zip(kept, found, strict=True):
        if opinion is not None:
            seen.opinions.append(opinion)


def _labelled(face: Sample, seen: _Looked, scheme: LandmarkScheme, limits: Limits, weighed: bool) -> Sample | str:
    """The face with its label, and weights of its points if they are `weighed`; or why it has none."""
    landmarks, weights, apart = consensus(seen.opinions, scheme)
    if apart > limits.apart:
        return "teachers differ"
    if BBox.around(landmarks).overlap(seen.box) < limits.overlap:
        return "elsewhere"
    attributes = {**face.attributes, "label_spread": seen.spread}
    return replace(
        face,
        landmarks=landmarks,
        scheme=scheme.name,
        attributes=attributes,
        occluded=None,
        point_weights=_weights(weights, alone=len(seen.opinions) == 1) if weighed else None,
    )


def _weights(weights: Float32, *, alone: bool) -> Float32:
    """Where no other teacher found the face, nobody confirms a point: all count for ALONE."""
    return np.full_like(weights, ALONE) if alone else weights
