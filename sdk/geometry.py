"""Crops and plane similarities.

Frame: every coordinate is (x, y) with x to the right and y down. Image coordinates put the centre of the
top-left pixel at (0, 0). Crop coordinates have the centre of the crop at (0, 0) and a side of length 1,
so that the crop spans [-0.5, 0.5] in both axes whatever its size in pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.resample import resample
from sdk.results import BBox

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

MAX_SIDE = 1e9
"""Pixels; far beyond any image, and small enough for 64-bit integers."""

GRID_BITS = 10
GRID_DEG = 0.25
"""Of `Crop.on_grid`: 2 ** GRID_BITS steps make the power of two above the side, GRID_DEG is one of the angle."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A square region of an image, perhaps rotated, and its invertible map to the network's input.

    Attributes:
        center_x, center_y: centre of the square, image pixels.
        side: length of its sides, image pixels.
        size: pixels per side after extraction.
        angle_deg: clockwise rotation of the square in the image; a face with roll_deg equal to it comes
            out upright.
    """

    center_x: float
    center_y: float
    side: float
    size: int
    angle_deg: float = 0.0

    def __post_init__(self) -> None:
        values = (self.center_x, self.center_y, self.side, self.angle_deg)
        if not all(math.isfinite(v) for v in values):
            raise InputError(f"crop: expected finite numbers, got {values}")
        if not 0 < self.side <= MAX_SIDE or self.size < 1:
            raise InputError(
                f"crop: expected side > 0 and <= {MAX_SIDE:g} and size >= 1, "
                f"got side {self.side}, size {self.size}"
            )

    @classmethod
    def around(cls, box: BBox, *, size: int, margin: float, angle_deg: float = 0.0) -> Crop:
        """Square of `margin` times the longer side of `box`, centred on it."""
        side = margin * max(box.width, box.height)
        return cls(box.center_x, box.center_y, side, size, angle_deg)

    @classmethod
    def around_landmarks(cls, landmarks: Float32, *, size: int, margin: float, angle_deg: float = 0.0) -> Crop:
        """The crop whose own axes bound the landmarks (n, 2) tightly, then widened by `margin`."""
        c, s = _turn(angle_deg)
        upright = _turned(np.asarray(landmarks, np.float64), c, -s)
        left, top = np.minimum.reduce(upright, axis=0).tolist()
        right, bottom = np.maximum.reduce(upright, axis=0).tolist()
        x, y = (left + right) / 2.0, (top + bottom) / 2.0
        side = margin * max(right - left, bottom - top)
        return cls(c * x - s * y, s * x + c * y, side, size, angle_deg)

    @classmethod
    def closer(
        cls, landmarks: Float32, box: BBox, image: UInt8, *, size: int, margin: float, angle_deg: float
    ) -> Crop | None:
        """The crop of another look at landmarks (n, 2) whose tight box is `box`, on the grid; None where all of
        them lie outside the image."""
        height, width = image.shape[:2]
        if min(box.left, box.top) < 0 or box.right > width - 1 or box.bottom > height - 1:
            inside = (landmarks >= 0).all(axis=1) & (landmarks <= (width - 1, height - 1)).all(axis=1)
            if not inside.any():
                return None
        return cls.around_landmarks(landmarks, size=size, margin=margin, angle_deg=angle_deg).on_grid()

    def on_grid(self) -> Crop:
        """The nearest crop of a coarse grid: steps of 1/1024 to 1/512 of the side, and of a quarter of a degree.

        A network's float sums differ in their last bits from processor to processor. Crops that follow from
        them are put on the grid, so that the next look sees the same bytes everywhere (docs/model_format.md).
        """
        step = math.ldexp(1.0, math.frexp(self.side)[1] - GRID_BITS)
        center_x, center_y, side = (step * round(v / step) for v in (self.center_x, self.center_y, self.side))
        return Crop(center_x, center_y, side, self.size, round(self.angle_deg / GRID_DEG) * GRID_DEG)

    def to_image(self, points: Float32) -> Float32:
        """Crop coordinates (..., 2) to image pixels."""
        turned = _turned(np.asarray(points, np.float64), *_turn(self.angle_deg))
        return np.asarray(self.side * turned + (self.center_x, self.center_y), np.float32)

    def to_crop(self, points: Float32) -> Float32:
        """Image pixels (..., 2) to crop coordinates; inverse of `to_image`."""
        c, s = _turn(self.angle_deg)
        offset = np.asarray(points, np.float64) - (self.center_x, self.center_y)
        return np.asarray(_turned(offset, c, -s) / self.side, np.float32)

    def extract(self, image: UInt8, *, swapped: bool = False) -> UInt8:
        """The crop's pixels, (size, size) or (size, size, channels): the same bytes on every processor.

        Shrinking by 2 or more averages whole blocks of pixels first, then samples bilinearly: without it a
        large face would alias. Beyond the image its edge pixels are repeated. docs/model_format.md has the
        exact arithmetic.

        Args:
            swapped: give three channels the other way round, such as RGB of a BGR image, at no cost.
        Raises:
            InputError: the crop does not touch the image.
        """
        self._check_touches(image)
        cosine, sine = _turn(self.angle_deg)
        return resample(
            image,
            center=(self.center_x, self.center_y),
            pixel=self.side / self.size,
            cosine=cosine,
            sine=sine,
            size=self.size,
            swapped=swapped,
        )

    def _check_touches(self, image: UInt8) -> None:
        height, width = image.shape[:2]
        reach = self.side * sum(map(abs, _turn(self.angle_deg))) / 2.0
        x, y = self.center_x, self.center_y
        if x + reach < -0.5 or y + reach < -0.5 or x - reach > width - 0.5 or y - reach > height - 0.5:
            raise InputError(
                f"box: expected one that touches the {width} x {height} image, got a crop centred on "
                f"({x:.1f}, {y:.1f}) with side {self.side:.1f}; "
                "are the coordinates in pixels of this frame?"
            )


def _turn(angle_deg: float) -> tuple[float, float]:
    """Cosine and sine."""
    angle = math.radians(angle_deg)
    return math.cos(angle), math.sin(angle)


def _turned(points: npt.NDArray[np.float64], c: float, s: float) -> npt.NDArray[np.float64]:
    """Points (..., 2) turned clockwise in the image plane (x right, y down).

    Written out: a matrix product may fuse or reorder its operations, differently on each processor.
    """
    x, y = points[..., 0], points[..., 1]
    turned = np.empty(points.shape)
    turned[..., 0] = c * x - s * y
    turned[..., 1] = s * x + c * y
    return turned


@dataclass(frozen=True, slots=True)
class Similarity:
    """z -> a z + b on the plane seen as complex numbers: scale and rotation in a, shift in b."""

    a: complex
    b: complex

    def apply(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Transform points (..., 2)."""
        return to_points(self.a * to_complex(points) + self.b)

    def inverse(self) -> Similarity:
        return Similarity(1 / self.a, -self.b / self.a)


def fit_similarity(source: npt.ArrayLike, target: npt.ArrayLike) -> Similarity:
    """Least-squares similarity that brings source (n, 2) to target (n, 2); no reflection.

    Source: Umeyama, PAMI 1991, in its closed form for the plane.
    """
    return fit_centred(centred(source), centred(target))


Centred = tuple[complex, npt.NDArray[np.complex128]]
"""Points of the plane as complex numbers: their mean, and each one's offset (n,) from it."""


def centred(points: npt.ArrayLike) -> Centred:
    """Points (n, 2) as `fit_centred` takes them, for those that are fitted to again and again."""
    z = to_complex(points)
    mean = complex(np.add.reduce(z)) / len(z)
    return mean, z - mean


def fit_centred(source: Centred, target: Centred) -> Similarity:
    """`fit_similarity`."""
    (z_mean, z), (w_mean, w) = source, target
    power = float(np.vdot(z, z).real)
    if power <= 0.0:
        raise InputError("landmarks: expected points that do not all coincide, got a single place")
    a = complex(np.vdot(z, w)) / power
    return Similarity(a, w_mean - a * z_mean)


def to_complex(points: npt.ArrayLike) -> npt.NDArray[np.complex128]:
    """Points (..., 2) as complex numbers x + iy (...,)."""
    return np.ascontiguousarray(points, np.float64).view(np.complex128)[..., 0]


def to_points(z: npt.NDArray[np.complex128]) -> npt.NDArray[np.float64]:
    """Complex numbers x + iy (...,) as points (..., 2)."""
    return np.ascontiguousarray(z).view(np.float64).reshape(*z.shape, 2)
