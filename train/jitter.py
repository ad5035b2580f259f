"""How much landmarks tremble on still faces, where a camera's noise alone changes from frame to frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdk.schemes import LandmarkScheme

NOISE = 4.0
"""Standard deviation of the sensor's noise per pixel and channel, grey levels: a camera indoors."""


def jitter_percent(frames: npt.NDArray[np.floating], *, scheme: LandmarkScheme) -> float:
    """Jitter of landmarks (faces, frames, n, 2): standard deviation of each point over the frames, in per cent of
    the outer-eye distance, mean over points and faces."""
    right, left = scheme.outer_eye_corners
    middle = frames.mean(axis=1)
    eyes = np.linalg.norm(middle[:, right] - middle[:, left], axis=-1)
    deviation = np.sqrt(frames.var(axis=1).sum(axis=-1)).mean(axis=-1)
    return float(100.0 * (deviation / eyes).mean())
