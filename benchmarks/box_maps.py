"""Where landmark boxes lie: in the boxes of OpenCV's cascade, and around faces that are turned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.detector import HaarDetector
from sdk.results import BBox
from train.detection.photos import read_photos
from train.detection.turning import tight_boxes

Float64 = npt.NDArray[np.float64]


def haar_box(root: Path) -> tuple[Float64, Float64, int]:
    """Landmark boxes in units of the cascade's own box: median and deviation of left, top, right, bottom,
    over the train photos; and how many faces were matched."""
    detector = HaarDetector()
    detector.BOX = (0.0, 0.0, 1.0, 1.0)  # type: ignore[misc]  # the cascade's own box
    rows: list[Sequence[float]] = []
    for photo in read_photos(root, split="train"):
        found = [d.box for d in detector(photo.read_image())]
        for truth in (BBox(*b) for b in photo.boxes[photo.checked].tolist()):
            best = max(found, key=truth.overlap, default=None)
            if best is not None and best.overlap(truth) > 0.3:
                x = [(v - best.left) / best.width for v in (truth.left, truth.right)]
                y = [(v - best.top) / best.height for v in (truth.top, truth.bottom)]
                rows.append((x[0], y[0], x[1], y[1]))
    table = np.array(rows)
    return np.median(table, axis=0), table.std(axis=0), len(rows)


def rolled_box(root: Path, faces: Path, *, angles: Sequence[float] = (15, 30, 45, 60)) -> tuple[Float64, Float64]:
    """How the tight box of a rolled face differs from that of the same face upright, over the train faces.

    Returns:
        mean (angles, 3) and the fit (3,) of `sdk.detector.ROLLED`: shift across and down in longer sides, along
        the face's own axes, and growth of the longer side.
    """
    photos = read_photos(root, split="train", faces=faces)
    upright = np.concatenate(
        [
            np.einsum("fnd,fde->fne", p.landmarks[p.checked], rotations(p.roll_deg[p.checked]))
            for p in photos
            if p.checked.any()
        ]
    )
    rows = np.array([difference(upright, angle) for angle in angles])
    a = np.radians(np.asarray(angles, np.float64))
    waves = np.sin(4 * a), np.abs(np.sin(2 * a)), np.abs(np.sin(2 * a))
    return rows, np.array([(w @ rows[:, i]) / (w @ w) for i, w in enumerate(waves)])


def difference(upright: npt.NDArray[np.float32], angle: float) -> Float64:
    """Mean shift across and down and growth, in longer sides, of the tight boxes of upright faces when turned."""
    boxes = tight_boxes(upright)
    turn = rotations(np.array([angle], np.float32))[0]
    rolled = tight_boxes(np.asarray(upright @ turn.T, np.float32))
    side, grown = (np.max(b[:, 2:] - b[:, :2], axis=1) for b in (boxes, rolled))
    shift = ((rolled[:, :2] + rolled[:, 2:]) @ turn - (boxes[:, :2] + boxes[:, 2:])) / 2 / side[:, None]
    return np.array([*shift.mean(axis=0), (grown / side).mean() - 1.0])


def rotations(angles_deg: npt.NDArray[np.float32]) -> Float64:
    """Clockwise rotations (n, 2, 2) for column vectors; row vectors times them turn back."""
    a = np.radians(angles_deg.astype(np.float64))
    return np.stack([np.stack([np.cos(a), -np.sin(a)], -1), np.stack([np.sin(a), np.cos(a)], -1)], -2)
