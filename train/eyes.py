"""The line of the eyes, a frame that moves, grows and turns with the face.

Points are complex numbers x + iy (sdk.geometry.to_complex). Divided by the vector from the subject's right outer
eye corner to the left one, differences are in outer-eye distances along and across that line, whatever the face's
size and roll.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdk.geometry import to_complex
from sdk.schemes import LandmarkScheme

Complex = npt.NDArray[np.complex128]


def eye_line(points: Complex, scheme: LandmarkScheme) -> Complex:
    """From the subject's right outer eye corner to the left one, (...,), of points (..., n)."""
    right, left = scheme.outer_eye_corners
    return np.asarray(points[..., left] - points[..., right])


def eye_roll_deg(landmarks: npt.ArrayLike, scheme: LandmarkScheme) -> float:
    """Clockwise turn of the line of the eyes of a face's landmarks (n, 2)."""
    return float(np.degrees(np.angle(eye_line(to_complex(landmarks), scheme))))


def differences(truth: npt.ArrayLike, found: npt.ArrayLike, scheme: LandmarkScheme) -> Complex:
    """Found minus true points (faces, n) over the true eye line, of landmarks (faces, n, 2)."""
    points = to_complex(truth)
    return np.asarray((to_complex(found) - points) / eye_line(points, scheme)[..., None])
