"""OpenCV's YuNet and an ONNX network of 68 points, PFLD or MobileFaceNet as cunjian/pytorch_face_landmark trains
them: a square crop in RGB, 0 to 1, in; 136 numbers from 0 to 1, x and y by turns, out.

Options: `yunet` (face_detection_yunet_2023mar.onnx), `landmarks` (the network), `size` of its input (112), and
`widen`, the side of the crop over the longer side of YuNet's box (1.1).
"""

from __future__ import annotations

from typing import Any

from protocol import Box, Find, serve

LONGEST_SIDE = 320
BROWS = 0.25
"""Part of YuNet's box above the brows; its other sides are those of the landmark box."""


def load() -> str:
    """As `protocol.serve` wants it."""
    import cv2

    return str(cv2.__version__)


def opened(options: dict[str, str], mode: str) -> Find:
    """As `protocol.serve` wants it."""
    import cv2
    import numpy as np

    detector = cv2.FaceDetectorYN.create(options["yunet"], "", (LONGEST_SIDE, LONGEST_SIDE), 0.6)
    network = cv2.dnn.readNetFromONNX(options["landmarks"])
    side, widen = int(options.get("size", "112")), float(options.get("widen", "1.1"))

    def find(image: Any, box: Box | None = None) -> list[Any]:
        if box is not None:
            return [points(image, yunet_box(box))]
        height, width = image.shape[:2]
        shrink = min(1.0, LONGEST_SIDE / max(height, width))
        detector.setInputSize((round(width * shrink), round(height * shrink)))
        small = cv2.resize(image, (round(width * shrink), round(height * shrink)), interpolation=cv2.INTER_AREA)
        rows = detector.detect(small)[1]
        return [points(image, row[:4] / shrink) for row in ([] if rows is None else rows)]

    def points(image: Any, box: Any) -> Any:
        x, y, w, h = (float(v) for v in box)
        length = widen * max(w, h)
        left, top = x + w / 2 - length / 2, y + h / 2 - length / 2
        scale = side / length
        matrix = np.array([[scale, 0, -scale * left], [0, scale, -scale * top]])
        crop = cv2.warpAffine(image, matrix, (side, side))
        network.setInput(cv2.dnn.blobFromImage(crop, 1 / 255.0, swapRB=True))
        return network.forward().reshape(-1, 2)[:68] * length + (left - 0.5, top - 0.5)

    return find


def yunet_box(box: Box) -> tuple[float, float, float, float]:
    """Left, top, width and height of the box that YuNet would give, more or less, for a landmark box."""
    left, top, right, bottom = box
    height = (bottom - top) / (1 - BROWS)
    return left, bottom - height, right - left, height


if __name__ == "__main__":
    serve(load, opened)
