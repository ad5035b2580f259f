"""Figures of predictions against the truth: plain functions on arrays, giving values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sdk.metrics import (
    auc,
    errors_interocular,
    failure_rate,
    nme_face_box,
    nme_interpupil,
    pose_errors,
    sign_agreement,
)
from sdk.schemes import LandmarkScheme

PARTS: Mapping[str, tuple[str, ...]] = {
    "jaw": ("jaw", "chin"),
    "brows": ("subject_right_brow", "subject_left_brow"),
    "nose": ("nose",),
    "eyes": ("subject_right_eye", "subject_left_eye", "subject_right_pupil", "subject_left_pupil"),
    "mouth": ("outer_lips", "inner_lips", "lips"),
}
"""Parts of the face, by the groups of the schemes."""

ANGLES = ("yaw", "pitch", "roll")
REPEATED = 5
"""True angles with so many faces each on average are marks on a wall: the mean prediction at each is given."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LandmarkRow:
    """Landmarks of one part of a set. NME in per cent; by part of the face over the outer-eye distance.

    `nme_face_box`: over the side of the face's box, in schemes whose published errors are; otherwise None.
    """

    set: str
    part: str
    faces: int
    nme_interocular: float
    nme_interocular_median: float
    nme_interpupil: float
    failure_rate_at_8: float
    failure_rate_at_10: float
    auc_at_8: float
    auc_at_10: float
    nme_interocular_by_part: dict[str, float]
    nme_face_box: float | None = None


@dataclass(frozen=True, slots=True)
class AngleFigures:
    """One angle in degrees: mean absolute error, mean signed error (predicted minus true), share of predictions
    on the right side of 0 among the `sign_faces` whose truth is 30° or more from it, and the mean prediction
    at each true angle where these are marks."""

    mae_deg: float
    bias_deg: float
    sign_agreement: float | None
    sign_faces: int
    mean_at_deg: dict[str, float]


@dataclass(frozen=True, slots=True)
class PoseRow:
    """Head pose of one part of a set; None for an angle that the set does not give."""

    set: str
    part: str
    faces: int
    yaw: AngleFigures | None
    pitch: AngleFigures | None
    roll: AngleFigures | None


def landmark_row(
    name: str,
    part: str,
    truth: Float32,
    predicted: Float32,
    scheme: LandmarkScheme,
    *,
    sides: Float32 | None = None,
) -> LandmarkRow:
    """Figures of landmarks (faces, n, 2); `sides` (faces,) of the faces' boxes where they normalise errors."""
    errors = errors_interocular(truth, predicted, scheme=scheme)
    nme = errors.mean(axis=1)
    by_part = {}
    for part_of_face, groups in PARTS.items():
        if points := [i for group in groups for i in scheme.groups.get(group, ())]:
            by_part[part_of_face] = float(errors[:, points].mean())
    return LandmarkRow(
        set=name,
        part=part,
        faces=len(nme),
        nme_interocular=float(nme.mean()),
        nme_interocular_median=float(np.median(nme)),
        nme_interpupil=float(nme_interpupil(truth, predicted, scheme=scheme).mean()),
        failure_rate_at_8=failure_rate(nme, limit=8.0),
        failure_rate_at_10=failure_rate(nme, limit=10.0),
        auc_at_8=auc(nme, limit=8.0),
        auc_at_10=auc(nme, limit=10.0),
        nme_interocular_by_part=by_part,
        nme_face_box=None if sides is None else float(nme_face_box(truth, predicted, sides, scheme=scheme).mean()),
    )


def pose_row(name: str, part: str, truth_deg: Float32, predicted_deg: Float32) -> PoseRow:
    """Figures of yaw, pitch, roll (faces, 3) in degrees; NaN in the truth is unknown."""
    angles = {a: angle_figures(truth_deg[:, k], predicted_deg[:, k]) for k, a in enumerate(ANGLES)}
    return PoseRow(name, part, len(truth_deg), **angles)


def angle_figures(truth_deg: Float32, predicted_deg: Float32) -> AngleFigures | None:
    """Figures of one angle (faces,); None where the truth is unknown throughout."""
    known = np.isfinite(truth_deg)
    if not known.any():
        return None
    true, guess = truth_deg[known], predicted_deg[known]
    errors = pose_errors(true, guess)
    share, faces = sign_agreement(true, guess)
    values = np.unique(true)
    marks = values if REPEATED * len(values) <= len(true) else ()
    return AngleFigures(
        mae_deg=float(np.abs(errors).mean()),
        bias_deg=float(errors.mean()),
        sign_agreement=share if faces else None,
        sign_faces=faces,
        mean_at_deg={f"{v:g}": float(guess[true == v].mean()) for v in marks},
    )
