"""dlib's HOG detector and a shape predictor of 68 points. Option `predictor`: its .dat file."""

from __future__ import annotations

from typing import Any

from protocol import Find, serve


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

    def find(image: Any) -> list[Any]:
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        shapes = [predictor(rgb, box) for box in detector(rgb, 0)]
        return [np.array([(p.x, p.y) for p in shape.parts()], float) for shape in shapes]

    return find


if __name__ == "__main__":
    serve(load, opened)
