"""Named recipes: how a trained network becomes a TFLite model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from sdk.errors import InputError


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is quantised, and what the tensors at both ends are.

    Attributes:
        name: as given to `python -m convert --recipe`, written into the model file.
        weights: float32, float16 or int8; int8 is symmetric, per channel in convolutions and per tensor in
            dense layers.
        activations: float32, int8 or int16, one scale and zero point per tensor.
        fine_tuned: the ranges of activations are those that `python -m train qat` trained with.
        input: float32 in [0, 1]; with int8 activations also uint8 (the pixel) or int8 (pixel - 128).
        heads: float: all from the pooled features on is computed in float32, which costs no time and takes
            the grid out of the landmarks; outside: the same, but by the reader of the file instead of the network
            (convert.tail), float where a network has no mean places; integer: the whole network is on integers.
        outputs: float32, or integer: landmarks and pose as the integer head has them, each with its own scale.
    """

    name: str
    weights: str = "float32"
    activations: str = "float32"
    fine_tuned: bool = False
    input: str = "float32"
    heads: str = "float"
    outputs: str = "float32"

    def __post_init__(self) -> None:
        for field, known in KNOWN.items():
            if getattr(self, field) not in known:
                raise InputError(f"{field}: expected one of {', '.join(known)}, got {getattr(self, field)!r}")
        if self.integer and self.weights != "int8":
            raise InputError(f"recipe {self.name}: {self.activations} activations need int8 weights")
        if self.input != "float32" and self.activations != "int8":
            raise InputError(f"recipe {self.name}: {self.input} input needs int8 activations; use float32")
        if self.heads != "float" and not self.integer:
            raise InputError(f"recipe {self.name}: {self.heads} heads need integer activations")
        if self.heads != "integer" and self.activations == "int16":
            raise InputError(f"recipe {self.name}: has integer heads; a grid of 16 bits adds no jitter")
        if self.outputs == "integer" and self.heads != "integer":
            raise InputError(f"recipe {self.name}: integer outputs need --heads integer")

    @property
    def integer(self) -> bool:
        """Whether activations are integers, so that calibration has to set their ranges."""
        return self.activations != "float32"


KNOWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "weights": ("float32", "float16", "int8"),
        "activations": ("float32", "int8", "int16"),
        "input": ("float32", "uint8", "int8"),
        "heads": ("float", "outside", "integer"),
        "outputs": ("float32", "integer"),
    }
)
"""What the fields of a recipe may be."""

FLOAT32 = Recipe("float32")
FLOAT16 = Recipe("float16", weights="float16")
DYNAMIC = Recipe("dynamic", weights="int8")
INT8_PTQ = Recipe("int8_ptq", weights="int8", activations="int8", input="uint8", heads="outside")
INT8_QAT = replace(INT8_PTQ, name="int8_qat", fine_tuned=True)
INT16X8 = Recipe("int16x8", weights="int8", activations="int16", heads="integer")

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {r.name: r for r in (FLOAT32, FLOAT16, DYNAMIC, INT8_PTQ, INT8_QAT, INT16X8)}
)


def recipe_by_name(name: str) -> Recipe:
    """Look a recipe up, or say which ones there are."""
    if name not in RECIPES:
        raise InputError(f"recipe: expected one of {', '.join(RECIPES)}, got {name!r}")
    return RECIPES[name]
