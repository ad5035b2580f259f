"""Face detectors. Anything that maps a frame to detections will do: see the Detector protocol."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sdk.errors import BackendError
from sdk.results import BBox, Detection

UInt8 = npt.NDArray[np.uint8]


class Detector(Protocol):
    """Finds faces in an (h, w, 3) uint8 BGR image.

    Returns the tight boxes of their landmarks (brows to chin, jaw to jaw) in pixels of the image, best
    score first; an empty sequence where there is no face.
    """

    def __call__(self, image: UInt8, /) -> Sequence[Detection]: ...


class HaarDetector:
    """OpenCV 4's bundled frontal-face cascade (Viola & Jones, CVPR 2001; Lienhart & Maydt, ICIP 2002).

    Upright, frontal faces only. Its boxes are moved and resized to where landmark boxes lie on average.

    Args:
        longest_side: frames are shrunk to this many pixels before the search.
        min_neighbors: how many overlapping hits make a face; higher means fewer false faces.
    Raises:
        BackendError: this OpenCV has no cascades (version 5 dropped them).
    """

    # Median (left, top, right, bottom) of the landmark box in units of the cascade's box, over the train
    # photos of detection/: python -m benchmarks haar-box prints them.
    BOX = (0.090, 0.237, 0.928, 1.069)

    def __init__(self, *, longest_side: int = 480, min_neighbors: int = 5) -> None:
        import cv2

        if not hasattr(cv2, "CascadeClassifier"):
            raise BackendError(
                f"HaarDetector: OpenCV {cv2.__version__} has no cascades; install 'opencv-python-headless<5' "
                "or pass a detector of your own: FaceAligner(detector=...)"
            )
        file = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
        self._cascade = cv2.CascadeClassifier(str(file))
        if self._cascade.empty():
            raise BackendError(f"HaarDetector: {file} is missing or damaged; reinstall OpenCV")
        self._longest_side, self._min_neighbors = longest_side, min_neighbors

    def __call__(self, image: UInt8, /) -> list[Detection]:
        import cv2

        height, width = image.shape[:2]
        shrink = min(1.0, self._longest_side / max(height, width))
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        grey = cv2.equalizeHist(
            cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA)
        )
        boxes, _, weights = self._cascade.detectMultiScale3(
            grey, scaleFactor=1.1, minNeighbors=self._min_neighbors, minSize=(24, 24), outputRejectLevels=True
        )
        found = [
            Detection(self._landmark_box(box, width / size[0], height / size[1]), _to_score(float(weight)))
            for box, weight in zip(boxes, weights, strict=True)
        ]
        return sorted(found, key=lambda d: -d.score)

    def _landmark_box(self, box: Sequence[int], across: float, down: float) -> BBox:
        x, y, w, h = (int(v) for v in box)
        left, top, right, bottom = self.BOX
        edges = (
            (x + left * w) * across,
            (y + top * h) * down,
            (x + right * w) * across,
            (y + bottom * h) * down,
        )
        return BBox(*(edge - 0.5 for edge in edges))  # from pixel edges to pixel centres


def _to_score(weight: float) -> float:
    """The cascade's last stage sum as a number from 0 to 1; an order, not a probability."""
    return 1.0 / (1.0 + math.exp(-weight / 2.0))


def default_detector() -> Detector:
    """The detector of `FaceAligner()`."""
    return HaarDetector()
