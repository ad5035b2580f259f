"""An operator with its tensors, and what rules ask of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sdk.parsing import RefusedError
from sdk.tflite.network import INT32, INT64, Tensor

Shape = tuple[int, ...]

MAX_STEP = 4096
"""Of strides, windows and dilations."""


@dataclass(frozen=True, slots=True)
class Step:
    """An operator with its tensors; `inputs` has None for one that is left out."""

    name: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: tuple[Any, ...]

    def shape(self, i: int) -> Shape:
        """Of an input that must be there."""
        if i >= len(self.inputs) or (tensor := self.inputs[i]) is None:
            raise RefusedError(f"{self.name}: input {i} is missing")
        return tensor.shape

    def image(self, i: int) -> Shape:
        """Of an input with four axes."""
        self.need(self.shape(i), len(self.shape(i)) == 4, "four axes")
        return self.shape(i)

    def need(self, value: Any, condition: bool, words: str) -> Any:
        """The value, if the condition holds."""
        if not condition:
            raise RefusedError(f"{self.name}: expected {words}, got {value}")
        return value

    def integers(self, i: int) -> Shape:
        """Values of a constant input of integers that gives shapes or places."""
        self.shape(i)
        tensor = self.inputs[i]
        assert tensor is not None
        words = "a short constant of integers as input"
        self.need(i, tensor.type in (INT32, INT64) and 0 < len(tensor.data) <= 256, words)
        return tuple(np.frombuffer(tensor.data, "<i4" if tensor.type == INT32 else "<i8").tolist())

    def axes(self, values: Shape, rank: int) -> Shape:
        """Axes counted from the front."""
        self.need(values, all(-rank <= a < rank for a in values), f"axes of {rank}")
        return tuple(a % rank for a in values)

    def steps(self, *values: int) -> None:
        """Check strides, windows or dilations."""
        self.need(values, all(1 <= v <= MAX_STEP for v in values), f"steps of 1 to {MAX_STEP}")
