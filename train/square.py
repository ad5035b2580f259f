"""The square crop of a packed set: whole pixels of the image, its edge repeated beyond it, shrunk if large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.results import BBox
from train.datasets.sample import DataError, Sample

MARGIN = 2.0
"""Side of a crop over the longer side of the landmark box, or of the face box where there are no landmarks."""

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Square:
    """A square of whole pixels, which may reach beyond the image, and its size after shrinking."""

    left: int
    top: int
    side: int
    size: int

    @classmethod
    def around(cls, box: BBox, longest: int) -> Square:
        side = max(1, round(MARGIN * max(box.width, box.height)))
        half = (side - 1) / 2.0
        return cls(round(box.center_x - half), round(box.center_y - half), side, min(side, longest))

    @property
    def scale(self) -> float:
        return self.size / self.side

    def to_crop(self, points: npt.ArrayLike) -> Float32:
        """Image pixels (..., 2) to pixels of the crop, both with centres at integers."""
        shifted = np.asarray(points, np.float64) - (self.left, self.top)
        return np.asarray((shifted + 0.5) * self.scale - 0.5, np.float32)

    def padding(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Pixels beyond the image to the left, top, right and bottom."""
        right, bottom = self.left + self.side - width, self.top + self.side - height
        return max(0, -self.left), max(0, -self.top), max(0, right), max(0, bottom)

    def extract(self, image: UInt8) -> UInt8:
        """(size, size, 3): beyond the image its edge pixels are repeated; shrunk by averaging, never enlarged."""
        import cv2

        rows = np.clip(np.arange(self.top, self.top + self.side), 0, image.shape[0] - 1)
        columns = np.clip(np.arange(self.left, self.left + self.side), 0, image.shape[1] - 1)
        pixels = image[rows[:, None], columns]
        if self.size == self.side:
            return pixels
        return np.asarray(cv2.resize(pixels, (self.size, self.size), interpolation=cv2.INTER_AREA), np.uint8)


def square_around(sample: Sample, width: int, height: int, longest: int) -> Square:
    """The crop of a face in a width x height image, shrunk to `longest` pixels if it is larger.

    Raises:
        DataError: there is nothing to crop, or it does not lie in the image; the message names the file.
    """
    if not sample.has_landmarks and sample.box is None:
        raise DataError(f"{sample.path}: expected landmarks or a face box, got neither")
    try:
        box = BBox.around(sample.landmarks) if sample.has_landmarks or sample.box is None else sample.box
    except InputError as error:
        raise DataError(f"{sample.path}: landmarks: {error}") from error
    touches = box.right >= 0 and box.bottom >= 0 and box.left <= width - 1 and box.top <= height - 1
    if not touches or max(box.width, box.height) > 2 * max(width, height):
        raise DataError(
            f"{sample.path}: expected a face in the {width} x {height} image, got {box}; of another image?"
        )
    return Square.around(box, longest)
