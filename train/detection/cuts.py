"""Photos that end at a face, as the detector sees them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from train.detection.turning import tight_boxes

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
UInt8 = npt.NDArray[np.uint8]

Edges = tuple[int, int, int, int]
"""Left, top, right, bottom of what is photo in a view, whole pixels."""

MARGINS = (-0.12, 0.15)
"""How far beyond the face's box a cut photo reaches on each side, in longer sides of it: faces that touch the
border, that leave it, and that stand a little apart."""

CORNER = 0.5
"""Share of cut photos at the corner of the square, as a frame lies there; the others are in its middle, as where a
frame is searched with a margin."""

INNER = (0.6, 0.8)
"""Longer sides of the latter, in sides of the square."""


def cut_at(face: Float32, matrix: Float64, rng: np.random.Generator, *, side: int) -> tuple[Float64, Edges]:
    """A similarity (2, 3) that shows a photo which ends at a face, and what of the square is photo then.

    Args:
        face: (n, 2) landmarks in the view that `matrix` makes of the photo.
        side: of the square, pixels.
    """
    box = tight_boxes(face[None])[0].astype(np.float64)
    margins = float((box[2:] - box[:2]).max()) * rng.uniform(*MARGINS, 4)
    corner, end = box[:2] - margins[:2], box[2:] + margins[2:]
    inner = float(side) if rng.random() < CORNER else side * rng.uniform(*INNER)
    scale = inner / float((end - corner).max())
    start = np.zeros(2) if inner == side else (side - scale * (end - corner)) / 2.0
    shown = scale * matrix
    shown[:, 2] += start - scale * corner
    left, top = (int(v) for v in np.rint(start))
    right, bottom = (int(v) for v in np.rint(start + scale * (end - corner)))
    return shown, (left, top, right, bottom)


def blackened(pixels: UInt8, kept: Edges) -> UInt8:
    """The pixels, black outside of `kept`."""
    left, top, right, bottom = kept
    inside = np.zeros_like(pixels)
    inside[top:bottom, left:right] = pixels[top:bottom, left:right]
    return inside
