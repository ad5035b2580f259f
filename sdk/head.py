"""What a network leaves to its reader: from maps and features on integers to landmarks and pose.

The network ends at tensors of integers, which are the same on every processor. What follows are sums of floats, in
double precision and rounded once, so that their order does not matter: docs/model_format.md, "The head".
Source: Sun et al., "Integral Human Pose Regression", ECCV 2018 (mean places).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError

Float32 = npt.NDArray[np.float32]

KIND = "mean_places"
"""The only kind of head there is, in the metadata's field `head`."""

ARRAYS = ("landmarks_kernel", "landmarks_bias", "pose_kernel", "pose_bias")
"""Members head/NAME.npy of a model file."""

OPTIONAL: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "confidence": ("confidence_kernel", "confidence_bias"),
        "point_errors": ("errors_kernel", "errors_bias", "errors_looks"),
    }
)
"""Further members, of files whose field `head` says `"confidence": true` and so on."""

ERROR_INPUTS = 3
"""Of a point: its own spread, the mean of all, and the distance of the eyes (sdk.decoder)."""

SETTINGS: Mapping[str, type] = MappingProxyType(
    {"maps_side": int, "maps_scale": float, "top_scale": float, "top_zero_point": int}
)
"""Numbers in the metadata's field `head`, beside `kind`."""

MAX_SIDE = 128

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
        errors_kernel: (n, 3) float32, weights of the logarithms of the spread of a point's map, of the mean of all
            points' (mean of the logarithms), and of the distance of the outer eye corners; errors_bias: (n,).
        errors_looks: (2,) float32, not negative: weights of the mean of two looks' errors and of their distance.
            None where the model gives no point errors (python -m benchmarks points).
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
    errors_kernel: Float32 | None = None
    errors_bias: Float32 | None = None
    errors_looks: Float32 | None = None

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
        for name, members_of in OPTIONAL.items():
            self._check_optional(name, members_of)
        if self.errors_looks is not None and self.errors_looks.min() < 0:
            raise InputError(f"errors_looks: expected numbers from 0 up, got {self.errors_looks.min():g}")

    def _check_optional(self, name: str, members_of: tuple[str, ...]) -> None:
        """All of a group's arrays are there and as they should be, or none is."""
        found = [member for member in members_of if getattr(self, member) is not None]
        if found and found != list(members_of):
            raise InputError(f"{name}: expected {', '.join(members_of)}, got {', '.join(found)} alone")
        n = self.n_points
        shapes = {"confidence_bias": (1,), "errors_kernel": (n, ERROR_INPUTS), "errors_looks": (2,)}
        for member in found:
            array, shape = getattr(self, member), shapes.get(member, (n,))
            if array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
                size = " x ".join(map(str, shape))
                raise InputError(f"{member}: expected {size} finite float32, got {array.dtype} of {array.shape}")
            _check_weights(member, array)

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
        more = {name: True for name, members_of in OPTIONAL.items() if getattr(self, members_of[0]) is not None}
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
    told = settings if isinstance(settings, Mapping) else {}
    more = (names for flag, names in OPTIONAL.items() if told.get(flag) is True)
    return ARRAYS + tuple(name for names in more for name in names)
