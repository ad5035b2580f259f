"""Landmark schemes: how many points, which is which, and what a mirror does to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError

Normaliser = Literal["outer_eye_corners", "face_box"]


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkScheme:
    """Layout of a set of facial landmarks.

    Attributes:
        name: identifier written into model files.
        groups: indices along each part of the face; every index is in one group. "subject" means the
            person's own side: the subject's right eye is on the left of the image.
        mirror: `mirror[i]` is the index that point i has after the image is flipped left to right.
        outer_eye_corners: (subject right, subject left), the normaliser of `nme_interocular`.
        rigid: points that move least with expression, used to fit head pose.
        eyes: (subject right, subject left), the points whose mean is the middle of the eye; the distance of
            the two middles is the inter-pupil normaliser.
        normaliser: what published errors of the scheme are divided by. `face_box` is the side of the
            square box that comes with the set, sqrt(width * height) where it is not square.
    Raises:
        InputError: `mirror` is no involution.
    """

    name: str
    groups: Mapping[str, tuple[int, ...]]
    mirror: tuple[int, ...]
    outer_eye_corners: tuple[int, int]
    rigid: tuple[int, ...]
    eyes: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    normaliser: Normaliser = "outer_eye_corners"

    def __post_init__(self) -> None:
        there_and_back = [self.mirror[j] if 0 <= j < self.n_points else None for j in self.mirror]
        if there_and_back != list(range(self.n_points)):
            raise InputError(f"scheme {self.name}: expected a mirror that undoes itself, got {self.mirror}")

    @property
    def n_points(self) -> int:
        return len(self.mirror)

    def to_dict(self) -> dict[str, Any]:
        """The scheme as plain lists and names, for a model file; `scheme_from_dict` makes it again."""
        return {
            "name": self.name,
            "groups": {name: list(points) for name, points in self.groups.items()},
            "mirror": list(self.mirror),
            "outer_eye_corners": list(self.outer_eye_corners),
            "rigid": list(self.rigid),
            "eyes": [list(eye) for eye in self.eyes],
            "normaliser": self.normaliser,
        }

    def pupils(self, landmarks: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Middles of the eyes (..., 2, 2), the subject's right first, of landmarks (..., n, 2).

        Raises:
            InputError: the scheme names no points of the eyes.
        """
        if not all(self.eyes):
            raise InputError(f"scheme {self.name}: expected the points of both eyes, got {self.eyes}")
        return np.stack([landmarks[..., list(eye), :].mean(axis=-2) for eye in self.eyes], axis=-2)

    def mirror_landmarks(
        self, landmarks: npt.NDArray[np.float32], *, axis_x: float = 0.0
    ) -> npt.NDArray[np.float32]:
        """Landmarks (..., n, 2) of the image flipped about the vertical line x = axis_x.

        For an image of width w whose pixel centres are integers, axis_x is (w - 1) / 2.

        Raises:
            InputError: the landmarks have another shape.
        """
        if not isinstance(landmarks, np.ndarray) or landmarks.shape[-2:] != (self.n_points, 2):
            got = landmarks.shape if isinstance(landmarks, np.ndarray) else type(landmarks).__name__
            raise InputError(f"landmarks: expected an array (..., {self.n_points}, 2), got {got}")
        flipped = landmarks[..., list(self.mirror), :].copy()
        flipped[..., 0] = 2.0 * axis_x - flipped[..., 0]
        return flipped


def _swap(n_points: int, pairs: list[tuple[int, int]]) -> tuple[int, ...]:
    order = list(range(n_points))
    for i, j in pairs:
        order[i], order[j] = j, i
    return tuple(order)


def _run(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


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
            "jaw": _run(0, 16),
            "subject_right_brow": _run(17, 21),
            "subject_left_brow": _run(22, 26),
            "nose": _run(27, 35),
            "subject_right_eye": _run(36, 41),
            "subject_left_eye": _run(42, 47),
            "outer_lips": _run(48, 59),
            "inner_lips": _run(60, 67),
        }
    ),
    mirror=_swap(68, _IBUG68_PAIRS),
    outer_eye_corners=(36, 45),
    rigid=(17, 21, 22, 26, 27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45, 48, 54),
    eyes=(_run(36, 41), _run(42, 47)),
)
"""The 68 points of i-bug's 300-W (Sagonas et al., ICCVW 2013), 0-based.

Published errors are divided by the outer-eye-corner distance (300-W challenge) or, in older tables, by the
inter-pupil distance, the pupil being the mean of an eye's six points.
"""

_WFLW98_PAIRS = (
    [(i, 32 - i) for i in range(16)]
    + [(33 + i, 46 - i) for i in range(5)]
    + [(38 + i, 50 - i) for i in range(4)]
    + [(55, 59), (56, 58)]
    + [(60 + i, 72 - i) for i in range(5)]
    + [(65, 75), (66, 74), (67, 73)]
    + [(76, 82), (77, 81), (78, 80), (83, 87), (84, 86)]
    + [(88, 92), (89, 91), (93, 95), (96, 97)]
)

WFLW98 = LandmarkScheme(
    name="wflw98",
    groups=MappingProxyType(
        {
            "jaw": _run(0, 32),
            "subject_right_brow": _run(33, 41),
            "subject_left_brow": _run(42, 50),
            "nose": _run(51, 59),
            "subject_right_eye": _run(60, 67),
            "subject_left_eye": _run(68, 75),
            "outer_lips": _run(76, 87),
            "inner_lips": _run(88, 95),
            "subject_right_pupil": (96,),
            "subject_left_pupil": (97,),
        }
    ),
    mirror=_swap(98, _WFLW98_PAIRS),
    outer_eye_corners=(60, 72),
    rigid=(33, 37, 42, 46, 51, 52, 53, 54, 55, 57, 59, 60, 64, 68, 72, 76, 82),
    eyes=((96,), (97,)),
)
"""The 98 points of WFLW, 0-based. Source: Wu et al., "Look at Boundary", CVPR 2018."""

_COFW29_PAIRS = [
    (0, 1),
    (2, 3),
    (4, 6),
    (5, 7),
    (8, 9),
    (10, 11),
    (12, 14),
    (13, 15),
    (16, 17),
    (18, 19),
    (22, 23),
]

COFW29 = LandmarkScheme(
    name="cofw29",
    groups=MappingProxyType(
        {
            "subject_right_brow": (0, 4, 2, 5),  # outer end, top, inner end, bottom
            "subject_left_brow": (1, 6, 3, 7),
            "subject_right_eye": (8, 12, 10, 13),
            "subject_left_eye": (9, 14, 11, 15),
            "subject_right_pupil": (16,),
            "subject_left_pupil": (17,),
            "nose": (18, 20, 19, 21),  # wing, tip, wing, base
            "outer_lips": (22, 24, 23, 27),
            "inner_lips": (25, 26),
            "chin": (28,),
        }
    ),
    mirror=_swap(29, _COFW29_PAIRS),
    outer_eye_corners=(8, 9),
    rigid=(0, 1, 2, 3, 8, 9, 10, 11, 18, 19, 20, 21, 22, 23),
    eyes=((16,), (17,)),
)
"""The 29 points of COFW and LFPW, 0-based. Source: Burgos-Artizzu et al., ICCV 2013.

That paper divides errors by the distance of the pupils (`pupils`); tables since HRNet (Wang et al., PAMI 2020)
by the outer eye corners.
"""

_AFLW19_PAIRS = [(0, 5), (1, 4), (2, 3), (6, 11), (7, 10), (8, 9), (12, 14), (15, 17)]

AFLW19 = LandmarkScheme(
    name="aflw19",
    groups=MappingProxyType(
        {
            "subject_right_brow": (0, 1, 2),
            "subject_left_brow": (3, 4, 5),
            "subject_right_eye": (6, 7, 8),  # outer corner, middle, inner corner
            "subject_left_eye": (9, 10, 11),
            "nose": (12, 13, 14),  # wing, tip, wing
            "lips": (15, 16, 17),
            "chin": (18,),
        }
    ),
    mirror=_swap(19, _AFLW19_PAIRS),
    outer_eye_corners=(6, 11),
    rigid=(0, 2, 3, 5, 6, 8, 9, 11, 12, 13, 14, 15, 17),
    eyes=((7,), (10,)),
    normaliser="face_box",
)
"""AFLW's 21 points without the two ears, 0-based. Source: Zhu et al., CVPR 2016 (AFLW-Full, AFLW-Frontal).

Its faces reach full profile, where the eye corners coincide: published errors are divided by the face box.
"""

BUILT_IN = (IBUG68, WFLW98, COFW29, AFLW19)

_known = {scheme.name: scheme for scheme in BUILT_IN}

SCHEMES: Mapping[str, LandmarkScheme] = MappingProxyType(_known)
"""The built-in schemes by name, and those that `define_scheme` added in this process."""


def define_scheme(scheme: LandmarkScheme) -> LandmarkScheme:
    """Make a scheme of your own known to this process by its name; the same one again changes nothing.

    Raises:
        InputError: its name, or for a built-in one its number of points, is that of another scheme.
    """
    for other in SCHEMES.values():
        if other.name == scheme.name and other.to_dict() == scheme.to_dict():
            return other
        if other.name == scheme.name or other.n_points == scheme.n_points:
            raise InputError(
                f"scheme {scheme.name}: expected a name and a number of points that no other scheme has, "
                f"got those of {other.name}, which has {other.n_points}"
            )
    _known[scheme.name] = scheme
    return scheme


def scheme_from_dict(table: object) -> LandmarkScheme:
    """A scheme from a table as `to_dict` makes it, or scheme.toml has it (docs/data.md).

    Raises:
        InputError: a key is missing or unknown, an index is none of a point, or a point is in no group.
    """
    if not isinstance(table, Mapping):
        raise InputError(f"scheme: expected a table, got {type(table).__name__}")
    needed = ("name", "mirror", "outer_eye_corners", "rigid", "groups")
    if missing := [key for key in needed if key not in table]:
        raise InputError(f"scheme: expected the keys {', '.join(needed)}; missing {', '.join(missing)}")
    if unknown := sorted(set(table) - {*needed, "eyes", "normaliser"}):
        raise InputError(
            f"scheme: unknown key {unknown[0]!r:.40}; known are {', '.join(needed)}, eyes, normaliser"
        )
    name, groups, eyes = table["name"], table["groups"], table.get("eyes", ((), ()))
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(f"scheme: name: expected up to 31 letters, digits and _, got {name!r:.40}")
    if not isinstance(groups, Mapping) or not all(isinstance(key, str) for key in groups):
        raise InputError(f"scheme {name}: groups: expected a table of lists of points, got {groups!r:.40}")
    if not isinstance(eyes, list | tuple) or len(eyes) != 2:
        raise InputError(f"scheme {name}: eyes: expected two lists of points, got {eyes!r:.40}")
    if table.get("normaliser", "outer_eye_corners") not in get_args(Normaliser):
        raise InputError(f"scheme {name}: normaliser: expected one of {', '.join(get_args(Normaliser))}")
    mirror = table["mirror"]
    n = len(mirror) if isinstance(mirror, list | tuple) else 0
    if not FEWEST <= n <= MOST:
        raise InputError(
            f"scheme {name}: mirror: expected a list of {FEWEST} to {MOST} points, got {mirror!r:.40}"
        )

    def points(key: str, value: object) -> tuple[int, ...]:
        given = tuple(value) if isinstance(value, list | tuple) else (None,)
        if not all(type(i) is int and 0 <= i < n for i in given) or len(set(given)) != len(given):
            raise InputError(
                f"scheme {name}: {key}: expected different points from 0 to {n - 1}, got {value!r:.40}"
            )
        return tuple(int(i) for i in given if i is not None)

    found = {key: points(f"groups.{key}", value) for key, value in groups.items()}
    if sorted(i for group in found.values() for i in group) != list(range(n)) or not found.get("nose"):
        raise InputError(
            f"scheme {name}: groups: expected every point from 0 to {n - 1} in one group, and one group named nose"
        )
    corners, rigid = points("outer_eye_corners", table["outer_eye_corners"]), points("rigid", table["rigid"])
    if len(corners) != 2 or len(rigid) < FEWEST:
        raise InputError(
            f"scheme {name}: expected two outer_eye_corners and {FEWEST} rigid points or more, "
            f"got {len(corners)} and {len(rigid)}"
        )
    return LandmarkScheme(
        name=name,
        groups=MappingProxyType(found),
        mirror=points("mirror", mirror),
        outer_eye_corners=(corners[0], corners[1]),
        rigid=rigid,
        eyes=(points("eyes", eyes[0]), points("eyes", eyes[1])),
        normaliser=table.get("normaliser", "outer_eye_corners"),
    )


FEWEST, MOST = 4, 1000
"""Points of a scheme: a head pose takes four that do not move."""

_NAME = re.compile(r"[A-Za-z0-9_]{1,31}")


def scheme_by_name(name: str) -> LandmarkScheme:
    """Look a scheme up, or say which ones there are."""
    try:
        return SCHEMES[name]
    except KeyError:
        known = ", ".join(sorted(SCHEMES))
        raise InputError(f"landmark scheme: expected one of {known}, got {name!r}") from None
