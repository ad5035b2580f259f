"""Whether what a detector found is a face: one number from all that two or three looks at it tell.

docs/model_format.md, "Acceptance", has the rule; `python -m benchmarks acceptance` fits its weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from sdk.metadata import Number
from sdk.parsing import RefusedError
from sdk.results import Face

WEIGHT = Number(-1e3, 1e3)
"""Of each weight: beyond, one quantity alone would decide."""

LEAST_SCORE = 0.01
"""Scores count as at least this and at most 1 minus this: other detectors say 1 of everything."""

LEAST_CONFIDENCE = 1e-4
LEAST_PLAUSIBILITY = 1e-12
DISTANCES = (1e-3, 10.0)
"""Bounds of what the others count as; of distances in outer-eye distances."""


Inputs = tuple[float, float, float, float, float]
"""Log odds of the score, logarithms of both distances, log odds of the confidence, log of the plausibility."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Weights of the rule: a detection is a face where `value` is 0 or more.

    Attributes:
        bias: the constant.
        score: of the detector's score, log odds.
        first: of the logarithm of the distance of the first two looks.
        last: of the logarithm of the distance of the two looks whose mean the face is.
        confidence: of the face's confidence, log odds.
        plausibility: of the logarithm of the face's plausibility.
    """

    bias: float
    score: float
    first: float
    last: float
    confidence: float
    plausibility: float

    @classmethod
    def of(cls, table: object) -> Acceptance:
        """The weights of a model file's `acceptance`.

        Raises:
            RefusedError: one is missing, or no number in its range.
        """
        if not isinstance(table, Mapping):
            raise RefusedError(f"expected an object, got {type(table).__name__}")
        values = {field.name: table.get(field.name) for field in fields(cls)}
        for name, value in values.items():
            if words := WEIGHT.refusal(value):
                raise RefusedError(f"{name}: expected {words}, got {value!r:.40}")
        return cls(**{name: float(value) for name, value in values.items()})  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def value(self, inputs: Inputs) -> float:
        """Bias and weighted sum of what `inputs_of` gives."""
        score, first, last, confidence, plausibility = inputs
        value = self.bias + self.score * score + self.first * first + self.last * last
        return value + self.confidence * confidence + self.plausibility * plausibility


def inputs_of(face: Face, *, first: float, last: float) -> Inputs:
    """What the rule weighs.

    Args:
        face: the mean of the last two looks; it has a confidence.
        first, last: distances of the first two and of the last two looks, in outer-eye distances.
    """
    assert face.confidence is not None, "the caller has seen to it"
    return (
        _log_odds(face.score, LEAST_SCORE),
        _log_distance(first),
        _log_distance(last),
        _log_odds(face.confidence, LEAST_CONFIDENCE),
        math.log(max(face.plausibility, LEAST_PLAUSIBILITY)),
    )


def _log_odds(share: float, least: float) -> float:
    within = min(max(share, least), 1.0 - least)
    return math.log(within / (1.0 - within))


def _log_distance(distance: float) -> float:
    low, high = DISTANCES
    return math.log(min(max(distance, low), high))
