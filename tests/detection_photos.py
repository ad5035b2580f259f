"""Photos of drawn faces with annotations, so that a detector can be trained without data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from sdk.testing import rendered_face
from train.checkpoint import write_arrays
from train.detection.photos import Photo
from train.detection.turning import tight_boxes


def drawn_photos(folder: Path, *, count: int, seed: int = 0) -> list[Photo]:
    """Photos of 240 x 200 with one drawn face each, written to `folder`."""
    photos = []
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        face, landmarks = rendered_face(rng, size=160)
        image = rng.integers(0, 60, (200, 240, 3), dtype=np.uint8)
        x, y = int(rng.integers(0, 80)), int(rng.integers(0, 40))
        image[y : y + 160, x : x + 160] = face
        path = folder / f"{seed}_{number}.png"
        cv2.imwrite(str(path), image)
        points = (landmarks + np.array([x, y], np.float32))[None]
        eyes = points[0, 45] - points[0, 36]
        roll = np.degrees(np.arctan2(eyes[1], eyes[0])).astype(np.float32)
        photos.append(Photo(path, "drawn", tight_boxes(points), np.array([True]), points, roll[None]))
    return photos


def write_set(root: Path, *, counts: Mapping[str, int]) -> Path:
    """A folder in the form of detection/, and the file of its faces' landmarks, which is returned."""
    (root / "images").mkdir()
    images, labels = [], {}
    for seed, (split, count) in enumerate(counts.items()):
        for photo in drawn_photos(root / "images", count=count, seed=seed):
            file = f"images/{photo.path.name}"
            face = {"box_xyxy": photo.boxes[0].tolist(), "kind": "landmarks", "score": 1.0}
            images.append({"file": file, "split": split, "source": photo.source, "faces": [face]})
            labels[f"{file}/landmarks"], labels[f"{file}/roll_deg"] = photo.landmarks, photo.roll_deg
    (root / "annotations.json").write_text(json.dumps({"images": images}))
    write_arrays(root / "faces.npz", labels, {})
    return root / "faces.npz"
