"""One-Euro filter: smooth when still, quick when moving."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OneEuro:
    """Parameters of the filter: a low pass whose cut-off rises with speed.

    Attributes:
        min_cutoff_hz: cut-off of a face at rest. Lower is smoother and slower to start moving.
        beta: rise of the cut-off, Hz per unit of speed. Higher lags less on fast motion and smooths less.
        speed_cutoff_hz: cut-off of the speed's own low pass.

    The unit of length is the caller's; `FaceTracker` measures in outer-eye distances, so that near and far
    faces are smoothed alike. The defaults keep jitter of a still, noisy face low at a lag of about a third of a
    frame: python -m benchmarks video prints both.
    Source: Casiez, Roussel & Vogel, "1 € Filter", CHI 2012.
    """

    min_cutoff_hz: float = 0.5
    beta: float = 24.0
    speed_cutoff_hz: float = 0.5

    def __post_init__(self) -> None:
        if not (self.min_cutoff_hz > 0 and self.speed_cutoff_hz > 0 and self.beta >= 0):
            raise InputError(
                f"OneEuro: expected positive cut-offs and beta >= 0, got {self.min_cutoff_hz}, "
                f"{self.speed_cutoff_hz} and {self.beta}"
            )


class OneEuroFilter:
    """The filter's state for one array of values, such as the landmarks (n, 2) of one face.

    The speed that sets the cut-off is the length of the last axis' vector, one per point, so that x and y of a
    point are smoothed alike.
    """

    def __init__(self, parameters: OneEuro) -> None:
        self._parameters = parameters
        self._value: Float64 | None = None
        self._speed: Float64 | None = None

    def __call__(self, value: npt.ArrayLike, seconds: float, *, unit: float = 1.0) -> Float64:
        """The smoothed value, `seconds` after the last one; the first passes as it is.

        Args:
            unit: the length, in the value's unit, that counts as 1 when speed is measured.
        """
        new = np.asarray(value, np.float64)
        if self._value is None or self._speed is None or seconds <= 0:
            self._value = new
            self._speed = np.zeros_like(new)
            return new
        p = self._parameters
        rate = (new - self._value) / (seconds * unit)
        self._speed = _mix(self._speed, rate, _share(p.speed_cutoff_hz, seconds))
        speed = np.linalg.norm(self._speed, axis=-1, keepdims=True)
        share = _share(p.min_cutoff_hz + p.beta * speed, seconds)
        self._value = _mix(self._value, new, share)
        return self._value


def _share(cutoff_hz: npt.ArrayLike, seconds: float) -> Float64:
    """Weight of the new value in a first-order low pass: 1 / (1 + τ/T), τ = 1 / 2πf."""
    return np.asarray(1.0 / (1.0 + 1.0 / (2.0 * math.pi * np.asarray(cutoff_hz) * seconds)))


def _mix(old: Float64, new: Float64, share: Float64) -> Float64:
    return np.asarray(old + share * (new - old))
