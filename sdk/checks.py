"""Numbers at the door: anything else than a number must not end in a TypeError."""

from __future__ import annotations

import math
import numbers
import operator

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError


def as_number(value: object) -> float:
    """A real number as a float; NaN for anything else, with which every comparison fails."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # an int of hundreds of digits
        return math.nan


def is_count(value: object, *, least: int = 1, most: float = math.inf) -> bool:
    """Whether this is a whole number from `least` to `most`; True and 1.0 are none."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        return False
    return least <= int(value) <= most


def check_count(value: object, name: str) -> int | None:
    """A positive integer or None, or an InputError that names it."""
    if value is None:
        return None
    if not is_count(value):
        raise InputError(f"{name}: expected a positive integer or None, got {value!r}")
    return operator.index(value)  # type: ignore[arg-type]


def check_score(score: object, name: str = "min_score") -> float:
    """A number between 0 and 1, or an InputError that names it."""
    number = as_number(score)
    if not 0.0 < number < 1.0:
        raise InputError(f"{name}: expected a number between 0 and 1, got {score!r}")
    return number


def as_numbers(values: npt.ArrayLike, name: str) -> npt.NDArray[np.float64]:
    """Numbers in double precision, or an InputError that names them. Texts of digits are none."""
    try:
        if _has_text(values):
            raise TypeError
        return np.asarray(values, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{name}: expected numbers, got {values!r}") from error


def _has_text(values: npt.ArrayLike) -> bool:
    """Whether numpy would read numbers off texts."""
    found = np.asarray(values)
    return found.dtype.kind in "SU" or (
        found.dtype == object and any(isinstance(value, (str, bytes)) for value in found.flat)
    )


def as_array(values: npt.ArrayLike, shape: tuple[int, ...], name: str) -> npt.NDArray[np.float64]:
    """Numbers of this shape in double precision, or an InputError that names them."""
    array = as_numbers(values, name)
    if array.shape != shape:
        raise InputError(f"{name}: expected numbers of shape {shape}, got shape {array.shape}")
    return array
