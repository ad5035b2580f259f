"""What a network leaves to its reader: from maps and features on integers to landmarks and pose.

The network ends at tensors of integers, which are the same on every processor. What follows are sums of floats, in
double precision and rounded once, so that their order does not matter: docs/model_format.md, "The head".
Source: Sun et al., "Integral Human Pose Regression", ECCV 2018 (mean places).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

KIND = "mean_places"
"""The only kind of head there is, in the metadata's field `head`."""

ARRAYS = ("landmarks_kernel", "landmarks_bias", "pose_kernel", "pose_bias")
"""Members head/NAME.npy of a model file."""

CONFIDENCE = ("confidence_kernel", "confidence_bias")
"""Further members, of files whose field `head` says `"confidence": true`."""

SETTINGS: Mapping[str, type] = MappingProxyType(
    {"maps_side": int, "maps_scale": float, "top_scale": float, "top_zero_point": int}
)
"""Numbers in the metadata's field `head`, beside `kind`."""

MAX_SIDE = 128

GREATEST = 255
"""Of the maps' integers."""

MAX_SCALE = 2.0
"""Of the maps' integers: beyond it probabilities would leave the range of double precision."""

MAX_TOP_SCALE = 1e6
MAX_WEIGHT = 1e6
"""Of kernels and biases: far above any, and far below what makes sums of their products infinite in float32."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Points are the mean places of maps, corrected by a dense layer that also sees the last feature map.

    Attributes:
        maps_side: cells of a map per side.
        maps_scale: of the maps' integers.
        top_scale, top_zero_point: of the last feature map; real = scale * (integer - zero_point).
        landmarks_kernel: (2n + t, 2n) float32: a row for each coordinate of the n places, x and y interleaved,
            then one for each of the t values of the last feature map. landmarks_bias: (2n,).
        pose_kernel: (2n + t, 3) float32; pose_bias: (3,).
        confidence_kernel: (n,) float32, weights of the logarithms of the maps' greatest probabilities;
            confidence_bias: (1,). None where the model gives no confidence (python -m benchmarks confidence).
    Raises:
        InputError: the arrays disagree about n or t, or numbers are not finite or out of range.
    """

    maps_side: int
    maps_scale: float
    top_scale: float
    top_zero_point: int
    landmarks_kernel: Float32
    landmarks_bias: Float32
    pose_kernel: Float32
    pose_bias: Float32
    confidence_kernel: Float32 | None = None
    confidence_bias: Float32 | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.maps_side <= MAX_SIDE or not 0 <= self.top_zero_point <= 255:
            raise InputError(
                f"head: expected maps_side of 1 to {MAX_SIDE} and top_zero_point of 0 to 255, got "
                f"{self.maps_side} and {self.top_zero_point}"
            )
        if not (0 < self.maps_scale <= MAX_SCALE and 0 < self.top_scale <= MAX_TOP_SCALE):
            raise InputError(
                f"head: expected a maps_scale above 0 up to {MAX_SCALE:g} and a top_scale above 0 up to "
                f"{MAX_TOP_SCALE:g}, got "
                f"{self.maps_scale} and {self.top_scale}"
            )
        rows, columns = len(self.landmarks_kernel), self.landmarks_bias.size
        shapes = {"landmarks_kernel": (rows, columns), "landmarks_bias": (columns,)}
        shapes |= {"pose_kernel": (rows, 3), "pose_bias": (3,)}
        for name, shape in shapes.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != np.float32 or rows <= columns:
                raise InputError(
                    f"{name}: expected float32 of shape {shape} with more rows than {columns} coordinates, got "
                    f"{array.dtype} of {array.shape}; are rows and columns swapped?"
                )
            _check_weights(name, array)
        for name, size in zip(CONFIDENCE, (columns // 2, 1), strict=True):
            weights = getattr(self, name)
            if (weights is None) != (self.confidence_kernel is None):
                raise InputError("confidence: expected kernel and bias, got one of them")
            if weights is None:
                continue
            if weights.shape != (size,) or weights.dtype != np.float32 or not np.isfinite(weights).all():
                raise InputError(f"{name}: expected {size} finite float32, got {weights.dtype} of {weights.shape}")
            _check_weights(name, weights)

    @property
    def n_points(self) -> int:
        return self.landmarks_bias.size // 2

    @property
    def top_size(self) -> int:
        """Numbers of the last feature map."""
        return len(self.landmarks_kernel) - 2 * self.n_points

    @property
    def bytes(self) -> int:
        """Of the arrays."""
        return sum(array.nbytes for array in self.arrays().values())

    @property
    def macs(self) -> int:
        """Multiply-accumulates: x and y of each cell of each map, and the layers."""
        return 2 * self.maps_side**2 * self.n_points + self.landmarks_kernel.size + self.pose_kernel.size

    def arrays(self) -> dict[str, Float32]:
        """The arrays by name, as a model file keeps them."""
        return {name: getattr(self, name) for name in members(self.settings())}

    def settings(self) -> dict[str, Any]:
        """The numbers, as metadata keep them."""
        more = {} if self.confidence_kernel is None else {"confidence": True}
        return {"kind": KIND} | {name: getattr(self, name) for name in SETTINGS} | more

    @classmethod
    def of(cls, settings: Any, arrays: Mapping[str, Any]) -> Head:
        """Inverse of `settings` and `arrays`.

        Raises:
            InputError: see Head; or the head is of a kind that this SDK does not know.
        """
        if not isinstance(settings, Mapping) or settings.get("kind") != KIND:
            raise InputError(f"head: expected an object of kind {KIND}, got {settings!r}; upgrade asmnet-edge")
        for name, kind in SETTINGS.items():
            if not isinstance(settings.get(name), kind) or isinstance(settings[name], bool):
                raise InputError(f"head: {name}: expected {kind.__name__}, got {settings.get(name)!r}")
        named = {name: arrays[name] for name in members(settings)}
        return cls(**{name: settings[name] for name in SETTINGS}, **named)


def _check_weights(name: str, array: Float32) -> None:
    if not np.isfinite(array).all():
        raise InputError(f"{name}: expected finite numbers, got NaN or infinity")
    if array.size and np.abs(array).max() > MAX_WEIGHT:
        raise InputError(f"{name}: expected numbers up to {MAX_WEIGHT:g}, got {np.abs(array).max():g}")


def members(settings: Any) -> tuple[str, ...]:
    """Names of the arrays that belong to the metadata's field `head`."""
    confident = isinstance(settings, Mapping) and settings.get("confidence") is True
    return ARRAYS + CONFIDENCE if confident else ARRAYS


class Decoder:
    """A head, ready to run on what the network gave. Not for use by two threads at once: its memory is reused."""

    def __init__(self, head: Head) -> None:
        self._n, self._zero_point = head.n_points, float(head.top_zero_point)
        self._scale = head.maps_scale
        self._chance = np.exp(head.maps_scale * (np.arange(256.0) - GREATEST))  # of an integer, not yet of a map
        self._cells = _cells(head.maps_side)
        self._kernel = np.hstack([head.landmarks_kernel, head.pose_kernel]).astype(np.float64)
        self._kernel[2 * self._n :] *= head.top_scale
        self._bias = np.concatenate([head.landmarks_bias, head.pose_bias]).astype(np.float64)
        self._chances = np.zeros((head.maps_side**2, self._n))
        self._features = np.empty(len(self._kernel))
        self._maps: UInt8 = np.zeros((head.maps_side**2, self._n), np.uint8)
        self._whole: Float64 = np.ones(self._n)
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
        self._whole, *sums = self._cells @ chances
        self._features[: 2 * self._n].reshape(-1, 2)[:] = np.divide(sums, self._whole).T
        np.subtract(top.ravel(), self._zero_point, out=self._features[2 * self._n :])
        values = np.asarray(self._features @ self._kernel + self._bias, np.float32)
        return values[:-3].reshape(-1, 2), values[-3:]

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
        return 1.0 / (1.0 + math.exp(-float(kernel @ self.log_peaks) - bias))


def _cells(side: int) -> Float64:
    """(3, side²): one, x and y of each cell, row by row; centres in sides of the crop from its own."""
    place = (np.arange(side) + 0.5) / side - 0.5
    y, x = np.meshgrid(place, place, indexing="ij")
    return np.stack([np.ones(side * side), x.ravel(), y.ravel()])
