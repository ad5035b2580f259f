"""What is asked of which set: its parts, the boxes its faces are looked at from, the truth it has."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from sdk.results import HeadPose
from sdk.schemes import LandmarkScheme
from train.datasets import DataError, Sample, pose_from_published, read_packed
from train.datasets.packed import Split, column_of
from train.evaluation.boxes import jittered_boxes, landmark_box
from train.evaluation.predictor import Predictor, look

EvaluationSplit = Literal["val", "test"]
SPLITS: Mapping[EvaluationSplit, tuple[Split, ...]] = MappingProxyType(
    {"val": ("val",), "test": ("test_common", "test_challenging", "test")}
)
"""The splits of packed sets behind the two words of the command line."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What a network answered on faces, in their order.

    Attributes:
        set: name of the set.
        landmarks: (faces, n, 2) in pixels of each image.
        pose_deg, true_pose_deg: (faces, 3) yaw, pitch, roll as in docs/conventions.md; NaN: unknown.
    """

    set: str
    samples: Sequence[Sample]
    landmarks: Float32
    pose_deg: Float32
    true_pose_deg: Float32

    @property
    def true_landmarks(self) -> Float32:
        return np.stack([sample.landmarks for sample in self.samples])

    def where(self, chosen: npt.NDArray[np.bool_]) -> Looked:
        samples = [sample for sample, keep in zip(self.samples, chosen, strict=True) if keep]
        return Looked(self.set, samples, self.landmarks[chosen], self.pose_deg[chosen], self.true_pose_deg[chosen])


Parts = dict[str, Looked]
Look = Callable[[Predictor, Path, EvaluationSplit, int], Parts]


def obstacle(root: Path, split: EvaluationSplit, scheme: LandmarkScheme) -> str | None:
    """Why a set cannot be evaluated; None where it can, or where its table is damaged, which reading it says."""
    path = root / "annotations.npz"
    if not path.is_file():
        return f"{root.name}/annotations.npz: not found"
    table = _contents(path)
    if table is None:
        return None
    splits, n_points = table
    if not splits & set(SPLITS[split]):
        return f"no split {' or '.join(SPLITS[split])}; it has {', '.join(sorted(splits))}"
    if n_points != scheme.n_points:
        return f"{n_points} points; the model gives {scheme.n_points} ({scheme.name})"
    return None


def look_at_landmarks(predictor: Predictor, root: Path, split: EvaluationSplit, seed: int) -> Parts:
    """One look at each face from its jittered true box: a part per split, all of them as `full` where there are
    several, and a part per flag of the attributes."""
    parts = {}
    for name in _splits(root, split):
        samples = read_packed(root, split=name)
        boxes = jittered_boxes([sample.landmarks for sample in samples], seed=seed)
        parts[name.removeprefix("test_")] = _looked(root.name, samples, *look(predictor, samples, boxes))
    if len(parts) > 1:
        parts["full"] = _joined(list(parts.values()))
    return parts | _by_flag(whole(parts))


def look_at_pointing04(predictor: Predictor, root: Path, split: EvaluationSplit, seed: int) -> Parts:
    """Two looks at each face with |tilt| < 90, the first from its mapped face box; of these faces the ones with
    |pan|, |tilt| <= 60 apart. There is no chance in it."""
    samples, boxes = [], []
    for sample in read_packed(root, split=SPLITS[split][-1], require_landmarks=False):
        if sample.box is not None and abs(sample.pose_deg[1]) < 90:
            samples.append(sample)
            boxes.append(landmark_box(sample.box))
    if not samples:
        raise DataError(f"{root}: expected faces with pose_deg and face_box, got none")
    every = _looked(root.name, samples, *look(predictor, samples, boxes, passes=2))
    near = np.asarray((np.abs(every.true_pose_deg[:, :2]) <= 60).all(axis=1))
    return {"|tilt| < 90": every} | ({"|pan| <= 60, |tilt| <= 60": every.where(near)} if near.any() else {})


def look_at_aflw2000(predictor: Predictor, root: Path, split: EvaluationSplit, seed: int) -> Parts:
    """One look at each face from its jittered true box; the published angles in this project's order."""
    samples = read_packed(root, split=SPLITS[split][-1])
    boxes = jittered_boxes([sample.landmarks for sample in samples], seed=seed)
    landmarks, pose_deg = look(predictor, samples, boxes)
    truth = np.array([_converted(sample) for sample in samples], np.float32)
    return {"all": Looked(root.name, samples, landmarks, pose_deg, truth)}


LANDMARK_SETS: Mapping[str, Look] = MappingProxyType(
    {"300W": look_at_landmarks, "WFLW_test_subset": look_at_landmarks, "InfAnFace": look_at_landmarks}
)
POSE_SETS: Mapping[str, Look] = MappingProxyType(
    {"Pointing04": look_at_pointing04, "AFLW2000_16": look_at_aflw2000}
)
"""Folders below the data folder, and how the faces in them are looked at."""


def whole(parts: Parts) -> Looked:
    """All faces of a set; the other parts are parts of it."""
    return parts["full"] if "full" in parts else next(iter(parts.values()))


def _splits(root: Path, split: EvaluationSplit) -> list[Split]:
    """Those of SPLITS that a set has; all of them where its table is damaged, for read_packed to explain."""
    table = _contents(root / "annotations.npz")
    return [name for name in SPLITS[split] if table is None or name in table[0]]


def _contents(path: Path) -> tuple[set[str], int] | None:
    """The splits that read_packed finds in a table, and its number of points; None where it is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as table:
            columns = {name: set(table[name].tolist()) for name in ("split", "split_dev")}
            splits = {name for name in get_args(Split) if name in columns[column_of(name, table["split"])]}
            return splits, int(table["landmarks"].shape[1])
    except (KeyError, IndexError, ValueError, OSError, EOFError, zipfile.BadZipFile):
        return None


def _looked(name: str, samples: Sequence[Sample], landmarks: Float32, pose_deg: Float32) -> Looked:
    truth = np.array([sample.pose_deg for sample in samples], np.float32)
    return Looked(name, samples, landmarks, pose_deg, truth)


def _joined(parts: Sequence[Looked]) -> Looked:
    samples = [sample for part in parts for sample in part.samples]
    landmarks, pose_deg, truth = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("landmarks", "pose_deg", "true_pose_deg")
    )
    return Looked(parts[0].set, samples, landmarks, pose_deg, truth)


def _by_flag(every: Looked) -> Parts:
    """The faces that each flag of the set is up for; attributes other than 0 and 1 are no flags."""
    parts = {}
    for name in every.samples[0].attributes:
        values = np.array([sample.attributes.get(name, np.nan) for sample in every.samples])
        if np.isin(values, (0.0, 1.0)).all() and values.any():
            parts[name] = every.where(values == 1.0)
    return parts


def _converted(sample: Sample) -> tuple[float, float, float]:
    """The true pose of a face of AFLW2000-3D; `train prepare` has converted it and kept the published angles."""
    if "published_yaw_deg" in sample.attributes:
        return sample.pose_deg
    pose = pose_from_published(HeadPose(*sample.pose_deg))
    return pose.yaw_deg, pose.pitch_deg, pose.roll_deg
