"""The whole evaluation of one network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.metrics import nme_interocular, pose_errors
from sdk.schemes import LandmarkScheme
from train.datasets import DataError
from train.datasets.sample import box_sides
from train.evaluation.figures import LandmarkRow, PoseRow, landmark_row, pose_row
from train.evaluation.predictor import Predictor
from train.evaluation.sets import (
    LANDMARK_SETS,
    POSE_SETS,
    SPLITS,
    EvaluationSplit,
    Look,
    Looked,
    Parts,
    look_at_landmarks,
    obstacle,
    whole,
)

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "WFLW_test_subset": "68 points derived from WFLW's 98: the markup differs from 300-W's at brows, lids and "
        "jaw ends. Compares models and attributes; no comparison with 300W or with published errors of WFLW.",
        "Pointing04": "people turned to marks without a sensor: errors below 6 to 8 degrees are not resolved. Two "
        "looks, the first from face_box mapped to a landmark box (docs/evaluation.md).",
        "AFLW2000_16": "a smoke test of signs and axes, too small for more; published angles in this project's "
        "order.",
    }
)
"""What a reader of a set's figures must know."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What was measured.

    Attributes:
        model: name, file, checksum and more of the network.
        landmarks, pose: figures per part of a set.
        parts: what the network answered, by set.
        skipped: why, for each set that was left out.
    """

    model: dict[str, Any]
    scheme: LandmarkScheme
    split: EvaluationSplit
    seed: int
    landmarks: list[LandmarkRow]
    pose: list[PoseRow]
    parts: dict[str, Parts]
    skipped: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON values, without the answers."""
        return {
            "model": self.model,
            "split": self.split,
            "seed": self.seed,
            "landmarks": [asdict(row) for row in self.landmarks],
            "pose": [asdict(row) for row in self.pose],
            "notes": {name: NOTES[name] for name in self.parts if name in NOTES},
            "skipped": self.skipped,
        }


def evaluate(predictor: Predictor, data: Path, *, split: EvaluationSplit = "test", seed: int = 0) -> Evaluation:
    """Figures of a network on the sets below `data`, or on the packed set that `data` is.

    The same seed gives the same figures.

    Raises:
        InputError: split is none of SPLITS, or the seed is negative.
        DataError: none of the sets can be evaluated, or one is damaged; the message says why.
    """
    if split not in SPLITS:
        raise InputError(f"split: expected {' or '.join(SPLITS)}, got {split!r}")
    if seed < 0:
        raise InputError(f"seed: expected 0 or more, got {seed}")
    parts, skipped = {}, {}
    for root, look in _sets(data):
        if reason := obstacle(root, split, predictor.scheme):
            skipped[root.name] = reason
        else:
            parts[root.name] = look(predictor, root, split, seed)
    if not parts:
        raise DataError(f"{data}: no set to evaluate; {'; '.join(f'{n}: {r}' for n, r in skipped.items())}")
    landmarks = [
        _landmark_row(name, part, looked, predictor.scheme)
        for name, of_set in parts.items()
        if name not in POSE_SETS
        for part, looked in of_set.items()
    ]
    pose = [
        pose_row(name, part, looked.true_pose_deg, looked.pose_deg)
        for name, of_set in parts.items()
        if name in POSE_SETS
        for part, looked in of_set.items()
    ]
    return Evaluation(predictor.describe(), predictor.scheme, split, seed, landmarks, pose, parts, skipped)


def _landmark_row(name: str, part: str, looked: Looked, scheme: LandmarkScheme) -> LandmarkRow:
    truth = looked.true_landmarks
    sides = box_sides(looked.samples, truth) if scheme.normaliser == "face_box" else None
    return landmark_row(name, part, truth, looked.landmarks, scheme, sides=sides)


def nme_of(looked: Looked, scheme: LandmarkScheme) -> npt.NDArray[np.float64]:
    """Inter-ocular NME of each face, in per cent."""
    return nme_interocular(looked.true_landmarks, looked.landmarks, scheme=scheme)


def worst(evaluation: Evaluation, name: str, *, count: int) -> tuple[Looked, list[tuple[int, float]]]:
    """A set's faces, and index and error of the worst: NME in per cent, or the largest error of a known angle.

    Of a pose set only the narrowest part is asked, since wider ones are full of faces that no one expects to work.
    """
    parts = evaluation.parts[name]
    if name in POSE_SETS:
        asked = list(parts.values())[-1]
        errors = np.nanmax(np.abs(pose_errors(asked.true_pose_deg, asked.pose_deg)), axis=1)
    else:
        asked = whole(parts)
        errors = nme_of(asked, evaluation.scheme)
    return asked, [(int(i), float(errors[i])) for i in np.argsort(-errors)[:count]]


def _sets(data: Path) -> list[tuple[Path, Look]]:
    known = dict(LANDMARK_SETS) | dict(POSE_SETS)
    if (data / "annotations.npz").is_file():
        return [(data, known.get(data.resolve().name, look_at_landmarks))]
    return [(data / name, look) for name, look in known.items()]
