"""Batch statistics of averaged weights: the mean over batches, by one compiled pass."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.tiny_fit import tiny

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def batches(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.uniform(0, 1, (6, 32, 32, 3)).astype(np.float32) for _ in range(count)]


def statistics(network) -> dict[str, np.ndarray]:
    return {v.path: np.asarray(v).copy() for v in network.non_trainable_variables}


def one_by_one(network, images: list[np.ndarray]) -> None:
    """The plain way: a running mean, each batch looked at outside a graph."""
    layers = [layer for layer in network.layers if hasattr(layer, "momentum")]
    for index, batch in enumerate(images):
        for layer in layers:
            layer.momentum = index / (index + 1.0)
        network(batch, training=True)


def test_the_compiled_pass_gives_the_statistics_of_the_plain_one():
    import keras

    from train.averaging import BatchStatistics

    keras.utils.set_random_seed(1)
    network = tiny(keras, dropout=0.3)
    start = network.get_weights()
    one_by_one(network, batches(5))
    expected = statistics(network)
    network.set_weights(start)
    for layer in network.layers:
        if hasattr(layer, "momentum"):
            layer.momentum = 0.9
    measured = BatchStatistics(network)
    measured.measure(batches(5))
    found = statistics(network)
    moving = [path for path in found if "moving" in path]
    assert len(moving) == 4
    for path in moving:
        # float32 sums in another order
        np.testing.assert_allclose(found[path], expected[path], rtol=1e-5, atol=1e-6, err_msg=path)
    assert {layer.momentum for layer in network.layers if hasattr(layer, "momentum")} == {0.9}

    np.testing.assert_array_equal(network.get_weights()[0], start[0])
    network.set_weights(start)
    measured.measure(batches(5))  # what was there before does not matter
    for path in moving:
        np.testing.assert_array_equal(statistics(network)[path], found[path], err_msg=path)


def test_the_pass_is_traced_once(monkeypatch):
    import keras

    from train.averaging import BatchStatistics

    traced = []
    look = BatchStatistics._of_a_batch
    monkeypatch.setattr(BatchStatistics, "_of_a_batch", lambda self, *a: traced.append(1) or look(self, *a))
    measured = BatchStatistics(tiny(keras))
    for _ in range(3):
        measured.measure(batches(4))
    assert len(traced) == 1


def test_networks_without_batch_normalisation_have_nothing_to_measure():
    import keras

    from train.averaging import BatchStatistics
    from train.networks import cnn6

    network = cnn6(keras)
    before = network.get_weights()
    BatchStatistics(network).measure(iter([]))
    for a, b in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_decay_warms_up_to_the_final_one():
    from train.schedules import decay_at

    assert decay_at(0) == 0.0
    assert decay_at(9) == 0.5
    steps = np.arange(5000)
    decays = np.minimum(decay_at(steps), 0.995)
    assert (np.diff(decays) >= 0).all()
    assert decays[-1] == 0.995
    assert decays[1790] < 0.995 <= decays[1800]  # 9 d / (1 - d) is 1791


def averaged(final: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The average that the optimizer keeps of a weight that moves by about one a step, and its last value."""
    import keras

    from train.averaging import WarmAdamW

    weight = keras.Variable(np.float32([0.0]), name="w")
    optimizer = WarmAdamW(learning_rate=1.0, weight_decay=0.0, use_ema=True, ema_momentum=final)
    optimizer.build([weight])
    weight.assign(np.float32([1000.0]))  # as weights of an earlier run are set after the optimizer is built
    for _ in range(steps):
        optimizer.apply([keras.ops.convert_to_tensor(np.float32([-1.0]))], [weight])
    return np.asarray(optimizer._model_variables_moving_average[0]), np.asarray(weight)


@pytest.mark.parametrize("steps", [1, 40, 400])
def test_the_average_of_a_short_run_follows_its_weights(steps):
    average, weight = averaged(0.995, steps)
    moved = float(weight[0]) - 1000.0
    assert moved == pytest.approx(steps, rel=1e-3)
    lag = float((weight - average)[0]) / steps
    assert 0.0 <= lag < 0.12  # about a tenth; a fixed decay of 0.995 lags by 0.9 of 40 steps, 0.43 of 400


def test_the_final_decay_is_the_one_asked_for():
    average, weight = averaged(0.5, 60)
    assert float((weight - average)[0]) == pytest.approx(0.5 / (1 - 0.5), rel=1e-2)  # d / (1 - d) steps behind
