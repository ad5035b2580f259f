"""Labels that people made, drawn a little towards what teachers say: distillation on the labelled set."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.geometry import to_complex
from sdk.results import BBox
from sdk.schemes import LandmarkScheme
from train.datasets import Sample, read_packed
from train.datasets.own_scheme import FILE as SCHEME
from train.eyes import differences, eye_line
from train.labelling.labeller import Labeller
from train.labelling.ridge import crossed, file_of
from train.labelling.side_shift import SideShift
from train.prepare import whole_folder, write_columns

Float32 = npt.NDArray[np.float32]

SHARE = 0.4
REACH = 0.08
"""Outer-eye distances at which a teacher's share of a point has fallen to 1/e: far apart, one of both is wrong."""


@dataclass(frozen=True, slots=True)
class Blended:
    """What was written: faces, and how far their points moved, mean in per cent of the outer-eye distance."""

    blended: int
    kept: int
    moved_percent: float


def blended(label: Float32, teachers: Float32, scheme: LandmarkScheme, *, share: float = SHARE) -> Float32:
    """label + share · exp(-(d / REACH)²) · (teachers - label), landmarks (..., n, 2), d each point's distance.

    Where teachers nearly agree with the label they take out its noise; where they are far off, the label stays.

    Raises:
        InputError: the two have different shapes.
    """
    if label.shape != teachers.shape:
        raise InputError(f"blend: expected teachers of the labels' scheme, got {label.shape} and {teachers.shape}")
    z, taught = to_complex(label), to_complex(teachers)
    d = np.abs(taught - z) / np.abs(eye_line(z, scheme))[..., None]
    weight = (share * np.exp(-((d / REACH) ** 2)))[..., None]
    return np.asarray(label + weight * (teachers - label), np.float32)


def blend(
    data: Path,
    labeller: Labeller,
    out: Path,
    *,
    share: float = SHARE,
    points: Mapping[str, Float32] | None = None,
    line: tuple[int, int] | None = None,
    shift: SideShift | None = None,
) -> Blended:
    """Write a packed set's train and val faces to the new folder `out`, train labels blended, val as they are.

    Args:
        points: of another network by the file's name; they become landmarks by ridges that never saw the face.
        line: two of these points, see Ridge.
        shift: taken off the labels of both splits first.
    Raises:
        DataError: `out` exists, or `data` is no packed set. InputError: the share is not from 0 to 1, or the
            networks are of another scheme.
    """
    if not 0.0 < share <= 1.0:
        raise InputError(f"blend: expected a share above 0, 1 at most, got {share}")
    train, val = (read_packed(data, split=split) for split in ("train", "val"))
    if shift is not None:
        train, val = shift.without(train), shift.without(val)
    labels = np.stack([face.landmarks for face in train])
    softened = blended(labels, _means(train, labeller, points or {}, line), labeller.scheme, share=share)
    moved = np.abs(differences(labels, softened, labeller.scheme)).mean()
    landmarks = {file_of(face): mixed for face, mixed in zip(train, softened, strict=True)}
    landmarks |= {file_of(face): face.landmarks for face in val}
    _write(data, landmarks, out)
    return Blended(len(train), len(val), 100.0 * float(moved))


def _means(
    faces: list[Sample], labeller: Labeller, points: Mapping[str, Float32], line: tuple[int, int] | None
) -> Float32:
    """The mean of the networks and, where it found the face, of the other network (faces, n, 2)."""
    own = np.stack([labeller(face.read_image(), BBox.around(face.landmarks))[0] for face in faces])
    known = [k for k, face in enumerate(faces) if file_of(face) in points]
    if known:
        found = np.stack([points[file_of(faces[k])] for k in known])
        own[known] = (own[known] + crossed(found, np.stack([faces[k].landmarks for k in known]), line=line)) / 2.0
    return own


def _write(data: Path, landmarks: Mapping[str, Float32], out: Path) -> None:
    """A copy of the set that has the faces named by their files alone, with these landmarks."""
    with np.load(data / "annotations.npz", allow_pickle=False) as archive:
        table = {name: archive[name] for name in archive.files}
    files = [str(name) for name in table["file"]]
    kept = [k for k, name in enumerate(files) if name in landmarks]
    columns = {n: c[kept] if len(c) == len(files) and n != "attribute_names" else c for n, c in table.items()}
    columns["landmarks"] = np.stack([landmarks[files[k]] for k in kept]).astype(np.float32)
    with whole_folder(out) as part:
        for k in kept:
            shutil.copyfile(data / files[k], part / files[k])
        write_columns(part / "annotations.npz", columns)
        if (data / SCHEME).is_file():
            shutil.copyfile(data / SCHEME, part / SCHEME)
