"""The boxes that faces are looked at from, as frame-exact as the sets allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sdk.results import BBox

JITTER = 0.1

FACE_BOX_DOWN = 0.12
FACE_BOX_SIDE = 1.10
"""Pointing'04's face boxes end at the brows and below the mouth. The square of this side around a centre that lies
this much lower, both in longer sides of the face box, is where the landmarks are: medians that `face_box_relation`
gives for asmnet_128_int8 on the set's train faces with |pan|, |tilt| <= 60."""

Float32 = npt.NDArray[np.float32]


def jittered_box(landmarks: Float32, rng: np.random.Generator) -> BBox:
    """The true landmark box, moved in x and y and scaled, each uniformly by up to ±10 % of its longer side."""
    box = BBox.around(landmarks)
    shift_x, shift_y = rng.uniform(-JITTER, JITTER, 2) * max(box.width, box.height)
    scale = float(rng.uniform(1.0 - JITTER, 1.0 + JITTER)) / 2.0
    x, y = box.center_x + float(shift_x), box.center_y + float(shift_y)
    return BBox(x - scale * box.width, y - scale * box.height, x + scale * box.width, y + scale * box.height)


def jittered_boxes(landmarks: Sequence[Float32], *, seed: int) -> list[BBox]:
    """A jittered box per face; that of face i depends on seed and i alone."""
    return [jittered_box(points, np.random.default_rng((seed, i))) for i, points in enumerate(landmarks)]


def landmark_box(face_box: BBox) -> BBox:
    """Where the landmarks of a face of Pointing'04 lie, by its face box."""
    longer = max(face_box.width, face_box.height)
    x, y, half = face_box.center_x, face_box.center_y + FACE_BOX_DOWN * longer, FACE_BOX_SIDE * longer / 2.0
    return BBox(x - half, y - half, x + half, y + half)


def face_box_relation(face_boxes: Sequence[BBox], landmarks: Sequence[Float32]) -> tuple[float, float]:
    """FACE_BOX_DOWN and FACE_BOX_SIDE of faces whose landmarks were found: medians, robust against bad fits."""
    down, side = [], []
    for box, points in zip(face_boxes, landmarks, strict=True):
        found, longer = BBox.around(points), max(box.width, box.height)
        down.append((found.center_y - box.center_y) / longer)
        side.append(max(found.width, found.height) / longer)
    return float(np.median(down)), float(np.median(side))
