"""Averaged weights, and batch statistics that fit them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from train.schedules import decay_at


class WarmAdamW(keras.optimizers.AdamW):  # type: ignore[misc]
    """AdamW that keeps averaged weights whose decay warms up to `ema_momentum`: see `decay_at`."""

    def _update_model_variables_moving_average(self, trainable_variables: Any) -> None:
        ops = keras.ops
        step = ops.cast(self.iterations, "float32")
        keep = ops.minimum(decay_at(step), self.ema_momentum)
        means = self._model_variables_moving_average
        for variable, mean in zip(trainable_variables, means, strict=True):
            share = ops.cast(keep, variable.dtype)
            mean.assign(share * mean + (1 - share) * variable)


class Average:
    """The moving average of a network's weights, as a network of its own.

    Args:
        network: another build of the trained one. What it draws in `follow`, such as dropped blocks, is the
            same each time.
    """

    def __init__(self, network: Any) -> None:
        self.network, self._statistics = network, BatchStatistics(network)
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
        self._statistics.measure(batches)


class BatchStatistics:
    """Replaces the moving statistics of a network's batch normalisation by their mean over batches.

    Averaged weights never saw a batch: the statistics of the raw weights do not fit them. The pass is compiled
    when first used; batches should be of one size.
    Source: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018.
    """

    def __init__(self, network: Any) -> None:
        self._network = network
        self._layers = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
        self._step = _compiled(self._of_a_batch)

    def measure(self, batches: Iterable[np.ndarray]) -> None:
        """Images (batch, size, size, 3) as the network takes them."""
        if not self._layers:
            return
        tensor = keras.ops.convert_to_tensor
        ours = {id(v) for layer in self._layers for v in (layer.moving_mean, layer.moving_variance)}
        variables = self._network.non_trainable_variables
        trainable, state = ([tensor(v) for v in vs] for vs in (self._network.trainable_variables, variables))
        sums, count = [0.0] * len(variables), 0
        for batch in batches:
            state = self._step(trainable, state, tensor(batch))
            sums = [s + np.asarray(v, np.float64) for s, v in zip(sums, state, strict=True)]
            count += 1
        for variable, total, last in zip(variables, sums, state, strict=True):
            variable.assign(total / count if id(variable) in ours and count else last)

    def _of_a_batch(self, trainable: list[Any], state: list[Any], images: Any) -> list[Any]:
        """What is not trained after a look at a batch: its own statistics, and where random numbers are."""
        kept = [layer.momentum for layer in self._layers]
        try:
            for layer in self._layers:
                layer.momentum = 0.0
            return list(self._network.stateless_call(trainable, state, images, training=True)[1])
        finally:
            for layer, momentum in zip(self._layers, kept, strict=True):
                layer.momentum = momentum


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """By the compiler of the backend."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    import tensorflow as tf

    return tf.function(function, autograph=False)
