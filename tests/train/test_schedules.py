"""Learning rate and loss weights over time."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest

from train.schedules import CYCLES, asm_alpha, learning_rate

ALPHAS = (2.0, 1.0, 0.5)


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


def curve(keras, name: str, *, steps: int, warmup: int = 0, peak: float = 0.1) -> np.ndarray:
    rate = learning_rate(keras, name, peak=peak, steps=steps, warmup=warmup)
    return np.array([float(rate(step)) if callable(rate) else rate for step in range(steps + 1)])


def test_alpha_changes_after_each_third():
    assert [asm_alpha(epoch, 6, ALPHAS) for epoch in range(6)] == [2.0, 2.0, 1.0, 1.0, 0.5, 0.5]
    assert asm_alpha(49, 150, ALPHAS) == 2.0  # epoch i < l/3
    assert asm_alpha(50, 150, ALPHAS) == 1.0


@pytest.mark.parametrize(("epochs", "expected"), [(1, [2.0]), (2, [2.0, 1.0]), (3, [2.0, 1.0, 0.5])])
def test_short_runs_have_an_alpha_too(epochs, expected):
    assert [asm_alpha(epoch, epochs, ALPHAS) for epoch in range(epochs)] == expected


def test_cosine_warms_up_to_the_peak_and_falls_to_a_hundredth(keras):
    rates = curve(keras, "cosine", steps=100, warmup=10)
    assert rates[0] == pytest.approx(0.005)
    assert rates[10] == pytest.approx(0.1)
    assert rates[100] == pytest.approx(0.001, rel=1e-3)  # the cosine in float32
    assert (np.diff(rates[:11]) > 0).all()
    assert (np.diff(rates[10:]) <= 0).all()
    assert rates[55] == pytest.approx(0.1 * (0.99 * 0.5 + 0.01), rel=1e-3)  # half-way down


def test_warm_up_takes_a_tenth_of_a_run_at_most(keras):
    assert np.argmax(curve(keras, "cosine", steps=100, warmup=90)) == 10


def test_cyclic_restarts_at_the_peak(keras):
    rates = curve(keras, "cyclic", steps=100)
    period = 100 // CYCLES
    np.testing.assert_allclose(rates[:100:period], 0.1, rtol=1e-4)
    np.testing.assert_allclose(rates[:period], rates[period : 2 * period], rtol=1e-3)  # float32 of step/period
    assert rates[period - 1] < 0.01
    assert rates.min() >= 0.001 * (1 - 1e-3)


def test_constant_is_constant(keras):
    assert set(curve(keras, "constant", steps=5).tolist()) == {0.1}
