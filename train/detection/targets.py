"""What each cell of the network should say about the faces of a frame.

A face is asked for at the stride that suits its size (two where sizes meet), in the cells around its centre:
centre sampling, as in FCOS (Tian et al., ICCV 2019, and its v2).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdk.cells import STRIDES, cell_grid
from train.detection.views import Faces

Float32 = npt.NDArray[np.float32]

SIZES = {8: (0.0, 56.0), 16: (40.0, 128.0), 32: (96.0, 1e9)}
"""Longer sides of boxes, pixels, that each stride is asked for."""

RADIUS = 1.25
"""Cells whose centre is nearer to the face's than this many strides, in x and y, are asked for it."""

RING = 2.5
"""Cells between RADIUS and this many strides may say either."""

MIN_SIDE = 7.0
"""Smaller faces are neither asked for nor denied."""

TARGET = 7
"""Numbers per cell: 1 face, 0 none, -1 either; left, top, right, bottom in strides; cosine, sine of roll."""


def cell_targets(faces: Faces, *, size: int) -> Float32:
    """(cells, TARGET) in the order of `sdk.cells.cell_grid`, for a square frame of `size` pixels."""
    centres, strides = cell_grid(size, size)
    targets = np.zeros((len(centres), TARGET), np.float32)
    sides = (faces.boxes[:, 2:] - faces.boxes[:, :2]).max(axis=1)
    asked = ~faces.ignored & (sides >= MIN_SIDE)
    for index in np.flatnonzero(~asked):
        targets[_inside(centres, faces.boxes[index]), 0] = -1.0
    for index in np.flatnonzero(asked)[np.argsort(-sides[asked])]:  # the smaller face has the last word
        _ask(targets, centres, strides, faces.boxes[index], float(faces.roll_deg[index]))
    return targets


def _ask(targets: Float32, centres: Float32, strides: Float32, box: Float32, roll_deg: float) -> None:
    middle, side = (box[:2] + box[2:]) / 2.0, float((box[2:] - box[:2]).max())
    distance = np.abs(centres - middle).max(axis=1) / strides
    inside = _inside(centres, box)
    for stride in STRIDES:
        low, high = SIZES[stride]
        if not low <= side < high:
            continue
        level = strides == stride
        near = level & (distance <= RADIUS) & inside
        if not near.any():
            near = level & (distance <= distance[level].min() + 1e-6) & (distance <= 1.0)
        ring = level & (distance <= RING) & inside & ~near & (targets[:, 0] == 0)
        targets[ring, 0] = -1.0
        targets[near, 0] = 1.0
        targets[near, 1:3] = (centres[near] - box[:2]) / stride
        targets[near, 3:5] = (box[2:] - centres[near]) / stride
        targets[near, 5:] = np.cos(np.radians(roll_deg)), np.sin(np.radians(roll_deg))


def _inside(centres: Float32, box: Float32) -> npt.NDArray[np.bool_]:
    return np.asarray(((centres >= box[:2]) & (centres <= box[2:])).all(axis=1))
