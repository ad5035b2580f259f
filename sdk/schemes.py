"""Landmark schemes: how many points, which is which, and what a mirror does to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkScheme:
    """Layout of a set of facial landmarks.

    Attributes:
        name: identifier written into model files.
        groups: contiguous runs of indices, by the part of the face they follow. "subject" means the
            person's own side: the subject's right eye is on the left of the image.
        mirror: `mirror[i]` is the index that point i has after the image is flipped left to right.
        outer_eye_corners: (subject right, subject left), the normaliser of `nme_interocular`.
        rigid: points that move least with expression, used to fit head pose.
    """

    name: str
    groups: Mapping[str, tuple[int, ...]]
    mirror: tuple[int, ...]
    outer_eye_corners: tuple[int, int]
    rigid: tuple[int, ...]

    @property
    def n_points(self) -> int:
        return len(self.mirror)

    def mirror_landmarks(
        self, landmarks: npt.NDArray[np.float32], *, axis_x: float = 0.0
    ) -> npt.NDArray[np.float32]:
        """Landmarks (..., n, 2) of the image flipped about the vertical line x = axis_x.

        For an image of width w whose pixel centres are integers, axis_x is (w - 1) / 2.
        """
        flipped = landmarks[..., list(self.mirror), :].copy()
        flipped[..., 0] = 2.0 * axis_x - flipped[..., 0]
        return flipped


def _swap(n_points: int, pairs: list[tuple[int, int]]) -> tuple[int, ...]:
    order = list(range(n_points))
    for i, j in pairs:
        order[i], order[j] = j, i
    return tuple(order)


_IBUG68_PAIRS = (
    [(i, 16 - i) for i in range(8)]
    + [(17 + i, 26 - i) for i in range(5)]
    + [(31, 35), (32, 34)]
    + [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    + [(48, 54), (49, 53), (50, 52), (55, 59), (56, 58)]
    + [(60, 64), (61, 63), (65, 67)]
)

IBUG68 = LandmarkScheme(
    name="ibug68",
    groups=MappingProxyType(
        {
            "jaw": tuple(range(17)),
            "subject_right_brow": tuple(range(17, 22)),
            "subject_left_brow": tuple(range(22, 27)),
            "nose": tuple(range(27, 36)),
            "subject_right_eye": tuple(range(36, 42)),
            "subject_left_eye": tuple(range(42, 48)),
            "outer_lips": tuple(range(48, 60)),
            "inner_lips": tuple(range(60, 68)),
        }
    ),
    mirror=_swap(68, _IBUG68_PAIRS),
    outer_eye_corners=(36, 45),
    rigid=(17, 21, 22, 26, 27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45, 48, 54),
)
"""The 68 points of i-bug's 300-W (Sagonas et al., ICCVW 2013), 0-based."""

SCHEMES: Mapping[str, LandmarkScheme] = MappingProxyType({IBUG68.name: IBUG68})


def scheme_by_name(name: str) -> LandmarkScheme:
    """Look a scheme up, or say which ones there are."""
    try:
        return SCHEMES[name]
    except KeyError:
        known = ", ".join(sorted(SCHEMES))
        raise InputError(f"landmark scheme: expected one of {known}, got {name!r}") from None
