"""OpenSeeFace. Option `folder`: a checkout of emilianavt/OpenSeeFace, with its models; `type`: its model (3).

Its 66 points are ibug68's without the two inner mouth corners.
"""

from __future__ import annotations

import sys
from typing import Any

from protocol import Box, Find, serve

ORDER = (*range(60), 61, 62, 63, 65, 66, 67)
"""Places in ibug68 of its 66 points."""


def load() -> str:
    """As `protocol.serve` wants it."""
    import onnxruntime

    return f"with onnxruntime {onnxruntime.__version__}"


def opened(options: dict[str, str], mode: str) -> Find:
    """As `protocol.serve` wants it."""
    import numpy as np

    sys.path.insert(0, options["folder"])
    from tracker import Tracker  # type: ignore[import-not-found]

    trackers: dict[Any, Any] = {}

    def find(image: Any, box: Box | None = None) -> list[Any]:
        height, width = image.shape[:2]
        if mode != "tracking" or not trackers:
            trackers[0] = Tracker(
                width, height, model_type=int(options.get("type", "3")), max_threads=1, max_faces=1, silent=True
            )
        given = []
        if box is not None:
            trackers[0].detected = 1  # of one at most, so that it looks for no others
            given = [(round(box[0]), round(box[1]), round(box[2] - box[0]), round(box[3] - box[1]))]
        faces = []
        for face in trackers[0].predict(image, given):
            points = np.full((68, 2), np.nan)
            points[list(ORDER)] = np.asarray(face.lms)[:66, 1::-1]
            faces.append(points)
        return faces

    return find


if __name__ == "__main__":
    serve(load, opened)
