"""Networks without training go through every recipe, or one line says why not."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest

from convert.recipes import RECIPES
from convert.variants import replaced
from sdk import InputError, ModelFile

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.slow
def test_a_row_for_every_recipe():
    from convert.untrained import conversion_table, conversions

    rows = list(conversions(32, ModelFile.default().shape_model, ["cnn6"]))
    assert [row.recipe for row in rows] == list(RECIPES)
    found = {row.recipe: row for row in rows}
    assert "expected the best.npz of python -m train qat" in found["int8_qat"].reason
    assert found["float32"].moved_percent == 0.0 == found["float32"].on_integers
    assert found["int8_ptq"].on_integers > 6 > found["int8_ptq"].stray == 0
    assert found["int8_ptq"].bytes < found["float16"].bytes < found["float32"].bytes
    assert conversion_table(rows).count("cnn6, ") == len(RECIPES)


def test_a_table_goes_between_its_marks():
    text = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n"
    assert replaced(text, "x", "new") == "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n"
    with pytest.raises(InputError, match="one line <!-- y: begin -->"):
        replaced(text, "y", "new")
