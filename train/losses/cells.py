"""Losses of the probability maps that points are read off (train.networks.places)."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from sdk.errors import InputError
from train.losses.points import positive, split_weights, weighted_mean

LEAST = 1e-7
"""Probabilities below this count as this."""


class CellEntropyLoss(keras.losses.Loss):
    """Cross entropy of each point's map with a Gaussian around the true place, mean over the points.

    The mean place of a map says little about its single cells, so that a loss of the coordinates alone takes
    long to shape it. Truth is (batch, 2n) as for landmarks, prediction (batch, n, side²); `sigma` is in cells.
    Where the place lies outside the crop, the cells next to it are what is asked for.
    Source: Nibali et al., "Numerical Coordinate Regression with Convolutional Neural Networks", 2018 (a loss of
    the maps beside that of their means; there the Jensen-Shannon divergence).
    """

    def __init__(self, *, sigma: float = 1.0, name: str = "cell_entropy") -> None:
        super().__init__(name=name)
        self.sigma = positive("sigma", sigma)

    def call(self, true: Any, pred: Any) -> Any:
        side = math.isqrt(pred.shape[-1])
        if side * side != pred.shape[-1]:
            raise InputError(f"cell_entropy: expected square maps, got {pred.shape[-1]} cells")
        true, weights = split_weights(true, 2 * pred.shape[1])
        centres = ((np.arange(side) + 0.5) / side - 0.5).astype(np.float32)
        places = ops.reshape(true, (-1, pred.shape[1], 2))
        squares = [ops.square(side * (places[..., k : k + 1] - centres)) for k in (0, 1)]  # (batch, n, side)
        column, row = (ops.softmax(-s / (2.0 * self.sigma**2), axis=-1) for s in squares)
        wanted = ops.reshape(row[..., :, None] * column[..., None, :], ops.shape(pred))
        entropies = -ops.sum(wanted * ops.log(ops.maximum(pred, LEAST)), axis=-1)
        return weighted_mean(entropies, None if weights is None else weights[:, ::2])
