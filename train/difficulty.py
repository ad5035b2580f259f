"""Hard faces drawn more often: chances that grow with how far a head is turned and how little teachers agree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

PROFILE_DEG = 60.0
"""Yaw at which a face is as hard as can be."""


def difficulty(yaw_deg: npt.ArrayLike, agreement: npt.ArrayLike) -> Float64:
    """From 0, easy, to 1: the larger of |yaw| / PROFILE_DEG, at most 1, and of one minus the agreement.

    Args:
        yaw_deg: (faces,) of the head poses. agreement: (faces,) mean weight of a face's points, from 0 to 1.
    """
    turned = np.minimum(np.abs(np.asarray(yaw_deg, np.float64)) / PROFILE_DEG, 1.0)
    return np.maximum(turned, 1.0 - np.asarray(agreement, np.float64))


def drawn_faces(
    faces: npt.NDArray[np.intp], hardness: Float64, count: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """`count` of the faces, each drawn as often as its hardness says, rounded up or down by chance.

    A face of hardness h comes up count · h / Σh times in the mean. Draws are even steps along the faces in random
    order, so that no face is left out by bad luck whose share is one or more.

    Args:
        faces: (n,) indices. hardness: (n,) positive.
    """
    order = rng.permutation(len(faces))
    ends = np.cumsum(hardness[order])
    marks = (np.arange(count) + rng.random()) * (ends[-1] / count)
    return faces[order[np.minimum(np.searchsorted(ends, marks, side="right"), len(faces) - 1)]]
