"""What several teachers say of a face together, and how sure they are of each point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sdk.geometry import to_complex
from sdk.schemes import LandmarkScheme
from train.eyes import eye_line

Float32 = npt.NDArray[np.float32]

HALF = 0.06
"""Distance of two opinions, in outer-eye distances, at which a point weighs half: about twice that of two
annotators."""


def consensus(groups: Sequence[Float32], scheme: LandmarkScheme) -> tuple[Float32, Float32, float]:
    """The mean of opinions (n, 2) whose errors are independent of each other.

    Returns:
        Landmarks (n, 2); the weight of each point (n,), 1 / (1 + (d / HALF)²) for its largest distance d from
        the mean of two opinions or more, times two; and the mean of d over the points. A single opinion weighs 1.
    """
    stacked = np.stack(groups)
    mean = stacked.mean(axis=0)
    z = to_complex(stacked)
    unit = abs(eye_line(to_complex(mean), scheme))
    apart = 2.0 * np.abs(z - z.mean(axis=0)).max(axis=0) / unit
    return mean.astype(np.float32), (1.0 / (1.0 + (apart / HALF) ** 2)).astype(np.float32), float(apart.mean())
