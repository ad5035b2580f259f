"""Photos of annotated faces as they are, and made harder: turned, covered, ill lit, cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from train.augment import ending_at, ill_lit
from train.occluders import occluded_by_things

ROLL_DEG = 120.0
"""How far faces are turned at most, either way."""

AROUND = 1.5
"""Side of the square in which things are drawn, in longer sides of the landmarks' box."""

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]
View = Callable[[UInt8, Float32, np.random.Generator], tuple[UInt8, Float32]]
"""From a photo (h, w, 3) BGR with landmarks (n, 2) in pixels to another of the same size."""


def as_it_is(image: UInt8, landmarks: Float32, rng: np.random.Generator) -> tuple[UInt8, Float32]:
    """The photo."""
    return image, landmarks


def turned(image: UInt8, landmarks: Float32, rng: np.random.Generator) -> tuple[UInt8, Float32]:
    """Turned about the face by any angle up to ROLL_DEG."""
    import cv2

    height, width = image.shape[:2]
    x, y = (float(v) for v in landmarks.mean(axis=0))
    move = cv2.getRotationMatrix2D((x, y), float(rng.uniform(-ROLL_DEG, ROLL_DEG)), 1.0)
    pixels = cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(pixels, np.uint8), (landmarks @ move[:, :2].T + move[:, 2]).astype(np.float32)


def covered(image: UInt8, landmarks: Float32, rng: np.random.Generator) -> tuple[UInt8, Float32]:
    """A drawn thing in front of the face (train.occluders)."""
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    reach = AROUND / 2.0 * float(max(high - low))
    left, top = np.maximum((low + high) / 2.0 - reach, 0).astype(int)
    side = min(int(2.0 * reach), image.shape[0] - top, image.shape[1] - left)
    square = image[top : top + side, left : left + side].astype(np.float32)
    places = ((landmarks - (left, top) + 0.5) / side - 0.5).astype(np.float32)
    picture = image.copy()
    drawn = occluded_by_things(square, places, rng)
    picture[top : top + side, left : left + side] = np.clip(np.rint(drawn), 0, 255).astype(np.uint8)
    return picture, landmarks


def dark(image: UInt8, landmarks: Float32, rng: np.random.Generator) -> tuple[UInt8, Float32]:
    """Too little light or too much."""
    height, width = image.shape[:2]
    square = np.zeros((max(height, width), max(height, width), 3), np.uint8)
    square[:height, :width] = image
    return np.ascontiguousarray(ill_lit(square, rng)[:height, :width]), landmarks


def cut(image: UInt8, landmarks: Float32, rng: np.random.Generator) -> tuple[UInt8, Float32]:
    """A photo that ends at the face, its last pixels repeated."""
    return np.ascontiguousarray(ending_at(image, landmarks, rng)), landmarks


VIEWS: Mapping[str, View] = MappingProxyType(
    {"as it is": as_it_is, "turned": turned, "covered": covered, "dark": dark, "cut": cut}
)
