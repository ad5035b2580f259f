"""The active shape model inside the training graph, and the losses that use it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from sdk.shape_model import LIMIT, ShapeModel
from train.losses.points import L2Loss, LandmarkLoss
from train.schedules import asm_alpha


class AsmOperator:
    """`ShapeModel.regularise` for a batch (batch, 2n), inside the graph.

    `mask` (k,) is a variable, 1 for each mode in use: `set_variance` switches between epochs without a new
    graph. A graph that JAX compiled keeps the mask it saw and has to be traced again (see `set_epoch`).
    Source: ASM(G) of the ASMNet paper, after the similarity alignment of Cootes et al. 1995.
    """

    def __init__(self, shape_model: ShapeModel, *, variance: float | None = None) -> None:
        self._shape_model = shape_model
        self.mask = keras.Variable(
            np.ones(shape_model.n_modes), trainable=False, name="asm_modes", dtype="float32"
        )
        if variance is not None:
            self.set_variance(variance)

    def set_variance(self, share: float) -> bool:
        """Use just the modes that explain `share` (0 to 1) of all variation; whether the modes changed."""
        count = self._shape_model.truncated(share).n_modes
        mask = np.arange(self._shape_model.n_modes) < count
        if np.array_equal(mask, np.asarray(self.mask) > 0):
            return False
        self.mask.assign(mask.astype(np.float32))
        return True

    def __call__(self, flat: Any) -> Any:
        model, dtype = self._shape_model, keras.backend.standardize_dtype(flat.dtype)
        mean, modes = (ops.convert_to_tensor(a, dtype=dtype) for a in (model.mean, model.eigenvectors))
        points = ops.reshape(flat, (-1, model.n_points, 2))
        centre = ops.mean(points, axis=1, keepdims=True)
        c, s = _similarity(points - centre, mean)
        offset = ops.reshape(_turned(points - centre, c, s) - mean, (-1, 2 * model.n_points))
        bound = ops.convert_to_tensor(LIMIT * np.sqrt(model.eigenvalues), dtype=dtype)
        b = ops.clip(ops.matmul(offset, ops.transpose(modes)), -bound, bound) * ops.cast(self.mask, dtype)
        smooth = mean + ops.reshape(ops.matmul(b, modes), (-1, model.n_points, 2))
        scale = c * c + s * s
        return ops.reshape(_turned(smooth, c / scale, -s / scale) + centre, ops.shape(flat))


def _similarity(points: Any, mean: Any) -> tuple[Any, Any]:
    """Scaled cosine and sine (batch, 1) that best bring centred points to the mean: `fit_similarity`."""
    x, y = points[..., 0], points[..., 1]
    square = ops.sum(x * x + y * y, axis=1, keepdims=True)
    c = ops.sum(x * mean[:, 0] + y * mean[:, 1], axis=1, keepdims=True) / square
    s = ops.sum(x * mean[:, 1] - y * mean[:, 0], axis=1, keepdims=True) / square
    return c, s


def _turned(points: Any, c: Any, s: Any) -> Any:
    """(c + i s) times points (batch, n, 2)."""
    x, y = points[..., 0], points[..., 1]
    return ops.stack([c * x - s * y, s * x + c * y], axis=-1)


class AsmAssistedLoss(keras.losses.Loss):
    """weight · (base(G, P) + α · base(ASM(G), P)) for truth G and prediction P, both (batch, 2n).

    `alpha` is a variable that a schedule sets between epochs; with `alphas` given, `set_epoch` does it.

    Args:
        base: the landmark loss of both terms; the squared error of the paper if left out.
        variance: share of the variation that ASM(G) keeps; all modes of the shape model if left out.
    Source: ASMNet, section 3.3, with the squared error as base; α = 2, 1, 0.5 by thirds of the epochs.
    """

    def __init__(
        self,
        shape_model: ShapeModel,
        *,
        alpha: float,
        weight: float = 1.0,
        name: str = "asm_assisted",
        base: LandmarkLoss | None = None,
        variance: float | None = None,
        alphas: tuple[float, float, float] | None = None,
    ) -> None:
        super().__init__(name=name)
        self.smooth = AsmOperator(shape_model, variance=variance)
        self.alpha = keras.Variable(alpha, trainable=False, name="asm_alpha", dtype="float32")
        self.weight = weight
        self.base = L2Loss() if base is None else base
        self._alphas = alphas

    def call(self, true: Any, pred: Any) -> Any:
        count = pred.shape[-1]
        smooth = self.smooth(true[:, :count])
        direct = self.base.call(true, pred)
        # Weights of the points, where the truth has them, hold for its smooth version too.
        assisted = self.base.call(ops.concatenate([smooth, true[:, count:]], axis=-1), pred)
        return self.weight * (direct + ops.cast(self.alpha, pred.dtype) * assisted)

    def set_epoch(self, epoch: int, epochs: int) -> bool:
        if self._alphas is None:
            return False
        alpha = np.float32(asm_alpha(epoch, epochs, self._alphas))
        if alpha == np.asarray(self.alpha):
            return False
        self.alpha.assign(alpha)
        return True


class SoftenedLoss(keras.losses.Loss):
    """base(ASM(G), P): the softened truth in place of the truth. Source: KD-Loss's tolerant teacher (L2)."""

    def __init__(
        self,
        shape_model: ShapeModel,
        *,
        base: LandmarkLoss | None = None,
        variance: float | None = 0.9,
        name: str = "softened",
    ) -> None:
        super().__init__(name=name)
        self.smooth = AsmOperator(shape_model, variance=variance)
        self.base = L2Loss() if base is None else base

    def call(self, true: Any, pred: Any) -> Any:
        count = pred.shape[-1]
        return self.base.call(ops.concatenate([self.smooth(true[:, :count]), true[:, count:]], axis=-1), pred)
