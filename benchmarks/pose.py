"""Head pose on Pointing'04: the network's, that of the landmarks, and both combined or corrected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk import BBox, FaceAligner, HeadPose, ModelFile
from sdk.aligner import disagreement
from sdk.metrics import pose_errors, sign_agreement
from sdk.pose import angle_between_deg, expanded_yaw
from train.datasets import Sample, pose_from_published, read_packed
from train.datasets.packed import Split
from train.evaluation.boxes import landmark_box

NEAR = 60.0
"""Faces with |pan| and |tilt| up to this are asked for; profile faces are those with |pan| from PROFILE on."""
PROFILE = 75.0
SIGN_FROM = 15.0
"""Smallest true angle whose sign counts: the first mark beside 0."""

OFTEN = 10
"""Fewer faces of a person say nothing of a bias."""

SPLITS: tuple[Split, ...] = ("train", "val", "test")

Float64 = npt.NDArray[np.float64]
Pair = Callable[[Float64, Float64], Float64]


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What was seen of the faces of one split, in degrees: (faces, 3) yaw, pitch, roll; NaN: unknown."""

    true: Float64
    network: Float64
    landmarks: Float64
    apart: Float64
    """Angle between the two poses (faces,)."""
    looks: Float64
    """Disagreement of the two looks (faces,), outer-eye distances."""
    people: npt.NDArray[np.str_]
    """Who each face (faces,) is of."""

    def where(self, chosen: npt.NDArray[np.bool_]) -> Looked:
        return Looked(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    @property
    def near(self) -> Looked:
        return self.where(np.asarray((np.abs(self.true[:, :2]) <= NEAR).all(axis=1)))


@dataclass(frozen=True, slots=True)
class PoseRow:
    """One way to a pose on one set. MAE and bias (predicted minus true) in degrees; signs: share of faces on the
    true side of 0 where the truth is SIGN_FROM or more from it; at: median prediction at each mark."""

    way: str
    set: str
    faces: int
    yaw_mae_deg: float
    pitch_mae_deg: float
    yaw_bias_deg: float
    pitch_bias_deg: float
    yaw_signs: float
    pitch_signs: float
    yaw_at_deg: dict[str, float]
    pitch_at_deg: dict[str, float]
    roll_mae_deg: float | None = None
    yaw_bias_by_person_deg: dict[str, float] = field(default_factory=dict)
    pitch_bias_by_person_deg: dict[str, float] = field(default_factory=dict)
    """Of people with OFTEN faces or more; a head, its hair and how it is held move all their angles alike."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """Faces with |pan| of 75 and 90: how many were given the opposite side, how many pass the limit that `predict`
    sets to the disagreement of two looks, and how many of these were given the opposite side."""

    set: str
    faces: int
    flipped: int
    passed: int
    passed_flipped: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def plain(model: ModelFile) -> ModelFile:
    """The model without its yaw expansion, to see what the network itself says."""
    return ModelFile.from_bytes(with_expansion(model, 0.0))


def with_expansion(model: ModelFile, expansion: float) -> bytes:
    """The model file with another `yaw_expansion`."""
    return model.repacked({**model.metadata, "yaw_expansion": expansion})


def looked(aligner: FaceAligner, samples: Sequence[Sample], boxes: Sequence[BBox], true: Float64) -> Looked:
    """Two looks at each face, the second around the landmarks of the first; its answer counts."""
    network, landmarks, apart, looks = [], [], [], []
    for sample, box in zip(samples, boxes, strict=True):
        image = sample.read_image()
        first = aligner.align(image, box)
        face = aligner.look_again(image, first) or first
        fitted = aligner.landmark_pose(face)
        network.append(_angles(face.pose))
        landmarks.append(_angles(fitted))
        apart.append(angle_between_deg(face.pose, fitted))
        looks.append(disagreement(first, face))
    seen = (np.array(v, np.float64) for v in (network, landmarks, apart, looks))
    return Looked(true, *seen, np.array([sample.subject for sample in samples]))


def read_pointing04(aligner: FaceAligner, root: Path, split: Split) -> Looked:
    """Faces of a split with |tilt| < 90: at 90 no face shows."""
    samples = [s for s in read_packed(root, split=split, require_landmarks=False) if abs(s.pose_deg[1]) < 90]
    chosen = [(s, landmark_box(s.box)) for s in samples if s.box is not None]
    true = np.array([s.pose_deg for s, _ in chosen], np.float64)
    return looked(aligner, [s for s, _ in chosen], [b for _, b in chosen], true)


def read_aflw2000(aligner: FaceAligner, root: Path) -> Looked:
    """The dozen faces of AFLW2000-3D from their true boxes, angles in this project's order."""
    samples = read_packed(root, split="test")
    true = np.array([_angles(pose_from_published(HeadPose(*s.pose_deg))) for s in samples])
    return looked(aligner, samples, [BBox.around(s.landmarks) for s in samples], true)


def fit_expansion(train: Looked) -> float:
    """The `yaw_expansion` of a model file that gives the least MAE of the network's yaw."""
    near = train.near
    tried = np.linspace(0.0, 1.0, 101)
    errors = [np.abs(_expanded(near.network, c)[:, 0] - near.true[:, 0]).mean() for c in tried]
    return float(tried[int(np.argmin(errors))])


def ways(train: Looked, *, expansion: float) -> Mapping[str, Pair]:
    """Ways from the network's and the landmarks' angles (faces, 3) to (faces, 3). `both, linear` is least squares
    of yaw and pitch by all four angles on the train people."""
    near = train.near
    weights = np.linalg.lstsq(_columns(near.network, near.landmarks), near.true[:, :2], rcond=None)[0]

    def linear(network: Float64, landmarks: Float64) -> Float64:
        return np.hstack([_columns(network, landmarks) @ weights, network[:, 2:]])

    return MappingProxyType(
        {
            "network": lambda network, _: network,
            "landmarks (PnP)": lambda _, landmarks: landmarks,
            "mean of both": lambda network, landmarks: (network + landmarks) / 2,
            "network, yaw expanded": lambda network, _: _expanded(network, expansion),
            "landmarks, yaw expanded": lambda _, landmarks: _expanded(landmarks, expansion),
            "both, linear": linear,
        }
    )


def row(way: str, name: str, seen: Looked, pose: Pair) -> PoseRow:
    """Figures of one way on the faces of one set."""
    found = pose(seen.network, seen.landmarks)
    errors = pose_errors(seen.true[:, :2], found[:, :2])
    roll = pose_errors(seen.true[:, 2], found[:, 2])
    roll_mae = float(np.abs(roll).mean()) if np.isfinite(roll).all() else None
    signs = [sign_agreement(seen.true[:, k], found[:, k], least_deg=SIGN_FROM)[0] for k in (0, 1)]
    mae, bias = np.abs(errors).mean(axis=0), errors.mean(axis=0)
    at = [_at_marks(seen.true[:, k], found[:, k]) for k in (0, 1)]
    figures = [float(v) for v in (*mae, *bias, *signs)]
    people = [_by_person(seen.people, errors[:, k]) for k in (0, 1)]
    return PoseRow(way, name, len(found), *figures, *at, roll_mae, *people)  # type: ignore[arg-type]  # six numbers, two tables


def bound(name: str, seen: Looked) -> PoseRow:
    """As `both, linear`, fitted to the faces that it is measured on: what a line could reach."""
    return row("both, fitted to themselves", name, seen, ways(seen, expansion=0.0)["both, linear"])


def profile_row(name: str, seen: Looked, *, limit: float) -> ProfileRow:
    """Whether the network's yaw keeps its side on profile faces."""
    side = seen.where(np.abs(seen.true[:, 0]) >= PROFILE)
    flipped = np.sign(side.network[:, 0]) != np.sign(side.true[:, 0])
    passed = side.looks <= limit
    return ProfileRow(name, len(flipped), *(int(v.sum()) for v in (flipped, passed, flipped & passed)))


def _by_person(people: npt.NDArray[np.str_], errors: Float64) -> dict[str, float]:
    """Mean error (degrees) of each person with OFTEN faces or more."""
    of = {str(name): errors[people == name] for name in np.unique(people)}
    return {name: float(values.mean()) for name, values in of.items() if len(values) >= OFTEN}


def worst_bias(by_person: Mapping[str, float]) -> float | None:
    """The bias that is furthest from 0; None without people."""
    return max(by_person.values(), key=abs, default=None)


def _at_marks(true: Float64, found: Float64) -> dict[str, float]:
    """Median prediction at each mark; nothing where true angles are no marks."""
    marks = np.unique(true)
    return {f"{m:g}": float(np.median(found[true == m])) for m in marks} if 3 * len(marks) <= len(true) else {}


def _expanded(angles: Float64, expansion: float) -> Float64:
    yaw = [expanded_yaw(float(v), expansion) for v in angles[:, 0]]
    return np.column_stack([yaw, angles[:, 1:]])


def _columns(network: Float64, landmarks: Float64) -> Float64:
    return np.hstack([np.ones((len(network), 1)), network[:, :2], landmarks[:, :2]])


def _angles(pose: HeadPose) -> tuple[float, float, float]:
    return pose.yaw_deg, pose.pitch_deg, pose.roll_deg


def disagreement_figures(seen: Looked) -> dict[str, float]:
    """How far the two poses are apart, and the network's yaw error where they are furthest and elsewhere."""
    error = np.abs(pose_errors(seen.true[:, 0], seen.network[:, 0]))
    far = seen.apart >= np.percentile(seen.apart, 90)
    return {
        "median_deg": float(np.median(seen.apart)),
        "p95_deg": float(np.percentile(seen.apart, 95)),
        "yaw_mae_of_the_furthest_tenth_deg": float(error[far].mean()),
        "yaw_mae_of_the_others_deg": float(error[~far].mean()),
    }


def to_table(rows: Sequence[PoseRow]) -> str:
    """The rows as a Markdown table."""
    head = "| pose from | set | faces | yaw MAE° | bias° | worst person's° | signs | pitch MAE° | bias° "
    lines = [head + "| worst person's° | signs | roll MAE° |", "|---|---|---:" + "|---:" * 9 + "|"]
    for r in rows:
        yaw, pitch = (worst_bias(by) for by in (r.yaw_bias_by_person_deg, r.pitch_bias_by_person_deg))
        figures = [f"{r.yaw_mae_deg:.1f}", f"{r.yaw_bias_deg:+.1f}", _degrees(yaw), f"{100 * r.yaw_signs:.1f} %"]
        figures += [f"{r.pitch_mae_deg:.1f}", f"{r.pitch_bias_deg:+.1f}", _degrees(pitch)]
        figures += [f"{100 * r.pitch_signs:.1f} %", "-" if r.roll_mae_deg is None else f"{r.roll_mae_deg:.1f}"]
        lines.append(f"| {r.way} | {r.set} | {r.faces} | {' | '.join(figures)} |")
    return "\n".join(lines)


def _degrees(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1f}"


def profile_table(rows: Sequence[ProfileRow]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| profile faces | faces | flipped | two looks agree | of these flipped |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [f"| {p.set} | {p.faces} | {p.flipped} | {p.passed} | {p.passed_flipped} |" for p in rows]
    return "\n".join(lines)
