"""A photo turned about its middle, whole, in a frame as large as that needs."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]


def turned(
    image: UInt8, landmarks: Float32, angle_deg: float, *, size: int | None = None
) -> tuple[UInt8, Float32]:
    """The photo turned clockwise, black around it, and its landmarks (faces, n, 2).

    Args:
        size: scale it so that it just fits into (size, size), centred there; None keeps its scale.
    """
    import cv2

    height, width = image.shape[:2]
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    across, down = width * abs(c) + height * abs(s), width * abs(s) + height * abs(c)
    scale = 1.0 if size is None else size / max(across, down)
    shape = (round(across), round(down)) if size is None else (size, size)
    turn = scale * np.array([[c, -s], [s, c]])
    middle, target = np.array([width - 1, height - 1]) / 2.0, (np.array(shape) - 1) / 2.0
    matrix = np.column_stack([turn, target - turn @ middle])
    frame = cv2.warpAffine(image, matrix, shape, flags=cv2.INTER_LINEAR)
    return np.asarray(frame, np.uint8), np.asarray(landmarks @ turn.T + matrix[:, 2], np.float32)


def tight_boxes(landmarks: Float32) -> Float32:
    """Left, top, right, bottom (faces, 4) of landmarks (faces, n, 2)."""
    return np.concatenate([landmarks.min(axis=1), landmarks.max(axis=1)], axis=1).reshape(-1, 4)


def moved(points: Float32, matrix: npt.NDArray[np.float64]) -> Float32:
    """Points (..., 2) under an affine map (2, 3)."""
    turn, shift = matrix[:, :2].astype(np.float32), matrix[:, 2].astype(np.float32)
    return np.asarray(points @ turn.T + shift, np.float32)
