"""Points that cannot be a face's: found before they shrink a crop or bend a shape model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from train.datasets.sample import DataError

WILD = 6.0
"""Distance of a point from the middle of its face, in median distances, that no face has. The middle is the median
of the points. Of 13,000 annotated faces of ten sets the farthest point is at 4.4."""


def check_points(landmarks: npt.NDArray[np.float32], width: int, height: int, *, origin: object) -> None:
    """Refuse landmarks (n, 2) of an image of `width` by `height` pixels that cannot be a face's.

    Raises:
        DataError: all coincide, one lies far from all others, or most lie outside the image; the message begins
            with `origin` and numbers the point from 1, as lines of a .pts file do.
    """
    points = landmarks.astype(np.float64)
    if not np.isfinite(points).all():
        return  # faces without landmarks have NaN in their place
    away = np.linalg.norm(points - np.median(points, axis=0), axis=1)
    usual, farthest = float(np.median(away)), int(away.argmax())
    if usual == 0.0:
        raise DataError(f"{origin}: expected {len(points)} points of a face, got points that coincide")
    if away[farthest] > WILD * usual:
        x, y = points[farthest] + 1.0
        raise DataError(
            f"{origin}: point {farthest + 1} at ({x:.0f}, {y:.0f}) lies {away[farthest] / usual:.0f} times as far "
            f"from the middle of the face as most others; expected at most {WILD:.0f}. Correct the point, or "
            "leave the face out (--skip-bad)"
        )
    inside = (points > -1.0).all(axis=1) & (points < [width, height]).all(axis=1)
    if inside.mean() < 0.5:
        raise DataError(
            f"{origin}: {int((~inside).sum())} of {len(points)} points lie outside the photo, which is {width} x "
            f"{height} pixels; expected most of them inside. Were they set on a photo of another size, or on one "
            "whose orientation tag was not obeyed?"
        )
