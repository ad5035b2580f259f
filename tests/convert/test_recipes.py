"""Recipes say what they are, and refuse what makes no sense."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convert.recipes import DYNAMIC, FLOAT32, INT8_PTQ, INT16X8, RECIPES, Recipe, recipe_by_name
from sdk import InputError


def test_names_are_keys():
    assert list(RECIPES) == ["float32", "float16", "dynamic", "int8_ptq", "int8_qat", "int16x8"]
    assert all(recipe.name == name for name, recipe in RECIPES.items())


def test_only_integer_activations_need_calibration():
    assert {name for name, recipe in RECIPES.items() if recipe.integer} == {"int8_ptq", "int8_qat", "int16x8"}


def test_an_unknown_recipe_lists_the_known():
    with pytest.raises(InputError, match=r"expected one of float32, float16, .*, got .int4."):
        recipe_by_name("int4")


@pytest.mark.parametrize(
    ("recipe", "changes", "message"),
    [
        (FLOAT32, {"input": "uint8"}, "uint8 input needs int8 activations"),
        (FLOAT32, {"heads": "integer"}, "integer heads need integer activations"),
        (DYNAMIC, {"activations": "int8", "weights": "float32"}, "int8 activations need int8 weights"),
        (INT8_PTQ, {"outputs": "integer"}, "integer outputs need --heads integer"),
        (INT16X8, {"heads": "float"}, "a grid of 16 bits adds no jitter"),
        (INT8_PTQ, {"input": "int32"}, "input: expected one of float32, uint8, int8, got 'int32'"),
    ],
)
def test_what_makes_no_sense_is_refused(recipe: Recipe, changes, message):
    with pytest.raises(InputError, match=message):
        replace(recipe, **changes)
