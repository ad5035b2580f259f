"""Two networks in turn: the first finds the face's turn and place, the second looks closely."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.geometry import fit_similarity
from sdk.results import HeadPose

if TYPE_CHECKING:
    from train.evaluation.predictor import Predictor

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]


class TwoStages:
    """A predictor of two: `first` sees the box, `second` the upright crop of the landmarks that `first` found.

    Args:
        mean: (n, 2) upright mean shape, such as `ShapeModel.mean`, against which the turn is measured.

    Raises:
        InputError: the networks or the mean shape have different numbers of points.
    Source: Feng et al., "Wing Loss ...", CVPR 2018: CNN-6/7.
    """

    def __init__(self, first: Predictor, second: Predictor, *, mean: Float32) -> None:
        counts = (first.scheme.n_points, second.scheme.n_points, len(mean))
        if len(set(counts)) > 1:
            raise InputError(
                "two stages: expected two networks and a shape model of one landmark scheme, got "
                "{}, {} and {} points".format(*counts)
            )
        self.first, self._second, self._mean = first, second, mean
        self.size, self.margin, self.scheme = second.size, second.margin, second.scheme

    def __call__(self, crops: UInt8, /) -> tuple[Float32, list[HeadPose]]:
        """What the second network sees in crops (faces, size, size, 3)."""
        return self._second(crops)

    def turn_deg(self, landmarks: Float32) -> float:
        """In-plane turn, clockwise, of landmarks (n, 2)."""
        return in_plane_deg(landmarks, self._mean)

    def describe(self) -> dict[str, Any]:
        first, second = self.first.describe(), self._second.describe()
        return {**second, "name": f"{first['name']} then {second['name']}", "first": first}


def in_plane_deg(landmarks: npt.ArrayLike, mean: npt.ArrayLike) -> float:
    """Clockwise turn of landmarks (n, 2) from the upright mean shape, -180 to 180."""
    a = fit_similarity(mean, landmarks).a
    return math.degrees(math.atan2(a.imag, a.real))
