"""One limit held against what was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from convert.sampling import Estimate


@dataclass(frozen=True, slots=True)
class Check:
    """One limit: what was measured against it, or words where there is no number.

    Attributes:
        bound: whether `limit` is the most or the least that passes.
        low, high: the interval that the value has on other faces of the same kind, where one was computed.
    """

    name: str
    value: float | str
    limit: float | str
    passed: bool
    bound: str = "at most"
    low: float | None = None
    high: float | None = None


def at_most(name: str, value: float | Estimate, limit: float | None) -> Check:
    """A limit from above, None is no limit. NaN breaks it, and an estimate whose whole interval lies above."""
    limit = math.inf if limit is None else limit
    if isinstance(value, Estimate):
        return Check(name, value.value, limit, value.low <= limit, low=value.low, high=value.high)
    return Check(name, float(value), limit, bool(value <= limit))


def at_least(name: str, value: float, limit: float | None) -> Check:
    """A limit from below; None is no limit. NaN breaks it."""
    limit = -math.inf if limit is None else limit
    return Check(name, float(value), limit, bool(value >= limit), "at least")


def none_of(name: str, found: Sequence[str]) -> Check:
    """A list that has to be empty."""
    return Check(name, ", ".join(found) or "none", "none", not found, "")


def yes(name: str, passed: bool, *, otherwise: str = "no") -> Check:
    """Something that has to hold."""
    return Check(name, "yes" if passed else otherwise, "yes", passed, "")
