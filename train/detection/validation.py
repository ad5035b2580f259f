"""How well a detector does on photos that it was not trained on: average precision, recall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.cells import cell_grid, decode_cells, suppress
from train.detection.photos import Photo
from train.detection.turning import tight_boxes, turned

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

MATCH = 0.4
"""Overlap (IoU) from which a hit is on a face."""

MIN_SIDE = 10.0
"""Smaller faces, in pixels of the network's input, are neither asked for nor counted as false."""

ANGLES = (0.0, -40.0, 25.0, 0.0, 40.0, -25.0)
"""Photo i is shown upright, and turned by ANGLES[i % 6] where that is not 0."""

ANY_ANGLES = (0.0, -40.0, 90.0, 25.0, 180.0, 40.0, -90.0, -25.0, 135.0, -135.0)
"""The same where faces of any roll are asked for."""

MIN_SCORE = 0.05
MAX_OVERLAP = 0.4
BATCH = 16


@dataclass(frozen=True, slots=True)
class Scores:
    """Average precision over all listed faces; recall of the checked ones at a score of 0.5."""

    average_precision: float
    recall: float
    false_per_photo: float


class Validation:
    """Photos, upright and turned, as the network sees them; each letterboxed into size x size."""

    def __init__(self, photos: Sequence[Photo], *, size: int, angles: Sequence[float] = ANGLES) -> None:
        views = [_view(p, a, size) for i, p in enumerate(photos) for a in {0.0, angles[i % len(angles)]}]
        self._frames = np.stack([v[0] for v in views])
        self._boxes = [v[1] for v in views]
        self._checked = [v[2] for v in views]
        self._grid = cell_grid(size, size)

    def scores(self, network: Any) -> Scores:
        """Of a network whose outputs are joined to (batch, cells, 7)."""
        from train.batches import network_input  # with Keras, which reports of committed results do without

        hits: list[tuple[float, int]] = []
        asked = found_checked = checked = 0
        for start in range(0, len(self._frames), BATCH):
            cells = np.asarray(network(network_input(self._frames[start : start + BATCH]), training=False))
            for offset, values in enumerate(cells):
                boxes, scores, _ = decode_cells(values, self._grid, min_score=MIN_SCORE)
                kept = suppress(boxes, max_overlap=MAX_OVERLAP)
                truth, human = self._boxes[start + offset], self._checked[start + offset]
                verdicts, owner = judge(boxes[kept], truth)
                hits += list(zip(scores[kept].tolist(), verdicts.tolist(), strict=True))
                large = _sides(truth) >= MIN_SIDE
                asked += int(large.sum())
                sure = {int(o) for o, s in zip(owner, scores[kept], strict=True) if o >= 0 and s >= 0.5}
                checked += int((human & large).sum())
                found_checked += sum(bool(human[o] and large[o]) for o in sure)
        false = sum(verdict == 0 and score >= 0.5 for score, verdict in hits)
        return Scores(average_precision(hits, asked), found_checked / max(checked, 1), false / len(self._frames))


def judge(boxes: Float32, truth: Float32) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For boxes, best first: 1 a face, 0 none, -1 a face too small to be asked for or found before; and whose."""
    verdicts, owner = np.zeros(len(boxes), int), np.full(len(boxes), -1)
    taken: set[int] = set()
    for i, box in enumerate(boxes):
        overlaps = _overlaps(box, truth)
        best = int(overlaps.argmax()) if len(truth) else -1
        if best < 0 or overlaps[best] < MATCH:
            verdicts[i] = 0 if _sides(box[None])[0] >= MIN_SIDE else -1
        elif best in taken or _sides(truth[best : best + 1])[0] < MIN_SIDE:
            verdicts[i] = -1
        else:
            verdicts[i], owner[i] = 1, best
            taken.add(best)
    return verdicts, owner


def average_precision(hits: Sequence[tuple[float, int]], asked: int) -> float:
    """Area under the precision-recall curve, precision made monotone (as in PASCAL VOC 2010)."""
    verdicts = np.array([v for _, v in sorted(hits, key=lambda h: -h[0]) if v >= 0])
    if not asked or not len(verdicts):
        return 0.0
    true = np.cumsum(verdicts)
    precision = true / np.arange(1, len(verdicts) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float((precision * verdicts).sum() / asked)


def _view(photo: Photo, angle: float, size: int) -> tuple[UInt8, Float32, npt.NDArray[np.bool_]]:
    frame, landmarks = turned(photo.read_image(), photo.landmarks, angle, size=size)
    return frame, tight_boxes(landmarks), photo.checked


def _sides(boxes: Float32) -> Float32:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0))


def _overlaps(box: Float32, others: Float32) -> Float32:
    both = np.prod(
        np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0.0, None), axis=1
    )
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    return np.asarray(both / np.maximum(areas - both, 1e-9))
