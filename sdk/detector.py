"""Face detectors. Anything that maps a frame to detections will do: see the Detector protocol."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sdk.checks import check_score, is_count
from sdk.errors import BackendError, InputError
from sdk.frames import check_frame
from sdk.inputs import opencv_name
from sdk.results import BBox, Detection

UInt8 = npt.NDArray[np.uint8]


class Detector(Protocol):
    """Finds faces in an (h, w, 3) uint8 BGR image.

    Returns the tight boxes of their landmarks (brows to chin, jaw to jaw) in pixels of the image, best
    score first; an empty sequence where there is no face. FaceAligner gives it a copy of the frame, unless an
    attribute `reads_only` is true, and drops detections that no face can be found by.
    """

    def __call__(self, image: UInt8, /) -> Sequence[Detection]: ...


BoxMap = tuple[float, float, float, float]
"""Left, top, right, bottom of the landmark box, where the detector's own box goes from (0, 0) to (1, 1)."""


def landmark_box(left: float, top: float, width: float, height: float, box_map: BoxMap) -> BBox:
    """The landmark box of a detector's box, both in pixels of the image, the centre of the first at (0, 0)."""
    a, b, c, d = box_map
    return BBox(left + a * width, top + b * height, left + c * width, top + d * height)


ROLLED = (0.041, -0.100, 0.053)
"""Where the axis-aligned landmark box of a face rolled by a lies against its upright box: shifted across by the
first times sin 4a and down by the second times |sin 2a|, in longer sides along the face's own axes, and larger by
the third times |sin 2a|. Fitted to the train faces of detection/: python -m benchmarks rolled-box prints them."""


def upright_box(found: Detection) -> BBox:
    """A box centred where the landmark box of the face, seen upright, is centred, of about its size.

    The tight box of a rolled face reaches from a corner of the jaw to the brows: it is off the face's middle.
    """
    if found.roll_deg == 0.0:
        return found.box
    roll = math.radians(found.roll_deg)
    across, down, growth = ROLLED
    smaller = 1.0 / (1.0 + growth * abs(math.sin(2 * roll)))
    side = max(found.box.width, found.box.height) * smaller
    x, y = across * math.sin(4 * roll) * side, down * abs(math.sin(2 * roll)) * side
    center_x = found.box.center_x - (math.cos(roll) * x - math.sin(roll) * y)
    center_y = found.box.center_y - (math.sin(roll) * x + math.cos(roll) * y)
    half_width, half_height = found.box.width * smaller / 2, found.box.height * smaller / 2
    return BBox(center_x - half_width, center_y - half_height, center_x + half_width, center_y + half_height)


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
    BOX: BoxMap = (0.090, 0.237, 0.928, 1.069)

    reads_only = True

    def __init__(self, *, longest_side: int = 480, min_neighbors: int = 5) -> None:
        import cv2

        for name, value, least in (("longest_side", longest_side, 1), ("min_neighbors", min_neighbors, 0)):
            if not is_count(value, least=least, most=2**31 - 1):
                raise InputError(f"{name}: expected a whole number from {least} up, got {value!r}")
        if not hasattr(cv2, "CascadeClassifier"):
            raise BackendError(
                f"HaarDetector: OpenCV {cv2.__version__} has no cascades; use FaceDetector(), the default, or "
                "install 'opencv-python-headless<5'"
            )
        file = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
        self._cascade = cv2.CascadeClassifier(str(file))
        if self._cascade.empty():
            raise BackendError(f"HaarDetector: {file} is missing or damaged; reinstall OpenCV")
        self._longest_side, self._min_neighbors = longest_side, min_neighbors

    def __call__(self, image: UInt8, /) -> list[Detection]:
        import cv2

        check_frame(image)
        height, width = image.shape[:2]
        shrink = min(1.0, self._longest_side / max(height, width))
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        grey = cv2.equalizeHist(
            cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA)
        )
        boxes, _, weights = self._cascade.detectMultiScale3(
            grey, scaleFactor=1.1, minNeighbors=self._min_neighbors, minSize=(24, 24), outputRejectLevels=True
        )
        across, down = width / size[0], height / size[1]
        found = []
        for (x, y, w, h), weight in zip(boxes, weights, strict=True):
            edges = x * across - 0.5, y * down - 0.5, w * across, h * down  # from pixel edges to centres
            found.append(Detection(landmark_box(*edges, self.BOX), _to_score(float(weight))))
        return sorted(found, key=lambda d: -d.score)


def _to_score(weight: float) -> float:
    """The cascade's last stage sum as a number from 0 to 1; an order, not a probability."""
    return 1.0 / (1.0 + math.exp(-weight / 2.0))


class YuNetDetector:
    """OpenCV's FaceDetectorYN with the YuNet model of the OpenCV Zoo, which you download: OpenCV 4.8 and 5.

    Args:
        path: face_detection_yunet_2023mar.onnx.
        longest_side: frames are shrunk to this many pixels before the search.
        min_score: detections below are dropped, 0 to 1.
    Raises:
        InputError: there is no such file.
        BackendError: OpenCV cannot load it.
    Source: Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023.
    """

    # Median over faces of HELEN, LFPW and AFW, each side within 2 to 3 %.
    BOX: BoxMap = (-0.01, 0.25, 1.02, 1.0)

    reads_only = True

    def __init__(self, path: str | Path, *, longest_side: int = 320, min_score: float = 0.6) -> None:
        import cv2

        min_score = check_score(min_score)
        if not is_count(longest_side, most=2**31 - 1):
            raise InputError(f"longest_side: expected a positive integer, got {longest_side!r}")
        if not isinstance(path, str | os.PathLike) or not os.path.isfile(path):
            raise InputError(f"YuNet model {path}: not found; download it from the OpenCV Zoo")
        try:
            self._net = cv2.FaceDetectorYN.create(opencv_name(path), "", (longest_side, longest_side), min_score)
        except cv2.error as error:
            raise BackendError(f"YuNet model {path}: OpenCV {cv2.__version__} cannot load it: {error}") from error
        self._longest_side = longest_side

    def __call__(self, image: UInt8, /) -> list[Detection]:
        import cv2

        check_frame(image)
        height, width = image.shape[:2]
        shrink = min(1.0, self._longest_side / max(height, width))
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        self._net.setInputSize(size)
        rows = self._net.detect(cv2.resize(image, size, interpolation=cv2.INTER_AREA))[1]
        across, down = width / size[0], height / size[1]
        found = []
        for row in [] if rows is None else rows:
            x, y, w, h = (float(v) for v in row[:4])
            edges = x * across - 0.5, y * down - 0.5, w * across, h * down
            right_eye, left_eye = row[4:6], row[6:8]  # the subject's own right, on the left of the image
            roll = math.degrees(
                math.atan2((left_eye[1] - right_eye[1]) * down, (left_eye[0] - right_eye[0]) * across)
            )
            found.append(Detection(landmark_box(*edges, self.BOX), float(row[14]), roll))
        return sorted(found, key=lambda d: -d.score)


def default_detector(*, num_threads: int = 1) -> Detector:
    """The detector of `FaceAligner()`."""
    from sdk.face_detector import FaceDetector

    return FaceDetector(num_threads=num_threads)
