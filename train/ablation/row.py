"""What is known of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ERROR = 0.02
"""Of a coordinate, in sides of the crop: where the slopes of the losses are compared."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """What a run is and came to; boxes of the true landmarks, moved and scaled by up to ±10 %.

    Attributes:
        commit: of the code that trained it; unknown where the run does not say.
        faces_per_epoch: views, of which balanced runs show more than there are faces.
        slopes: of the weighted landmark loss at an error of ERROR, in the first and the last epoch; None for a
            loss that needs teachers.
        landmarks: figures by part of the set (train.evaluation.LandmarkRow).
        pose_mae_deg: yaw, pitch, roll by part, against what the true landmarks say (train/pose_labels.py).
        nme: inter-ocular NME of each face in per cent, by part.
        started_from: name of the file of weights that it started from; empty for random ones.
    """

    run: str
    config: dict[str, Any]
    commit: str
    weights_sha256: str
    epochs: int
    faces_per_epoch: int
    parameters: int
    seconds_per_epoch: float
    slopes: list[float] | None
    loss: list[float]
    landmarks: dict[str, dict[str, Any]]
    pose_mae_deg: dict[str, list[float]]
    nme: dict[str, list[float]]
    started_from: str = ""
