"""Adaptive coordinate-based regression loss: difficult landmarks get a steeper penalty."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

from sdk.shape_model import ShapeModel
from train.losses.asm import AsmOperator
from train.losses.points import LandmarkLoss, positive, split_weights, weighted_mean

ACR_EPOCHS = 150
ACR_VARIANCE = ((0, 0.80), (16, 0.85), (31, 0.90), (71, 0.95), (101, 0.97))
"""Share of the variation that the smooth face keeps, from a 0-based epoch of ACR_EPOCHS on."""

FLOOR = 1e-5
"""Sides of the crop. A face that its smooth face matches this well has no difficult landmark: below it
lies the rounding of float32 coordinates, far below it (1/800 of a pixel at 128) any annotation."""


def acr_variance(epoch: int, epochs: int) -> float:
    """The smooth face's share of the variation in a 0-based epoch, scaled to a run of `epochs`."""
    return next(share for start, share in reversed(ACR_VARIANCE) if epoch * ACR_EPOCHS >= start * epochs)


class AcrLoss(LandmarkLoss):
    """f(δ) = Λ ln(1 + δ^(2-φ)) for δ <= 1, else δ² + C, with C = Λ ln 2 - 1 and δ = |truth - prediction|.

    φ = |ASM(G) - G| / max of it over the face, coordinate by coordinate: 0 is easy (squared near 0), 1 the
    most difficult (linear near 0). φ is 0 where the whole face is smooth; the released code divides 0 by 0.
    C joins the branches for every Λ; the C of the paper, φ ln 2 - 1, only where φ = Λ.

    Args:
        unit: units of δ in a side of the crop. The default puts the join, δ = 1, at a tenth of the crop, where
            a landmark has left its part of the face. The released code has 1: targets in [-0.5, 0.5] and a
            squared branch that never acts.
        lam: Λ. At 2 the easiest landmarks' slope is continuous at the join as well; the code leaves it open.
        variance: of the smooth face until `set_epoch` takes over; see `acr_variance`.
    Source: Fard and Mahoor, "ACR Loss: Adaptive Coordinate-based Regression Loss for Face Alignment", ICPR
    2022.
    """

    def __init__(
        self,
        shape_model: ShapeModel,
        *,
        unit: float = 10.0,
        lam: float = 2.0,
        variance: float = ACR_VARIANCE[0][1],
        name: str = "acr",
    ) -> None:
        super().__init__(unit=unit, name=name)
        self.smooth = AsmOperator(shape_model, variance=variance)
        self.lam = positive("lam", lam)
        self._c = lam * math.log(2.0) - 1.0

    def difficulty(self, true: Any) -> Any:
        """φ (batch, 2n) of true landmarks, 0 to 1."""
        gap = ops.abs(self.smooth(true) - true)
        return gap / ops.maximum(ops.max(gap, axis=-1, keepdims=True), FLOOR)

    def call(self, true: Any, pred: Any) -> Any:
        true, weights = split_weights(true, pred.shape[-1])
        delta = self.unit * ops.abs(true - pred)
        near = self.lam * ops.log1p(ops.power(delta, 2.0 - self.difficulty(true)))
        penalty = ops.where(delta <= 1.0, near, ops.square(delta) + self._c)
        return weighted_mean(penalty, weights) / self.unit

    def set_epoch(self, epoch: int, epochs: int) -> bool:
        return self.smooth.set_variance(acr_variance(epoch, epochs))
