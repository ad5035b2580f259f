"""The weights that come with the package are those of the model that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from train.checkpoint import read_arrays
from train.shipped import shipped_weights, start_file

ROOT = Path(__file__).resolve().parents[2]


def test_they_are_halves_of_the_committed_weights():
    expected, note = start_file(*read_arrays(ROOT / "models" / "accurate.npz"))
    found, found_note = read_arrays(shipped_weights())
    assert found_note == note
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert np.array_equal(found[name], values), f"{name}: python -m train.shipped models/accurate.npz"
