"""The committed models in use: accuracy where the data is, agreement of int8 and float through `predict`.

tests/convert/test_gate.py holds the files themselves to their limits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import measure
from sdk import FaceAligner
from sdk.metrics import nme_interocular
from sdk.testing import FixedDetector

ROOT = Path(__file__).resolve().parents[1]
FLOAT = ROOT / "models" / "accurate_float32.tflite"

MAX_NME = {"test_common": 6.0, "test_challenging": 11.0}
MAX_INT8_LOSS = 0.03
"""Of the mean over both splits."""


@pytest.fixture(scope="module")
def pair() -> tuple[FaceAligner, FaceAligner]:
    """The shipped int8 model and its float model."""
    return FaceAligner(), FaceAligner(FLOAT)


def test_both_models_are_of_one_training(pair):
    integer, real = (aligner.model for aligner in pair)
    assert integer.metadata["training"] == real.metadata["training"]
    np.testing.assert_array_equal(integer.shape_model.eigenvectors, real.shape_model.eigenvectors)
    assert (integer.metadata["recipe"], real.metadata["recipe"]) == ("int8_qat", "float32")


@pytest.mark.parametrize("name", ["hopper", "astronaut"])
def test_int8_agrees_with_float_on_portraits(pair, request, name):
    frame = request.getfixturevalue(name)
    integer, real = (aligner.predict(frame)[0] for aligner in pair)
    assert nme_interocular(real.landmarks[None], integer.landmarks[None])[0] < 2.0  # per cent
    assert abs(integer.pose.yaw_deg - real.pose.yaw_deg) < 2.0
    assert abs(integer.pose.pitch_deg - real.pose.pitch_deg) < 2.0
    assert abs(integer.pose.roll_deg - real.pose.roll_deg) < 2.0


@pytest.mark.data
@pytest.mark.slow
def test_accuracy_on_300w_test(pair, data_root):
    rows = []
    for aligner in pair:
        boxed = FaceAligner(aligner.model, detector=FixedDetector())
        measured = measure(boxed, "", data_root / "300W", list(MAX_NME))
        rows.append({row.split: row for row in measured if row.boxes == "jittered"})
    assert all(rows[0][split].nme_interocular <= limit for split, limit in MAX_NME.items())
    integer, real = (
        np.average([r.nme_interocular for r in of_model.values()], weights=[r.faces for r in of_model.values()])
        for of_model in rows
    )
    assert integer - real <= MAX_INT8_LOSS
