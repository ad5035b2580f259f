"""The metadata of a model file: JSON within bounds, and what each required field may be."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from sdk.parsing import RefusedError

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_DIGITS = 63
"""Of a number, sign, point and exponent included."""

MAX_NAME = 127
"""Bytes of a model's name: what readers in C have room for."""


@dataclass(frozen=True, slots=True)
class Number:
    """What a field of numbers may be, its bounds included unless it is `between` them; `whole`: an integer."""

    least: float
    most: float
    whole: bool = False
    between: bool = False

    def refusal(self, value: Any) -> str | None:
        """What was expected, where the value is not that."""
        kind, name = (int, "int") if self.whole else (int | float, "float")
        typed = isinstance(value, kind) and not isinstance(value, bool)
        at_bound = not self.between and value in (self.least, self.most)
        if typed and (at_bound or self.least < value < self.most):
            return None
        words = "between {:g} and {:g}" if self.between else "from {:g} to {:g}"
        return f"{name} {words.format(self.least, self.most)}"


INPUT_SIZE = Number(1, 1024, whole=True)
INPUT_SCALE = Number(1e-6, 256.0)
CROP_MARGIN = Number(0.1, 10.0)
SHARE = Number(0.0, 1.0)
PROPER_SHARE = Number(0.0, 1.0, between=True)


def parse(text: bytes) -> dict[str, Any]:
    """The object that a text is.

    Raises:
        RefusedError: it is none, nests too deeply, or has numbers that are not finite.
    """
    if len(text) > MAX_BYTES:
        raise RefusedError(f"expected at most {MAX_BYTES} bytes, got {len(text)}")
    try:
        table = json.loads(text.decode(), parse_float=_finite, parse_int=_whole, parse_constant=_no_number)
        json.dumps(table, ensure_ascii=False).encode()  # halves of characters
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"is no JSON ({error}); damaged?") from error
    if not isinstance(table, dict):
        raise RefusedError(f"expected an object, got {type(table).__name__}")
    if _depth(table) > MAX_DEPTH:
        raise RefusedError(f"expected at most {MAX_DEPTH} levels")
    return table


def check(table: Mapping[str, Any], needed: Mapping[str, Number | type]) -> None:
    """Required fields are there and in their range.

    Raises:
        RefusedError: one is not.
    """
    for name, expected in needed.items():
        value = table.get(name)
        if isinstance(expected, Number):
            words = expected.refusal(value)
        else:
            words = None if isinstance(value, expected) else expected.__name__
        if words is not None:
            raise RefusedError(f"metadata {name}: expected {words}, got {_short(value)}")
    if not (name := table["name"]).isprintable() or not 0 < len(name.encode()) <= MAX_NAME:
        raise RefusedError(f"metadata name: expected 1 to {MAX_NAME} printable bytes, got {_short(name)}")
    if table["input_colour"] != "rgb":
        raise RefusedError(f"metadata: expected input_colour rgb, got {_short(table['input_colour'])}")


def writable(value: Any) -> Any:
    """The value as JSON has it: null for numbers that are not finite, the error of a training that failed."""
    if isinstance(value, Mapping):
        return {name: writable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [writable(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _whole(digits: str) -> int:
    return int(digits) if len(digits) <= MAX_DIGITS else _no_number(digits)


def _finite(digits: str) -> float:
    if len(digits) > MAX_DIGITS:
        _no_number(digits)
    value = float(digits)
    return value if math.isfinite(value) else _no_number(digits)


def _no_number(digits: str) -> NoReturn:
    raise ValueError(f"expected finite numbers of at most {MAX_DIGITS} characters, got {digits[:20]}")


def _depth(value: Any) -> int:
    """Levels of a value; a walk of its own, not of the interpreter's stack."""
    level, depth = [value], 0
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth - 1


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
