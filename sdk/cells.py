"""From a face detector's maps of cells to boxes: decoding and non-maximum suppression.

Frame: pixels of the network's input, the centre of the top-left pixel at (0, 0). A map of stride s has
(size / s)² cells; the centre of cell (row i, column j) is ((j + 0.5) s - 0.5, (i + 0.5) s - 0.5).
Source: Tian et al., "FCOS: Fully Convolutional One-Stage Object Detection", ICCV 2019, eq. 1.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

STRIDES = (8, 16, 32)
"""Pixels per cell of the maps, from fine to coarse."""

VALUES = 7
"""Numbers per cell: score logit; distances to left, top, right, bottom in strides; cosine and sine of roll."""


def cell_grid(width: int, height: int) -> tuple[Float32, Float32]:
    """Centres (cells, 2) of all cells of all STRIDES, row by row, and the stride (cells,) of each."""
    centres, strides = [], []
    for stride in STRIDES:
        rows, columns = height // stride, width // stride
        y, x = np.mgrid[:rows, :columns].reshape(2, -1)
        centres.append(np.stack([x, y], axis=1) * stride + (stride - 1) / 2.0)
        strides.append(np.full(rows * columns, stride))
    return np.concatenate(centres).astype(np.float32), np.concatenate(strides).astype(np.float32)


def decode_cells(
    cells: Float32, grid: tuple[Float32, Float32], *, min_score: float
) -> tuple[Float32, Float32, Float32]:
    """Boxes of the cells that score at least `min_score`, best first.

    Args:
        cells: (cells, 7), VALUES per cell.
        grid: what `cell_grid` gives for the input.
    Returns:
        boxes (n, 4) left, top, right, bottom; scores (n,) 0 to 1; rolls (n,) in degrees, clockwise positive.
    """
    centres, strides = grid
    chosen = np.flatnonzero(cells[:, 0] >= np.float32(math.log(min_score) - math.log1p(-min_score)))
    chosen = chosen[np.argsort(-cells[chosen, 0], kind="stable")]
    logits, distances, turn = np.split(cells[chosen], [1, 5], axis=1)
    distances = distances * strides[chosen, None]
    boxes = np.concatenate([centres[chosen] - distances[:, :2], centres[chosen] + distances[:, 2:]], axis=1)
    # in double precision, in which processors differ too little to be seen in float32
    logit, cosine, sine = np.concatenate([logits, turn], axis=1).astype(np.float64).T
    scores, rolls = 1.0 / (1.0 + np.exp(-logit)), np.degrees(np.arctan2(sine, cosine))
    whole = (distances[:, 0] + distances[:, 2] > 0) & (distances[:, 1] + distances[:, 3] > 0)
    return np.asarray(boxes[whole], np.float32), scores[whole].astype(np.float32), rolls[whole].astype(np.float32)


def suppress(boxes: Float32, *, max_overlap: float) -> list[int]:
    """Indices of boxes (n, 4), best first, that overlap no better kept one by more (IoU) than `max_overlap`."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left = np.arange(len(boxes))
    kept = []
    while len(left):
        best, rest = left[0], left[1:]
        kept.append(int(best))
        low = np.maximum(boxes[rest, :2], boxes[best, :2])
        high = np.minimum(boxes[rest, 2:], boxes[best, 2:])
        both = np.prod(np.clip(high - low, 0.0, None), axis=1)
        left = rest[both <= max_overlap * (areas[rest] + areas[best] - both)]
    return kept
