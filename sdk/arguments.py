"""What FaceAligner is given, checked."""

from __future__ import annotations

from collections.abc import Sequence

from sdk.checks import as_array, as_number
from sdk.detector import Detector
from sdk.errors import InputError
from sdk.interpreter import Interpreter
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
    number = as_number(limit)
    if not number > 0:
        raise InputError(f"max_disagreement: expected a number above 0, got {limit!r}")
    return number


def check_plausibility(limit: float | None) -> float | None:
    """A limit for `FaceAligner(regularise_below=...)`."""
    if limit is None:
        return None
    number = as_number(limit)
    if not 0 < number <= 1:
        raise InputError(f"regularise_below: expected a plausibility above 0, at most 1, or None, got {limit!r}")
    return number


def check_interpreter(interpreter: Interpreter) -> Interpreter:
    """The interpreter, if it can run."""
    if not callable(getattr(interpreter, "run", None)):
        raise InputError(
            f"interpreter: expected an object with a method run(crop), got {type(interpreter).__name__}"
        )
    return interpreter


def as_box(box: BBox | Sequence[float]) -> BBox:
    """Four numbers as a box."""
    if isinstance(box, BBox):
        return box
    try:
        left, top, right, bottom = box
        edges = as_array([left, top, right, bottom], (4,), "box")
    except (TypeError, ValueError) as error:  # as an InputError is
        raise InputError(f"box: expected left, top, right, bottom as numbers, got {box!r}") from error
    return BBox(*edges)
