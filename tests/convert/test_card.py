"""The model card says what the file says."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from convert.card import model_card, summary
from sdk import ModelFile


def test_the_card_of_the_shipped_model():
    model = ModelFile.default()
    card = model_card(model)
    assert card.startswith("# Model card: accurate_int8\n")
    assert hashlib.sha256(model.flatbuffer).hexdigest() in card
    assert "research purposes only" in card
    assert f"| epoch | {model.metadata['training']['epoch']} |" in card
    assert '"learning_rate"' in card.split("## Training configuration")[1]
    for line in card.splitlines():
        assert line.count("|") in (0, 3)  # tables of two columns


def test_what_a_file_does_not_say_is_left_out():
    model = ModelFile.default()
    bare = {key: value for key, value in model.metadata.items() if key not in ("training", "terms", "versions")}
    card = model_card(replace(model, metadata=bare))
    assert "## Training" not in card
    assert "## Terms" not in card
    assert "None" not in card


def test_the_summary_counts_operations():
    found = summary(ModelFile.default())
    assert found["operations"]["DEPTHWISE_CONV_2D"] == 9
    assert found["multiply_accumulates"] > 50e6
