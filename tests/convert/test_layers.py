"""Errors per layer of the committed pair."""

from __future__ import annotations

from pathlib import Path

import pytest

from convert.faces import drawn_faces
from convert.layers import layer_errors
from convert.tables import layer_table
from sdk import InputError, ModelFile
from tests.convert import damage

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def real() -> ModelFile:
    return ModelFile.load(ROOT / "models" / "asmnet_128_float32.tflite")


@pytest.fixture(scope="module")
def integer() -> ModelFile:
    return ModelFile.load(ROOT / "models" / "asmnet_128_int8.tflite")


def test_every_layer_has_a_row(real, integer):
    rows = layer_errors(real, integer, drawn_faces(2))
    assert {row.code for row in rows} >= {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "MEAN", "CONCATENATION"}
    assert rows[0].layer.startswith("bn_Conv1")
    maps = [row for row in rows if len(row.shape) == 4]
    assert all(0.0 < row.grid_percent < 5.0 for row in maps)
    assert all(row.total_percent < 25.0 for row in maps)  # its weights were fine-tuned: a layer may do otherwise
    assert layer_table(rows).count("\n") == len(rows) + 1


def test_the_damaged_layer_stands_out(real, integer):
    ruined = damage.damaged(integer, damage.perturbed_weights)
    before, after = (layer_errors(real, model, drawn_faces(2)) for model in (integer, ruined))
    growth = {b.layer: b.total_percent / a.total_percent for a, b in zip(before, after, strict=True)}
    names = list(growth)
    place = next(i for i, name in enumerate(names) if name.startswith("block_6_project"))
    assert all(growth[name] == pytest.approx(1.0) for name in names[:place])
    assert growth[names[place]] > 2.0


def test_two_float_models_have_no_integer_layers(real):
    with pytest.raises(InputError, match="a float and an integer model of one network"):
        layer_errors(real, real, drawn_faces(1))
