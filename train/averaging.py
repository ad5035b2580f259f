"""Averaged weights, and batch statistics that fit them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np


class Average:
    """The moving average of a network's weights, as a network of its own.

    Args:
        network: another build of the trained one. What it draws in `follow`, such as dropped blocks, is the
            same each time.
    """

    def __init__(self, network: Any) -> None:
        self.network = network
        seeds = [v for v in network.variables if "seed_generator_state" in v.path]
        self._seeds = [(variable, np.array(variable)) for variable in seeds]

    def follow(self, trained: Any, batches: Iterable[np.ndarray]) -> None:
        """Take over the average that the optimizer of `trained` keeps; batch statistics are those of `batches`."""
        if keras.backend.backend() == "jax":
            trained.jax_state_sync()
        means = trained.optimizer._model_variables_moving_average
        for variable, mean in zip(self.network.trainable_variables, means, strict=True):
            variable.assign(np.asarray(mean))  # JAX would share the array, and predict() gives its own away
        for variable, seed in self._seeds:
            variable.assign(seed)
        recalibrate(self.network, batches)


def recalibrate(network: Any, batches: Iterable[np.ndarray]) -> None:
    """Replace the moving statistics of batch normalisation by their mean over `batches`.

    Averaged weights never saw a batch: the statistics of the raw weights do not fit them.
    Source: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018.
    """
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    kept = [layer.momentum for layer in layers]
    for index, batch in enumerate(batches if layers else []):
        for layer in layers:
            layer.momentum = index / (index + 1.0)
        network(batch, training=True)
    for layer, momentum in zip(layers, kept, strict=True):
        layer.momentum = momentum
