"""One annotated face, whatever set it came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError, SdkError


class DataError(SdkError):
    """A data set is missing, damaged or not in the format that its reader expects."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A face crop on disk and what is known about it.

    Attributes:
        path: the image file.
        landmarks: (n, 2) float32, pixels of that file, pixel centres at integers.
        subject: group for leak-free splits.
        source: where in the original set it came from.
    """

    path: Path
    landmarks: npt.NDArray[np.float32]
    subject: str
    source: str

    def __post_init__(self) -> None:
        if self.landmarks.ndim != 2 or self.landmarks.shape[1] != 2:
            raise InputError(f"{self.path}: expected landmarks (n, 2), got {self.landmarks.shape}")

    def read_image(self) -> npt.NDArray[np.uint8]:
        """(h, w, 3) uint8 BGR.

        Raises:
            DataError: the file is missing or no image.
        """
        import cv2

        image = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if image is None:
            raise DataError(f"{self.path}: expected a readable image; is the file missing or damaged?")
        return np.asarray(image, np.uint8)
