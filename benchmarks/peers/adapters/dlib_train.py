"""Train dlib's shape predictor on the boxes of its own HOG detector. Runs in dlib's environment.

The argument is a job: `images`, paths; `landmarks`, (68, 2) each; `options` of dlib's trainer; `out`, a .dat file.
Prints how many faces the detector found, and the medians that `dlib_ert.hog_box` is made of.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dlib_ert import hog_box

MATCH = 0.3
"""Least overlap (IoU) of a detection with the landmark box; faces without one get the box that `hog_box` gives."""


def main(job: dict[str, Any]) -> None:
    """Train and save."""
    import cv2
    import dlib  # type: ignore[import-not-found]
    import numpy as np

    detector = dlib.get_frontal_face_detector()
    images = [cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2GRAY) for path in job["images"]]
    faces = np.array(job["landmarks"], float)
    boxes = np.concatenate([faces.min(axis=1), faces.max(axis=1)], axis=1)
    found = [detection(detector(image, 0), box) for image, box in zip(images, boxes, strict=True)]
    seen = np.array([hit is not None for hit in found])
    hits = np.array([hit for hit in found if hit is not None], float)
    down, side = relation(hits, boxes[seen])
    print(f"HOG found {seen.sum()} of {len(seen)}; centre {down:.3f} lower, side {side:.3f}, of the longer side")
    examples = []
    for hit, box, face in zip(found, boxes, faces, strict=True):
        place = dlib.rectangle(*(hit or hog_box(box, down, side)))
        points = [dlib.point(*point) for point in np.rint(face).astype(int).tolist()]
        examples.append([dlib.full_object_detection(place, points)])
    options = dlib.shape_predictor_training_options()
    for name, value in job["options"].items():
        setattr(options, name, value)
    dlib.train_shape_predictor(images, examples, options).save(job["out"])


def detection(rectangles: Any, box: Any) -> tuple[int, int, int, int] | None:
    """The detection that overlaps a landmark box most, if any does enough."""
    edges = [(r.left(), r.top(), r.right(), r.bottom()) for r in rectangles]
    best = max(edges, key=lambda e: overlap(e, box), default=None)
    return best if best is not None and overlap(best, box) >= MATCH else None


def overlap(a: Any, b: Any) -> float:
    """Intersection over union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(0.0, width) * max(0.0, height)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def relation(hits: Any, boxes: Any) -> tuple[float, float]:
    """How much lower detections (n, 4) are centred than landmark boxes, and their side; longer sides of those."""
    import numpy as np

    longer = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    down = ((hits[:, 1] + hits[:, 3]) - (boxes[:, 1] + boxes[:, 3])) / 2 / longer
    return float(np.median(down)), float(np.median((hits[:, 2] - hits[:, 0]) / longer))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
