"""Crops and plane similarities.

Frame: every coordinate is (x, y) with x to the right and y down. Image coordinates put the centre of the
top-left pixel at (0, 0). Crop coordinates have the centre of the crop at (0, 0) and a side of length 1,
so that the crop spans [-0.5, 0.5] in both axes whatever its size in pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.results import BBox

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]


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
        if self.side <= 0 or self.size < 1:
            raise InputError(f"crop: expected side > 0 and size >= 1, got side {self.side}, size {self.size}")

    @classmethod
    def around(cls, box: BBox, *, size: int, margin: float, angle_deg: float = 0.0) -> Crop:
        """Square of `margin` times the longer side of `box`, centred on it."""
        side = margin * max(box.width, box.height)
        return cls(box.center_x, box.center_y, side, size, angle_deg)

    @classmethod
    def around_landmarks(cls, landmarks: Float32, *, size: int, margin: float, angle_deg: float = 0.0) -> Crop:
        """The crop whose own axes bound the landmarks (n, 2) tightly, then widened by `margin`."""
        turn = _rotation(angle_deg)
        upright = landmarks @ turn  # row vectors: this is the inverse rotation
        low, high = upright.min(axis=0), upright.max(axis=0)
        center = turn @ ((low + high) / 2.0)
        side = margin * float((high - low).max())
        return cls(float(center[0]), float(center[1]), side, size, angle_deg)

    def to_image(self, points: Float32) -> Float32:
        """Crop coordinates (..., 2) to image pixels."""
        turn = _rotation(self.angle_deg)
        center = np.array([self.center_x, self.center_y])
        return np.asarray(self.side * (points @ turn.T) + center, np.float32)

    def to_crop(self, points: Float32) -> Float32:
        """Image pixels (..., 2) to crop coordinates; inverse of `to_image`."""
        turn = _rotation(self.angle_deg)
        center = np.array([self.center_x, self.center_y])
        return np.asarray((points - center) @ turn / self.side, np.float32)

    def extract(self, image: UInt8) -> UInt8:
        """The crop's pixels, (size, size) or (size, size, channels).

        Shrinking by 2 or more averages whole blocks of pixels first, then samples bilinearly: without it a
        large face would alias. Beyond the image its edge pixels are repeated.

        Raises:
            InputError: the crop does not touch the image.
        """
        import cv2

        reduced, offset, step = _reduce(image, self)
        pixel = self.side / self.size
        turn = _rotation(self.angle_deg) * pixel
        corner = np.array([self.center_x, self.center_y]) - turn @ np.full(2, (self.size - 1) / 2.0)
        matrix = np.column_stack([turn, corner - offset]) / step
        matrix[:, 2] -= (step - 1) / (2.0 * step)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(
                reduced,
                matrix,
                (self.size, self.size),
                flags=flags,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )


def _rotation(angle_deg: float) -> npt.NDArray[np.float64]:
    """Clockwise rotation of the image plane (x right, y down), acting on column vectors."""
    angle = math.radians(angle_deg)
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s], [s, c]])


def _reduce(image: UInt8, crop: Crop) -> tuple[UInt8, npt.NDArray[np.float64], int]:
    """The part of the image under the crop, averaged in blocks of step x step pixels; its origin; step."""
    import cv2

    height, width = image.shape[:2]
    wanted = max(1, int(crop.side / crop.size))
    c, s = (abs(f(math.radians(crop.angle_deg))) for f in (math.cos, math.sin))
    reach = crop.side * (c + s) / 2.0 + 2.0 * wanted  # a sample at the crop's edge reads the next block too
    left, right = crop.center_x - reach, crop.center_x + reach
    top, bottom = crop.center_y - reach, crop.center_y + reach
    if right < 0 or bottom < 0 or left > width - 1 or top > height - 1:
        raise InputError(
            f"box: expected one that touches the {width} x {height} image, got a crop centred on "
            f"({crop.center_x:.1f}, {crop.center_y:.1f}) with side {crop.side:.1f}; "
            "are the coordinates in pixels of this frame?"
        )
    x0, y0 = max(0, math.floor(left)), max(0, math.floor(top))
    x1, y1 = min(width, math.ceil(right) + 1), min(height, math.ceil(bottom) + 1)
    region: npt.NDArray[Any] = image[y0:y1, x0:x1]
    step = min(wanted, *region.shape[:2])
    if step > 1:
        rows, columns = -region.shape[0] % step, -region.shape[1] % step
        region = cv2.copyMakeBorder(region, 0, rows, 0, columns, cv2.BORDER_REPLICATE)
        shape = (region.shape[1] // step, region.shape[0] // step)
        region = cv2.resize(region, shape, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(region), np.array([x0, y0], np.float64), step


@dataclass(frozen=True, slots=True)
class Similarity:
    """z -> a z + b on the plane seen as complex numbers: scale and rotation in a, shift in b."""

    a: complex
    b: complex

    def apply(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Transform points (..., 2)."""
        return _to_points(self.a * _to_complex(points) + self.b)

    def inverse(self) -> Similarity:
        return Similarity(1 / self.a, -self.b / self.a)


def fit_similarity(source: npt.ArrayLike, target: npt.ArrayLike) -> Similarity:
    """Least-squares similarity that brings source (n, 2) to target (n, 2); no reflection.

    Source: Umeyama, PAMI 1991, in its closed form for the plane.
    """
    z, w = _to_complex(source), _to_complex(target)
    z_mean, w_mean = z.mean(), w.mean()
    z, w = z - z_mean, w - w_mean
    power = float(np.vdot(z, z).real)
    if power <= 0.0:
        raise InputError("landmarks: expected points that do not all coincide, got a single place")
    a = complex(np.vdot(z, w)) / power
    return Similarity(a, complex(w_mean - a * z_mean))


def _to_complex(points: npt.ArrayLike) -> npt.NDArray[np.complex128]:
    array = np.asarray(points, np.float64)
    return np.asarray(array[..., 0] + 1j * array[..., 1])


def _to_points(z: npt.NDArray[np.complex128]) -> npt.NDArray[np.float64]:
    return np.stack([z.real, z.imag], axis=-1)
