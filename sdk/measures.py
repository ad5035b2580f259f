"""Simple measures of a face that programs ask for: distances and openness, from landmarks alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.results import Face, check_face
from sdk.schemes import IBUG68

Float32 = npt.NDArray[np.float32]

EYES_OF_BOX = 0.6
"""Outer-eye distance over the longer side of the box of a frontal face's 68 points."""


def interocular_distance(face: Face) -> float:
    """Distance between the outer eye corners, pixels of the frame.

    Raises:
        InputError: no Face, or one of another landmark scheme than ibug68; so for all measures here.
    """
    right, left = IBUG68.outer_eye_corners
    return _distance(_of_68(face), right, left)


def face_unit(face: Face) -> float:
    """`interocular_distance`; of a face of another scheme, EYES_OF_BOX of the longer side of its box."""
    if len(face.landmarks) == IBUG68.n_points:
        return interocular_distance(face)
    return EYES_OF_BOX * max(face.box.width, face.box.height)


def eye_openness(face: Face) -> tuple[float, float]:
    """Eye aspect ratio of the (subject right, subject left) eye: about 0.3 open, near 0 closed, no unit.

    (|p2 - p6| + |p3 - p5|) / (2 |p1 - p4|) with p1 and p4 the corners. It shrinks when the head nods and is
    noisy on small faces: compare with the same person's own mean.
    Source: Soukupova & Cech, "Real-Time Eye Blink Detection using Facial Landmarks", CVWW 2016.
    """
    landmarks = _of_68(face)
    right, left = IBUG68.groups["subject_right_eye"], IBUG68.groups["subject_left_eye"]
    return _aspect(landmarks, right), _aspect(landmarks, left)


def mouth_openness(face: Face) -> float:
    """Height of the inner lips over their width: 0 closed, about 0.5 and more when yawning, no unit."""
    landmarks = _of_68(face)
    height = np.mean([_distance(landmarks, a, b) for a, b in ((61, 67), (62, 66), (63, 65))])
    width = _distance(landmarks, 60, 64)
    return float(height / width) if width > 0 else 0.0


def _of_68(face: Face) -> Float32:
    """The landmarks of a face that has the 68 points whose numbers the measures name."""
    landmarks = check_face(face).landmarks
    if len(landmarks) != IBUG68.n_points:
        raise InputError(
            f"face: expected the {IBUG68.n_points} points of {IBUG68.name}, got {len(landmarks)}; "
            "measures of another landmark scheme have to name its points"
        )
    return landmarks


def _aspect(landmarks: Float32, eye: tuple[int, ...]) -> float:
    p1, p2, p3, p4, p5, p6 = eye
    width = _distance(landmarks, p1, p4)
    return (_distance(landmarks, p2, p6) + _distance(landmarks, p3, p5)) / (2.0 * width) if width > 0 else 0.0


def _distance(landmarks: Float32, i: int, j: int) -> float:
    apart = landmarks[i] - landmarks[j]
    return float(np.sqrt(apart.dot(apart)))
