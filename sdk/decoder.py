"""Runs a head on what the network gave: from integers to landmarks, pose and how far both can be trusted.

All is in double precision and rounded once: docs/model_format.md, "The head".
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from sdk.errors import BackendError
from sdk.head import Head
from sdk.schemes import IBUG68

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

GREATEST = 255
"""Of the maps' integers."""

MOST_LOGIT = 700.0
"""Beyond it exp leaves the range of double precision."""


class Decoder:
    """A head, ready to run on what the network gave. Not for use by two threads at once: its memory is reused.

    Args:
        eyes: indices of the outer eye corners, whose distance is the unit of the point errors.
    """

    def __init__(self, head: Head, *, eyes: tuple[int, int] = IBUG68.outer_eye_corners) -> None:
        self._n = head.n_points
        self._scale = head.maps_scale
        self._chance = np.exp(head.maps_scale * (np.arange(256.0) - GREATEST))  # of an integer, not yet of a map
        self._side, self._eyes = head.maps_side, eyes
        self._errors = _negated(head)
        self._cells = _cells(head.maps_side, squares=self._errors is not None)
        self._kernel = np.hstack([head.landmarks_kernel, head.pose_kernel]).astype(np.float64)
        self._kernel[2 * self._n :] *= head.top_scale
        self._bias = np.concatenate([head.landmarks_bias, head.pose_bias]).astype(np.float64)
        self._bias -= head.top_zero_point * self._kernel[2 * self._n :].sum(axis=0)
        self._chances = np.zeros((head.maps_side**2, self._n))
        self._sums = np.ones((len(self._cells), self._n))
        self._whole, self._moments = self._sums[0], self._sums[1:3].T
        self._squares = self._sums[3] if self._errors is not None else None
        self._features = np.empty(len(self._kernel))
        self._places, self._top = self._features[: 2 * self._n].reshape(-1, 2), self._features[2 * self._n :]
        self._maps: UInt8 = np.zeros((head.maps_side**2, self._n), np.uint8)
        self._landmarks: Float32 = np.zeros((self._n, 2), np.float32)
        self._weights: tuple[Float64, float] | None = None
        if head.confidence_kernel is not None and head.confidence_bias is not None:
            self._weights = head.confidence_kernel.astype(np.float64), float(head.confidence_bias[0])

    def __call__(self, maps: UInt8, top: UInt8) -> tuple[Float32, Float32]:
        """Landmarks (n, 2) in crop coordinates and pose (3,).

        Args:
            maps: integers of the points' maps, points last: (..., side, side, n).
            top: of the last feature map, any shape.
        """
        import cv2

        self._maps = maps.reshape(-1, self._n)
        chances = cv2.LUT(self._maps, self._chance, self._chances)  # three times as fast as numpy.take
        np.dot(self._cells, chances, out=self._sums)
        np.divide(self._moments, self._whole[:, None], out=self._places)
        self._top[:] = top.ravel()
        values = (self._features.dot(self._kernel) + self._bias).astype(np.float32)
        self._landmarks = values[:-3].reshape(-1, 2)
        return self._landmarks, values[-3:]

    @property
    def log_peaks(self) -> Float64:
        """Logarithm of the greatest probability of each point's map in the last call, (n,)."""
        greatest = self._maps.max(axis=0).astype(np.float64)
        return np.asarray(self._scale * (greatest - GREATEST) - np.log(self._whole))

    @property
    def confidence(self) -> float | None:
        """Of the last call, 0 to 1; None where the model gives none."""
        if self._weights is None:
            return None
        kernel, bias = self._weights
        logit = float(kernel @ self.log_peaks) + bias
        return 1.0 / (1.0 + math.exp(-min(max(logit, -MOST_LOGIT), MOST_LOGIT)))

    @property
    def log_spreads(self) -> Float64:
        """Logarithm of the variance (n,) of each map about its mean in the last call, in sides of the crop.

        A cell is a square and not a point, so that a map with a single cell has a variance too.

        Raises:
            BackendError: the head gives no point errors.
        """
        if self._squares is None:
            raise BackendError("this model gives no point errors: python -m benchmarks points adds them")
        x, y = self._features[: 2 * self._n : 2], self._features[1 : 2 * self._n : 2]
        about = self._squares / self._whole
        about -= x * x + y * y
        np.maximum(about, 0.0, out=about)
        about += 1.0 / (6.0 * self._side**2)
        return np.asarray(np.log(about, out=about))

    @property
    def eye_distance(self) -> float:
        """Of the last call's outer eye corners, in sides of the crop, at least a cell."""
        right, left = (self._landmarks[eye].tolist() for eye in self._eyes)
        return max(math.dist(right, left), 1.0 / self._side)

    @property
    def point_errors(self) -> Float32 | None:
        """Of the last call (n,), 0 to 1, see `Face.point_errors`; None where the model gives none."""
        if self._errors is None:
            return None
        own, mean, eyes, bias = self._errors  # negated: the argument of exp
        spreads = self.log_spreads
        values = own * spreads
        values += mean * (float(np.add.reduce(spreads)) / self._n)
        values += eyes * math.log(self.eye_distance)
        values += bias
        np.minimum(values, MOST_LOGIT, out=values)
        np.exp(values, out=values)
        values += 1.0
        return np.asarray(1.0 / values, np.float32)


def _negated(head: Head) -> tuple[Float64, Float64, Float64, Float64] | None:
    """Weights (n,) of a point's own spread, of the mean and of the eyes, and the bias, all with the other sign."""
    if head.errors_kernel is None or head.errors_bias is None:
        return None
    own, mean, eyes = -head.errors_kernel.astype(np.float64).T
    return own.copy(), mean.copy(), eyes.copy(), -head.errors_bias.astype(np.float64)


def _cells(side: int, *, squares: bool) -> Float64:
    """(3 or 4, side²): one, x, y and, where asked for, x² + y² of each cell, row by row; centres in sides of the
    crop from its own."""
    place = (np.arange(side) + 0.5) / side - 0.5
    y, x = (values.ravel() for values in np.meshgrid(place, place, indexing="ij"))
    rows = [np.ones(side * side), x, y]
    return np.stack([*rows, x * x + y * y] if squares else rows)
