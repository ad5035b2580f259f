"""Two networks in turn: the first finds the face's turn and place, the second looks closely."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sdk.geometry import Crop, fit_similarity
from sdk.results import BBox

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

Predict = Callable[[UInt8], Float32]
"""From a crop (size, size, 3) uint8 BGR to landmarks (n, 2) in crop coordinates."""


def align_in_two_stages(
    image: UInt8,
    box: BBox,
    first: Predict,
    second: Predict,
    *,
    mean: npt.ArrayLike,
    sizes: tuple[int, int] = (64, 128),
    margins: tuple[float, float] = (1.3, 1.3),
) -> tuple[Float32, Crop]:
    """Landmarks (n, 2) in image pixels, and the second crop, whose angle belongs to a pose found in it.

    The first network's landmarks give the in-plane rotation and a better box; the second sees the face upright.

    Args:
        mean: (n, 2) upright mean shape, such as `ShapeModel.mean`, against which the rotation is measured.
        sizes, margins: input pixels and crop side over box side of the first and the second network; the
            second's margin is around its landmarks.
    Source: Feng et al., "Wing Loss ...", CVPR 2018: CNN-6/7.
    """
    crop = Crop.around(box, size=sizes[0], margin=margins[0])
    rough = crop.to_image(first(crop.extract(image)))
    close = Crop.around_landmarks(rough, size=sizes[1], margin=margins[1], angle_deg=in_plane_deg(rough, mean))
    return close.to_image(second(close.extract(image))), close


def in_plane_deg(landmarks: npt.ArrayLike, mean: npt.ArrayLike) -> float:
    """Clockwise turn of landmarks (n, 2) from the upright mean shape, -180 to 180."""
    a = fit_similarity(mean, landmarks).a
    return math.degrees(math.atan2(a.imag, a.real))
