"""What FaceAligner is given, checked."""

from __future__ import annotations

from collections.abc import Sequence

from sdk.detector import Detector
from sdk.errors import InputError
from sdk.results import BBox


def check_detector(detector: Detector) -> Detector:
    """The detector, if it can be called."""
    if not callable(detector):
        raise InputError(
            f"detector: expected a callable that maps a frame to detections, got {type(detector).__name__}"
        )
    return detector


def check_disagreement(limit: float) -> float:
    """A limit for `FaceAligner.max_disagreement`."""
    if not isinstance(limit, int | float) or not limit > 0:
        raise InputError(f"max_disagreement: expected a number above 0, got {limit!r}")
    return float(limit)


def check_plausibility(limit: float | None) -> float | None:
    """A limit for `FaceAligner(regularise_below=...)`."""
    if limit is not None and not (isinstance(limit, int | float) and 0 < limit <= 1):
        raise InputError(f"regularise_below: expected a plausibility above 0, at most 1, or None, got {limit!r}")
    return limit


def as_box(box: BBox | Sequence[float]) -> BBox:
    """Four numbers as a box."""
    if isinstance(box, BBox):
        return box
    try:
        left, top, right, bottom = (float(v) for v in box)
    except (TypeError, ValueError) as error:
        raise InputError(f"box: expected left, top, right, bottom, got {box!r}") from error
    return BBox(left, top, right, bottom)
