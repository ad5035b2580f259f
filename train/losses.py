"""Losses of the multi-task training, on keras.ops: the same code under TensorFlow and JAX."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from sdk.shape_model import LIMIT, ShapeModel


class AsmOperator:
    """`ShapeModel.regularise` for a batch (batch, 2n), inside the graph.

    Source: ASM(G) of the ASMNet paper, after the similarity alignment of Cootes et al. 1995.
    """

    def __init__(self, shape_model: ShapeModel) -> None:
        mean = shape_model.mean.astype(np.float64)
        self._mean = shape_model.mean.reshape(1, -1)
        self._x, self._y = shape_model.mean[:, 0], shape_model.mean[:, 1]
        self._power = float((mean**2).sum())
        self._modes = shape_model.eigenvectors
        self._bound = LIMIT * np.sqrt(shape_model.eigenvalues)

    def __call__(self, flat: Any) -> Any:
        points = ops.reshape(flat, (-1, len(self._x), 2))
        centre = ops.mean(points, axis=1, keepdims=True)
        x, y = points[..., 0] - centre[..., 0], points[..., 1] - centre[..., 1]
        square = ops.sum(x * x + y * y, axis=1, keepdims=True)
        c = ops.sum(x * self._x + y * self._y, axis=1, keepdims=True) / square
        s = ops.sum(x * self._y - y * self._x, axis=1, keepdims=True) / square
        aligned = ops.stack([c * x - s * y, s * x + c * y], axis=-1)
        offset = ops.reshape(aligned, (-1, 2 * len(self._x))) - self._mean
        b = ops.clip(ops.matmul(offset, self._modes.T), -self._bound, self._bound)
        smooth = ops.reshape(self._mean + ops.matmul(b, self._modes), (-1, len(self._x), 2))
        scale = c * c + s * s
        u = (c * smooth[..., 0] + s * smooth[..., 1]) / scale
        v = (c * smooth[..., 1] - s * smooth[..., 0]) / scale
        return ops.reshape(ops.stack([u, v], axis=-1) + centre, ops.shape(flat))


class AsmAssistedLoss(keras.losses.Loss):
    """weight * (mse(G, P) + alpha mse(ASM(G), P)) for truth G and prediction P, both (batch, 2n).

    `alpha` is a variable that a schedule sets between epochs.
    Source: ASMNet, section 3.3; alpha = 2, 1, 0.5 by thirds of the epochs.
    """

    def __init__(
        self, shape_model: ShapeModel, *, alpha: float, weight: float = 1.0, name: str = "asm_assisted"
    ) -> None:
        super().__init__(name=name)
        self.smooth = AsmOperator(shape_model)
        self.alpha = keras.Variable(alpha, trainable=False, name="asm_alpha", dtype="float32")
        self.weight = weight

    def call(self, true: Any, pred: Any) -> Any:
        direct = ops.mean(ops.square(true - pred), axis=-1)
        assisted = ops.mean(ops.square(self.smooth(true) - pred), axis=-1)
        return self.weight * (direct + self.alpha * assisted)


class PoseLoss(keras.losses.Loss):
    """weight * mean squared error of yaw, pitch and roll (batch, 3). Source: ASMNet, section 3.3."""

    def __init__(self, *, weight: float = 1.0, name: str = "pose_mse") -> None:
        super().__init__(name=name)
        self.weight = weight

    def call(self, true: Any, pred: Any) -> Any:
        return self.weight * ops.mean(ops.square(true - pred), axis=-1)
