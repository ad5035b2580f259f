"""The trained weights that come with the package: where they are, and how they are made of a best.npz.

python -m train.shipped models/accurate.npz writes them anew.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from sdk.errors import InputError
from train.checkpoint import read_arrays, replacing
from train.config import TrainConfig

SHIPPED, RANDOM = "shipped", "random"
"""Words that `fit --weights` takes beside the name of a file."""

FILE = "accurate_start.npz"

TERMS = "Started from weights trained on 300-W (i-bug): research purposes only, as they are (docs/model_card.md)."
"""Of whatever is trained from them."""

KEPT = ("config", "epoch", "val_nme", "data", "scheme", "commit")
"""Of the note of the best.npz."""


def shipped_weights() -> Path:
    """The file of the weights of the model `accurate`, as half floats: a start, and half the size."""
    return Path(str(resources.files("train.weights") / FILE))


def start_file(
    weights: Mapping[str, np.ndarray], note: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays and note of the shipped file, made of those of a best.npz."""
    halves = {name: np.asarray(value, np.float16) for name, value in weights.items()}
    if odd := [name for name, value in halves.items() if not np.isfinite(value).all()]:
        raise InputError(f"weights: expected numbers within the range of half floats, got others in {odd[0]}")
    return halves, {**{key: note[key] for key in KEPT}, "terms": TERMS}


def fits_shipped(config: TrainConfig) -> bool:
    """Whether a configuration's network is the one that the shipped weights are of, heads aside."""
    there = read_arrays(shipped_weights())[1]["config"]
    return all(getattr(config, name) == there[name] for name in ("network", "size", "width"))


def write_start(source: Path, out: Path) -> None:
    """Write the shipped file of a best.npz, compressed."""
    import json

    arrays, note = start_file(*read_arrays(source))
    with replacing(out) as file:
        np.savez_compressed(file, __note__=np.array(json.dumps(note)), **arrays)


if __name__ == "__main__":
    write_start(Path(sys.argv[1]), shipped_weights())
    print(f"wrote {shipped_weights()}")
