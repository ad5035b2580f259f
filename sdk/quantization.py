"""Integer tensors and the real numbers they stand for: real = scale * (quantised - zero_point)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def dequantize(values: npt.NDArray[np.generic], *, scale: float, zero_point: int) -> npt.NDArray[np.float32]:
    """Real numbers of an integer tensor; a float tensor (scale 0) passes as float32."""
    if scale == 0.0:
        return values.astype(np.float32)
    return np.asarray(np.float32(scale) * (values.astype(np.float32) - np.float32(zero_point)), np.float32)
