"""Landmark loss that knows a contour's direction: across it an error counts more than along it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from sdk.errors import InputError
from sdk.schemes import LandmarkScheme
from train.losses.points import SmoothL1Loss, split_weights, weighted_mean

CORNER_DEG = 50.0
"""Turn of a contour at a point of the mean shape, beyond which the point is a corner and has no direction."""

TINY = 1e-12
"""Squared length, in sides of the crop, below which two neighbours coincide and give no direction."""


@dataclass(frozen=True, slots=True, eq=False)
class Contours:
    """The neighbours of each point along its part of the face.

    Attributes:
        before, after: (n,) indices; a point at the end of an open contour is its own neighbour.
        directed: (n,) bool, False for corners and for points that are alone.
    """

    before: npt.NDArray[np.intp]
    after: npt.NDArray[np.intp]
    directed: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, scheme: LandmarkScheme, mean: npt.ArrayLike) -> Contours:
        """Each group of the scheme is one contour, closed where its ends in the mean shape (n, 2) are neighbours:
        not further apart than its longest other step."""
        shape = np.asarray(mean, np.float64)
        before, after = np.arange(scheme.n_points), np.arange(scheme.n_points)
        for group in map(list, scheme.groups.values()):
            before[group[1:]], after[group[:-1]] = group[:-1], group[1:]
            steps = np.linalg.norm(np.diff(shape[group], axis=0), axis=1)
            if len(group) > 3 and np.linalg.norm(shape[group[0]] - shape[group[-1]]) <= steps.max():
                before[group[0]], after[group[-1]] = group[-1], group[0]
        z = shape @ (1.0, 1.0j)
        turn = np.abs(np.angle((z[after] - z) * (z - z[before]).conj(), deg=True))
        return cls(before, after, (before != after) & (turn <= CORNER_DEG))


class ContourLoss(SmoothL1Loss):
    """Smooth L1 of the errors along and across the contour: `along` · f(along) + (2 - `along`) · f(across).

    The direction at a point is that from its neighbour before to its neighbour after, in the truth. Annotators
    agree on where a jaw or a lid ends and less on where along it a point lies. At corners, and with `along` 1
    everywhere, both directions count alike.
    Source: the anisotropic direction loss of Huang et al., "ADNet: Leveraging Error-Bias Towards Normal Direction
    in Face Alignment", ICCV 2021; there λ : 1 for distances, here with smooth L1 and a sum of weights of 2.
    """

    def __init__(
        self, contours: Contours, *, unit: float, along: float = 0.5, beta: float = 1.0, name: str | None = None
    ) -> None:
        super().__init__(unit=unit, beta=beta, name=name)
        if not 0.0 <= along <= 1.0:
            raise InputError(f"along: expected 0 to 1, got {along}")
        self._contours = contours
        self._along = np.where(contours.directed, along, 1.0)

    def call(self, true: Any, pred: Any) -> Any:
        true, weights = split_weights(true, pred.shape[-1])
        count = len(self._contours.before)
        points, errors = (ops.reshape(v, (-1, count, 2)) for v in (true, self.unit * (true - pred)))
        tangent = self._tangents(points)
        normal = ops.stack([-tangent[..., 1], tangent[..., 0]], axis=-1)
        along, across = (self.penalty(ops.sum(errors * axis, axis=-1)) for axis in (tangent, normal))
        share = ops.convert_to_tensor(self._along, dtype=along.dtype)
        both = ops.stack([share * along, (2.0 - share) * across], axis=-1)
        return weighted_mean(ops.reshape(both, ops.shape(pred)), weights) / self.unit

    def _tangents(self, points: Any) -> Any:
        """Unit vectors (batch, n, 2) along the contours; the x axis where there is no direction."""
        step = ops.take(points, self._contours.after, axis=1) - ops.take(points, self._contours.before, axis=1)
        square = ops.sum(ops.square(step), axis=-1, keepdims=True)
        known = ops.logical_and(square > TINY, self._contours.directed[:, None])
        unit = step / ops.sqrt(ops.where(known, square, ops.ones_like(square)))
        return ops.where(known, unit, ops.convert_to_tensor([1.0, 0.0], dtype=unit.dtype))
