"""Losses of landmark coordinates, one penalty f a class.

Convention: truth and prediction are (batch, 2n), x and y interleaved, in sides of the crop. The error is
measured in a unit of which `unit` make a side (the input's size, for pixels of the network's input), and
the result is brought back to sides:

    loss of a face = mean over its 2n coordinates of f(unit · (truth - prediction)) / unit

so that the gradient is f', whatever the input's size. For a penalty with the dimension of a length (all here
but L2) it is the same as dividing its constants by `unit`, as with Wing's w and ε for targets in [0, 1].
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from sdk.errors import InputError


class LandmarkLoss(keras.losses.Loss):
    """Mean penalty of the coordinate errors of a face; see the module for `unit`."""

    def __init__(self, *, unit: float = 1.0, name: str | None = None) -> None:
        super().__init__(name=name)
        self.unit = positive("unit", unit)

    def penalty(self, error: Any) -> Any:
        """f of errors given in units."""
        raise NotImplementedError

    def call(self, true: Any, pred: Any) -> Any:
        true, weights = split_weights(true, pred.shape[-1])
        return weighted_mean(self.penalty(self.unit * (true - pred)), weights) / self.unit


class L2Loss(LandmarkLoss):
    """f(x) = x². Source: mean squared error; ASMNet's L_mse."""

    def penalty(self, error: Any) -> Any:
        return ops.square(error)


class L1Loss(LandmarkLoss):
    """f(x) = |x|; the unit cancels. Source: mean absolute error."""

    def penalty(self, error: Any) -> Any:
        return ops.abs(error)


class SmoothL1Loss(LandmarkLoss):
    """f(x) = x² / 2β for |x| < β, else |x| - β/2; β in units.

    Source: Girshick, "Fast R-CNN", ICCV 2015, eq. 3 (β = 1): Huber's loss divided by β.
    """

    def __init__(self, *, unit: float, beta: float = 1.0, name: str | None = None) -> None:
        super().__init__(unit=unit, name=name)
        self.beta = positive("beta", beta)

    def penalty(self, error: Any) -> Any:
        x = ops.abs(error)
        return ops.where(x < self.beta, ops.square(x) / (2.0 * self.beta), x - 0.5 * self.beta)


class WingLoss(LandmarkLoss):
    """f(x) = w ln(1 + |x|/ε) for |x| < w, else |x| - C, with C = w - w ln(1 + w/ε); w and ε in units.

    Source: Feng et al., "Wing Loss for Robust Facial Landmark Localisation with Convolutional Neural
    Networks", CVPR 2018; w = 10 and ε = 2 pixels of the input are its best on AFLW.
    """

    def __init__(self, *, unit: float, w: float = 10.0, epsilon: float = 2.0, name: str | None = None) -> None:
        super().__init__(unit=unit, name=name)
        self.w, self.epsilon = positive("w", w), positive("epsilon", epsilon)
        self._c = w - w * math.log1p(w / epsilon)

    def penalty(self, error: Any) -> Any:
        x = ops.abs(error)
        return ops.where(x < self.w, self.w * ops.log1p(x / self.epsilon), x - self._c)


class AdaptiveWingLoss(LandmarkLoss):
    """f(x) = ω ln(1 + |x/ε|^p) for |x| < θ, else A|x| - C, with p = α - 1; ω, θ and ε in units.

    A = ω p (θ/ε)^(p-1) / (ε (1 + (θ/ε)^p)) and C = θA - ω ln(1 + (θ/ε)^p) join value and slope at θ.
    On coordinates: the paper's exponent is α - y for a heatmap value y in [0, 1] and turns from 2.1 on
    background to 1.1 on the landmark. A coordinate has no y; every one is taken as foreground, y = 1.
    Unlike Wing's, the slope is 0 at 0.
    Source: Wang et al., "Adaptive Wing Loss for Robust Face Alignment via Heatmap Regression", ICCV 2019;
    ω = 14, θ = 0.5, ε = 1, α = 2.1.
    """

    def __init__(
        self,
        *,
        unit: float,
        omega: float = 14.0,
        theta: float = 0.5,
        epsilon: float = 1.0,
        alpha: float = 2.1,
        name: str | None = None,
    ) -> None:
        super().__init__(unit=unit, name=name)
        if alpha <= 2.0:
            raise InputError(f"alpha: expected more than 2, so that the slope vanishes at 0, got {alpha}")
        self.omega, self.theta = positive("omega", omega), positive("theta", theta)
        self.epsilon, self.power = positive("epsilon", epsilon), alpha - 1.0
        edge = (theta / epsilon) ** self.power
        self._a = omega * self.power * edge / (theta * (1.0 + edge))
        self._c = theta * self._a - omega * math.log1p(edge)

    def penalty(self, error: Any) -> Any:
        x = ops.abs(error)
        near = self.omega * ops.log1p(ops.power(x / self.epsilon, self.power))
        return ops.where(x < self.theta, near, self._a * x - self._c)


class SoftWingLoss(LandmarkLoss):
    """f(x) = |x| for |x| < ω₁, else ω₂ ln(1 + |x|/ε) + B, with B = ω₁ - ω₂ ln(1 + ω₁/ε); in units.

    Source: Lin et al., "Structure-Coherent Deep Feature Learning for Robust Face Alignment", IEEE TIP 2021;
    ω₁ = 2, ω₂ = 20, ε = 0.5 are the defaults of OpenMMLab's mmpose.
    """

    def __init__(
        self,
        *,
        unit: float,
        omega1: float = 2.0,
        omega2: float = 20.0,
        epsilon: float = 0.5,
        name: str | None = None,
    ) -> None:
        super().__init__(unit=unit, name=name)
        self.omega1, self.omega2 = positive("omega1", omega1), positive("omega2", omega2)
        self.epsilon = positive("epsilon", epsilon)
        self._b = omega1 - omega2 * math.log1p(omega1 / epsilon)

    def penalty(self, error: Any) -> Any:
        x = ops.abs(error)
        return ops.where(x < self.omega1, x, self.omega2 * ops.log1p(x / self.epsilon) + self._b)


def split_weights(true: Any, count: int) -> tuple[Any, Any]:
    """Coordinates (batch, count) and a weight for each, of a truth (batch, count) or (batch, 3/2 count).

    The longer one has a weight from 0 to 1 of each point behind the coordinates; without it weights are None.
    """
    if true.shape[-1] == count:
        return true, None
    return true[:, :count], ops.repeat(true[:, count:], 2, axis=-1)


def weighted_mean(values: Any, weights: Any) -> Any:
    """Mean over the last axis of values times weights. The weights of a face are not brought to one sum, so that a
    face of doubtful points counts for less as a whole."""
    return ops.mean(values if weights is None else values * weights, axis=-1)


def positive(name: str, value: float) -> float:
    """A constant of a loss, checked at the door."""
    if not 0.0 < value < math.inf:
        raise InputError(f"{name}: expected a positive number, got {value}")
    return float(value)
