"""The One-Euro filter: laws, and what each parameter does."""

from __future__ import annotations

import numpy as np
import pytest

from sdk import InputError, OneEuro
from sdk.smoothing import OneEuroFilter

STEP = 1 / 30


def run(values: np.ndarray, parameters: OneEuro, *, unit: float = 1.0) -> np.ndarray:
    smooth = OneEuroFilter(parameters)
    return np.array([smooth(v, STEP, unit=unit) for v in values])


def noise(n: int = 300) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.01, (n, 4, 2))


def test_a_constant_passes_unchanged():
    np.testing.assert_allclose(run(np.ones((20, 3, 2)), OneEuro()), 1.0)


def test_noise_at_rest_is_reduced():
    raw = noise()
    smooth = run(raw, OneEuro())
    assert np.diff(smooth[30:], axis=0).std() < 0.6 * np.diff(raw[30:], axis=0).std()


def test_with_beta_0_it_is_the_low_pass_of_the_source():
    values = noise(5)
    tau = 1 / (2 * np.pi * 1.5)
    share = 1 / (1 + tau / STEP)
    expected = [values[0]]
    for v in values[1:]:
        expected.append(share * v + (1 - share) * expected[-1])
    np.testing.assert_allclose(run(values, OneEuro(min_cutoff_hz=1.5, beta=0.0)), expected)


def test_a_higher_beta_lags_less():
    ramp = np.arange(60.0)[:, None, None] * np.array([[0.1, 0.0]])
    lags = [(ramp - run(ramp, OneEuro(beta=beta)))[-1, 0, 0] for beta in (0.0, 1.0, 24.0)]
    assert lags[0] > lags[1] > lags[2] > 0


def test_the_unit_makes_near_and_far_faces_alike():
    ramp = noise(50) + np.arange(50.0)[:, None, None] * 0.05
    np.testing.assert_allclose(run(ramp * 80, OneEuro(), unit=80.0), run(ramp, OneEuro()) * 80, rtol=1e-9)


def test_time_that_stands_still_passes_the_value():
    smooth = OneEuroFilter(OneEuro())
    smooth([[0.0, 0.0]], STEP)
    np.testing.assert_array_equal(smooth([[5.0, 5.0]], 0.0), [[5.0, 5.0]])


@pytest.mark.parametrize("wrong", [{"min_cutoff_hz": 0}, {"beta": -1}, {"speed_cutoff_hz": float("nan")}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(InputError, match="OneEuro: expected positive cut-offs"):
        OneEuro(**wrong)
