"""dlib's HOG detector and a shape predictor of 68 points. Option `predictor`: its .dat file, trained on boxes of
that detector, as dlib's own and those of `python -m benchmarks.peers.dlib_training` are."""

from __future__ import annotations

from typing import Any

from protocol import Box, Find, serve

HOG_DOWN, HOG_SIDE = -0.05, 1.035
"""From landmark boxes to squares as the detector gives them: centre lower by this part of the longer side, and
side over it. Medians over the faces that the detector finds among every 20th of 300W train, as `python -m
benchmarks.peers.dlib_training --every 20` prints them."""


def load() -> str:
    """As `protocol.serve` wants it."""
    import dlib  # type: ignore[import-not-found]

    return str(dlib.__version__)


def opened(options: dict[str, str], mode: str) -> Find:
    """As `protocol.serve` wants it."""
    import cv2
    import dlib
    import numpy as np

    detector, predictor = dlib.get_frontal_face_detector(), dlib.shape_predictor(options["predictor"])

    def find(image: Any, box: Box | None = None) -> list[Any]:
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        places = detector(rgb, 0) if box is None else [dlib.rectangle(*hog_box(box))]
        shapes = [predictor(rgb, place) for place in places]
        return [np.array([(p.x, p.y) for p in shape.parts()], float) for shape in shapes]

    return find


def hog_box(box: Box, down: float = HOG_DOWN, side: float = HOG_SIDE) -> tuple[int, int, int, int]:
    """The square that the detector would give, more or less, for a landmark box."""
    left, top, right, bottom = box
    longer = max(right - left, bottom - top)
    x, y, half = (left + right) / 2, (top + bottom) / 2 + down * longer, side * longer / 2
    return round(x - half), round(y - half), round(x + half), round(y + half)


if __name__ == "__main__":
    serve(load, opened)
