"""One-Euro filter: smooth when still, quick when moving."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.checks import as_number
from sdk.errors import InputError
from sdk.geometry import Centred, centred, fit_centred, to_points
from sdk.pose import nearest_rotation, pose_from_rotation, rotation_from_pose
from sdk.results import HeadPose

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OneEuro:
    """Parameters of the filter: a low pass whose cut-off rises with speed.

    Attributes:
        min_cutoff_hz: cut-off of a face at rest. Lower is smoother and slower to start moving.
        beta: rise of the cut-off, Hz per unit of speed. Higher lags less on fast motion and smooths less.
        speed_cutoff_hz: cut-off of the speed's own low pass.

    The unit of length is the caller's; `FaceTracker` measures in outer-eye distances, so that near and far
    faces are smoothed alike. The defaults keep jitter of a still, noisy face low and lag a fraction of a frame:
    python -m benchmarks video prints both.
    Source: Casiez, Roussel & Vogel, "1 € Filter", CHI 2012.
    """

    min_cutoff_hz: float = 0.3
    beta: float = 60.0
    speed_cutoff_hz: float = 0.6

    def __post_init__(self) -> None:
        least, speed, beta = map(as_number, (self.min_cutoff_hz, self.speed_cutoff_hz, self.beta))
        if not (least > 0 and speed > 0 and 0 <= beta < math.inf):
            raise InputError(
                f"OneEuro: expected positive cut-offs and a finite beta >= 0, got {self.min_cutoff_hz!r}, "
                f"{self.speed_cutoff_hz!r} and {self.beta!r}"
            )


class OneEuroFilter:
    """The filter's state for one array of values.

    The speed that sets the cut-off is the length of the last axis' vector, so that x and y of a point are smoothed
    alike.
    """

    def __init__(self, parameters: OneEuro) -> None:
        self._step = _Step(parameters, _lengths)
        self._value: Float64 | None = None

    def __call__(self, value: npt.ArrayLike, seconds: float, *, unit: float = 1.0) -> Float64:
        """The smoothed value, `seconds` after the last one; the first passes as it is.

        Args:
            unit: the length, in the value's unit, that counts as 1 when speed is measured.
        """
        new = np.asarray(value, np.float64)
        if self._value is None or seconds <= 0:
            self._step.rest()
            self._value = new
        else:
            self._value = self._value + self._step(new - self._value, seconds, unit)
        return self._value


class LandmarkFilter:
    """One-Euro on the landmarks (n, 2) of one face: its motion as a whole and the change of its shape apart.

    The similarity that best brings the last smoothed face onto the new one is the motion: shift, log scale and
    angle, known far better than any point. So its speed is told from noise sooner, and a head that moves is not
    smeared; what is left over is the shape, smoothed point by point.
    """

    def __init__(self, parameters: OneEuro) -> None:
        self._motion, self._shape = _VectorStep(parameters), _Step(parameters, np.abs)
        self._last: Centred | None = None

    def __call__(self, landmarks: npt.ArrayLike, seconds: float, *, unit: float) -> Float64:
        """The smoothed landmarks, `seconds` after the last ones; the first pass as they are.

        Args:
            unit: the length in pixels that counts as 1, such as the distance of the eyes.
        """
        new = centred(landmarks)
        if self._last is None or seconds <= 0 or _coincide(self._last):
            self._motion.rest()
            self._shape.rest()
            self._last = new
            return np.asarray(landmarks, np.float64)
        self._last = self._moved(self._last, new, seconds, unit)
        return to_points(self._last[0] + self._last[1])

    def _moved(self, old: Centred, new: Centred, seconds: float, unit: float) -> Centred:
        """Points are complex numbers here: x + iy."""
        a, shift = fit_centred(old, new).a, (new[0] - old[0]) / unit
        whole = (shift.real, shift.imag, math.log(max(abs(a), 1e-6)), cmath.phase(a))
        right, down, growth, angle = self._motion(whole, seconds)
        points = cmath.exp(complex(growth, angle)) * old[1]
        points += self._shape(new[1] - a * old[1], seconds, unit)
        drift = complex(np.add.reduce(points)) / len(points)
        return old[0] + unit * complex(right, down) + drift, points - drift


class RotationFilter:
    """One-Euro on a head pose, by the rows of its rotation, so that no angle jumps."""

    def __init__(self, parameters: OneEuro) -> None:
        self._steps = [_VectorStep(parameters) for _ in range(3)]
        self._rows: list[list[float]] | None = None

    def __call__(self, pose: HeadPose, seconds: float, *, unit: float) -> HeadPose:
        """The smoothed pose, `seconds` after the last one; the first passes as it is.

        Args:
            unit: the angle in radians that counts as 1 when speed is measured.
        """
        new = rotation_from_pose(pose).tolist()
        if self._rows is None or seconds <= 0:
            for step in self._steps:
                step.rest()
            self._rows = new
        else:
            self._rows = [
                [value + move for value, move in zip(old, step(_apart(row, old), seconds, unit), strict=True)]
                for step, row, old in zip(self._steps, new, self._rows, strict=True)
            ]
        return pose_from_rotation(nearest_rotation(np.array(self._rows)))


class _Step:
    """How far to go towards a new value: the filter of the source, told by offsets from the last answer."""

    def __init__(self, parameters: OneEuro, lengths: Callable[[Any], Any]) -> None:
        self._parameters = parameters
        self._lengths = lengths
        self._speed: Any = 0.0

    def rest(self) -> None:
        self._speed = 0.0

    def __call__(self, offset: npt.NDArray[Any], seconds: float, unit: float = 1.0) -> npt.NDArray[Any]:
        p = self._parameters
        speed = offset * (1.0 / (unit * seconds))
        speed -= self._speed
        speed *= _share(p.speed_cutoff_hz, seconds)
        speed += self._speed
        self._speed = speed
        cutoff_hz = self._lengths(speed)
        cutoff_hz *= p.beta
        cutoff_hz += p.min_cutoff_hz
        return np.asarray(_share(cutoff_hz, seconds) * offset)


class _VectorStep:
    """`_Step` of one short vector, in plain floats, on which numpy would take ten times as long."""

    def __init__(self, parameters: OneEuro) -> None:
        self._parameters = parameters
        self._speed: list[float] | None = None

    def rest(self) -> None:
        self._speed = None

    def __call__(self, offset: Sequence[float], seconds: float, unit: float = 1.0) -> list[float]:
        p = self._parameters
        share, per_second = _share(p.speed_cutoff_hz, seconds), 1.0 / (unit * seconds)
        last = self._speed or [0.0] * len(offset)
        self._speed = [old + share * (new * per_second - old) for old, new in zip(last, offset, strict=True)]
        share = _share(p.min_cutoff_hz + p.beta * math.hypot(*self._speed), seconds)
        return [share * value for value in offset]


def _apart(new: Sequence[float], old: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(new, old, strict=True)]


def _coincide(points: Centred) -> bool:
    return bool((points[1] == points[1][0]).all())


def _lengths(vectors: Float64) -> Float64:
    """Of vectors along the last axis, which is kept with length 1."""
    return np.asarray(np.sqrt(np.add.reduce(vectors * vectors, axis=-1, keepdims=True)))


def _share(cutoff_hz: Any, seconds: float) -> Any:
    """Weight of the new value in a first-order low pass: 1 / (1 + τ/T), τ = 1 / 2πf."""
    ratio = (2.0 * math.pi * seconds) * cutoff_hz
    return ratio / (1.0 + ratio)
