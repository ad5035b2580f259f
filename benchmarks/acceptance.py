"""The rule by which `predict` takes a detection for a face: weights fitted on what looks at faces and at none say.

Faces are those that people and detectors listed in val photos, upright and turned, and packed sets given besides;
all other hits there, and all in photos without a face, are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk import FaceAligner, ModelFile
from sdk.acceptance import Acceptance
from sdk.aligner import MAX_DISAGREEMENT
from sdk.errors import InputError
from sdk.results import BBox
from train.detection.photos import Photo
from train.detection.turning import tight_boxes, turned

Bools = npt.NDArray[np.bool_]
Float64 = npt.NDArray[np.float64]

HIT = 0.4
"""Overlap (IoU) of the detector's box from which a hit is on a face."""

PENALTY = 1e-3
"""Of squared weights, of inputs brought to one deviation."""

FIRST = 1
"""Place of the distance of the first two looks among the inputs."""


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Detections that were looked at: inputs (hits, 5) of the rule, and whether they are on a face (hits,)."""

    inputs: Float64
    faces: Bools

    def __add__(self, other: Hits) -> Hits:
        """Both."""
        return Hits(np.concatenate([self.inputs, other.inputs]), np.concatenate([self.faces, other.faces]))

    @property
    def agreed(self) -> Bools:
        """(hits,) that the limit of disagreement alone keeps."""
        return np.asarray(self.inputs[:, FIRST] <= np.log(MAX_DISAGREEMENT))

    def accepted(self, rule: Acceptance) -> Bools:
        """(hits,) that a rule keeps."""
        return np.array([rule.value(tuple(row)) >= 0.0 for row in self.inputs.tolist()], bool)


@dataclass(frozen=True, slots=True)
class AcceptanceRow:
    """What a rule keeps of the hits on faces and of the others."""

    rule: str
    photos: str
    faces: int
    others: int
    kept_faces: int
    kept_others: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def look(aligner: FaceAligner, photos: Iterable[Photo], *, turns_deg: Sequence[float] = (0.0,)) -> Hits:
    """What looks at all hits of the aligner's detector say, in photos with landmarks, turned whole.

    Raises:
        InputError: the model gives no confidence, which the rule weighs.
    """
    if aligner.model.head is None or aligner.model.head.confidence_kernel is None:
        raise InputError(f"model {aligner.model.origin}: expected one that gives a confidence")
    rows, faces = [], []
    for photo in photos:
        for turn in turns_deg:
            frame, landmarks = photo.read_image(), photo.landmarks
            if turn:
                frame, landmarks = turned(frame, landmarks, turn)
            truth = [BBox(*box) for box in tight_boxes(landmarks).tolist()]
            for found in aligner._detector(frame):  # what `predict` does, but for the decision
                rows.append(aligner._weighed(frame, *aligner._two_looks(frame, found))[1])
                faces.append(any(found.box.overlap(box) >= HIT for box in truth))
    return Hits(np.array(rows, np.float64).reshape(-1, 5), np.array(faces, bool))


def fit(hits: Hits, *, false: int | None = None) -> Acceptance:
    """The rule: logistic regression of what is a face, and a constant that keeps at most so many other hits.

    Args:
        false: None is as many as the limit of disagreement keeps, and at least one.
    Raises:
        InputError: all hits are on faces, or none is.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    if hits.faces.all() or not hits.faces.any():
        raise InputError(f"photos: expected hits on faces and on nothing, got {len(hits.faces)} of one kind")
    mean, spread = hits.inputs.mean(axis=0), hits.inputs.std(axis=0) + 1e-6
    inputs = np.hstack([(hits.inputs - mean) / spread, np.ones((len(hits.inputs), 1))])
    truth = hits.faces.astype(np.float64)

    def loss(weights: Float64) -> tuple[float, Float64]:
        logits, free = inputs @ weights, np.append(weights[:-1], 0.0)
        value = float((np.logaddexp(0.0, logits) - truth * logits).mean() + PENALTY * (free @ free))
        return value, inputs.T @ (expit(logits) - truth) / len(truth) + 2 * PENALTY * free

    kernel = minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B").x[:-1] / spread
    allowed = max(1, int((hits.agreed & ~hits.faces).sum())) if false is None else false
    return Acceptance(_constant(hits, hits.inputs @ kernel, allowed), *(float(w) for w in kernel))


def _constant(hits: Hits, values: Float64, allowed: int) -> float:
    """Half-way between the last hit on nothing that is kept too many and the next hit on a face above it."""
    others = np.sort(values[~hits.faces])[::-1]
    if len(others) <= allowed:
        return -float(values.min())
    above = values[values > others[allowed]]
    return -float((others[allowed] + above.min()) / 2.0) if len(above) else -float(others[allowed]) - 1e-6


def row(rule: Acceptance | None, photos: str, hits: Hits) -> AcceptanceRow:
    """What a rule keeps; None is the limit of disagreement."""
    kept = hits.agreed if rule is None else hits.accepted(rule)
    name = f"disagreement up to {MAX_DISAGREEMENT:g}" if rule is None else "fitted"
    faces = hits.faces
    return AcceptanceRow(
        name, photos, int(faces.sum()), int((~faces).sum()), int((faces & kept).sum()), int((~faces & kept).sum())
    )


def to_table(rows: Sequence[AcceptanceRow]) -> str:
    """The rows as a Markdown table."""
    lines = ["| rule | photos | hits on faces | kept | other hits | kept |", "|---|---|---:|---:|---:|---:|"]
    lines += [
        f"| {r.rule} | {r.photos} | {r.faces} | {r.kept_faces} | {r.others} | {r.kept_others} |" for r in rows
    ]
    return "\n".join(lines)


def with_acceptance(model: ModelFile, rule: Acceptance) -> bytes:
    """The model file with this rule."""
    return model.repacked({**model.metadata, "acceptance": rule.to_dict()})
