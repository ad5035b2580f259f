"""Knowledge distillation: a student learns from the truth and from two teachers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from train.losses.points import LandmarkLoss, positive

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Assist:
    """Slopes of a teacher's term: `beyond` where the student errs more than the teacher, `within` where less."""

    beyond: float
    within: float
    weight: float = 1.0


TOUGH = Assist(beyond=1.9, within=0.45)
TOLERANT = Assist(beyond=1.8, within=0.4)
"""Slopes and weights of the released training code."""

INNER = 0.15
"""Share of the teacher's error below which a teacher has nothing more to say."""


def pack_teachers(truth: Float32, tough: Float32, tolerant: Float32) -> Float32:
    """y_true of `KdLoss`, (batch, 3, 2n): truth, tough and tolerant prediction, each (batch, 2n)."""
    return np.stack([truth, tough, tolerant], axis=1).astype(np.float32)


class KdLoss(LandmarkLoss):
    """main · m(|e|) + a(|e|; tough) + a(|e|; tolerant), y_true packed by `pack_teachers`, e = truth - prediction.

    m = 3|e| for |e| <= d, else e² + 3d - d², d the tolerant prediction's distance from the truth.
    a = weight · (within · (clip(|e|, 0.15 d, d) - 0.15 d) + beyond · max(|e| - d, 0)), d that teacher's own
    distance: the released term, its teacher mirrored to the student's side, plus a constant that makes it
    continuous and no less than 0. Its gradient is the released one.
    The tough teacher was trained on the truth, the tolerant one on ASM(truth) (`SoftenedLoss`).

    Args:
        unit: of e and d in a side of the crop; 1 as released. There 3 exceeds 2|e|: large errors pull less.
        main: weight of m.
    Source: Fard and Mahoor, "Facial Landmark Points Detection Using Knowledge Distillation-Based Neural
    Networks", CVIU 215, 2022.
    """

    def __init__(
        self,
        *,
        unit: float = 1.0,
        main: float = 2.0,
        tough: Assist = TOUGH,
        tolerant: Assist = TOLERANT,
        name: str = "kd",
    ) -> None:
        super().__init__(unit=unit, name=name)
        self.main, self.tough, self.tolerant = positive("main", main), tough, tolerant

    def call(self, true: Any, pred: Any) -> Any:
        truth = true[:, 0]
        error = self.unit * ops.abs(truth - pred)
        tough, tolerant = (self.unit * ops.abs(true[:, i] - truth) for i in (1, 2))
        far = ops.square(error) + 3.0 * tolerant - ops.square(tolerant)
        penalty = self.main * ops.where(error <= tolerant, 3.0 * error, far)
        penalty = penalty + _assist(error, tough, self.tough) + _assist(error, tolerant, self.tolerant)
        return ops.mean(penalty, axis=-1) / self.unit


def _assist(error: Any, distance: Any, slopes: Assist) -> Any:
    inner = INNER * distance
    within = ops.minimum(ops.maximum(error, inner), distance) - inner
    return slopes.weight * (slopes.within * within + slopes.beyond * ops.relu(error - distance))
