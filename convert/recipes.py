"""Named recipes: how a trained network becomes a TFLite model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sdk.errors import InputError


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is quantised.

    Attributes:
        name: as given to `python -m convert --recipe`, written into the model file.
        integer: 8-bit weights (per channel in convolutions) and activations (per tensor), uint8 input;
            otherwise float32 throughout. The outputs are float32 either way.
    """

    name: str
    integer: bool


FLOAT32 = Recipe("float32", integer=False)
INT8_PTQ = Recipe("int8_ptq", integer=True)

RECIPES: Mapping[str, Recipe] = MappingProxyType({r.name: r for r in (FLOAT32, INT8_PTQ)})


def recipe_by_name(name: str) -> Recipe:
    """Look a recipe up, or say which ones there are."""
    if name not in RECIPES:
        raise InputError(f"recipe: expected one of {', '.join(RECIPES)}, got {name!r}")
    return RECIPES[name]
