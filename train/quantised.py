"""Networks that compute as if they were quantised: tf-keras, wrapped by tensorflow-model-optimization.

Grids are those of TFLite's int8 kernels: weights symmetric in [-127, 127], per channel in convolutions and per
tensor in dense layers; one range per activation, where the kernel writes its result. What follows the last
feature map (pooling, heads) stays in float32, as in the recipe int8_qat.

Needs TF_USE_LEGACY_KERAS=1 before TensorFlow is imported: tensorflow-model-optimization knows Keras 2 only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_model_optimization as tfmot

from train.quantisation_plan import Plan

Float32 = npt.NDArray[np.float32]

DECAY = 0.99
"""Of a moving range, per step. The library's own 0.999, from [-6, 6], does not arrive in a short fine-tuning."""

BITS = 8


@dataclass(frozen=True, slots=True, eq=False)
class QuantisedNetwork:
    """A wrapped network and what is to be kept of it.

    Attributes:
        network: outputs as the network it was made of; `training=True` moves ranges and batch statistics.
        weights: variables by `layer/index`, as in best.npz.
        ranges: variables (least, greatest) by the layer that observes.
    """

    network: Any
    weights: Mapping[str, Any]
    ranges: Mapping[str, tuple[Any, Any]]

    def set_ranges(self, values: Mapping[str, tuple[float, float]]) -> None:
        for name, pair in values.items():
            for variable, value in zip(self.ranges[name], pair, strict=True):
                variable.assign(value)

    def read_ranges(self) -> dict[str, tuple[float, float]]:
        return {name: (float(low), float(high)) for name, (low, high) in self.ranges.items()}


def plain_copy(network: Any) -> Any:
    """The network, its layers serving in no other: EfficientNet's first ones have been called twice."""
    copy = tf.keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy


def quantised(network: Any, plan: Plan) -> QuantisedNetwork:
    """Wrap the layers of a tf-keras network (`plain_copy`), which it gives away: use the result alone."""
    weights = {f"{layer.name}/{i}": v for layer in network.layers for i, v in enumerate(layer.weights)}

    def wrap(layer: Any) -> Any:
        weight, observed = plan.weights.get(layer.name), layer.name in plan.observed
        if weight is None and not observed:
            return layer
        config = Int8Config(weight=weight, per_channel=layer.name in plan.per_channel, observed=observed)
        return tfmot.quantization.keras.QuantizeWrapperV2(layer, config, name_prefix="quant_")

    wrapped = tf.keras.models.clone_model(network, clone_function=wrap)
    ranges = {name: _range_variables(wrapped.get_layer(f"quant_{name}")) for name in plan.observed}
    return QuantisedNetwork(wrapped, weights, ranges)


def calibrated_ranges(network: Any, plan: Plan, batches: Iterable[Float32]) -> dict[str, tuple[float, float]]:
    """Mean over batches of the least and the greatest value of each observed layer, in the float network."""
    names = list(plan.observed)
    probe = tf.keras.Model(network.inputs, [network.get_layer(name).output for name in names])

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def extremes(images: Any) -> Any:
        found = tf.nest.flatten(probe(images, training=False))
        return tf.stack([[tf.minimum(tf.reduce_min(v), 0.0), tf.maximum(tf.reduce_max(v), 0.0)] for v in found])

    mean = np.mean([extremes(tf.constant(images)).numpy() for images in batches], axis=0)
    return {name: (float(low), float(high)) for name, (low, high) in zip(names, mean, strict=True)}


def _range_variables(wrapper: Any) -> tuple[Any, Any]:
    named = {v.name.split(":")[0].split("/")[-1]: v for v in wrapper.non_trainable_variables}
    return named["output_min"], named["output_max"]


class Int8Config(tfmot.quantization.keras.QuantizeConfig):  # type: ignore[misc]
    """Of one layer: which weight is quantised, and whether its output is."""

    def __init__(self, *, weight: str | None, per_channel: bool, observed: bool) -> None:
        self.weight, self.per_channel, self.observed = weight, per_channel, observed

    def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
        if self.weight is None:
            return []
        return [(getattr(layer, self.weight), WeightGrid(self.weight, per_channel=self.per_channel))]

    def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
        for value in quantize_weights:
            setattr(layer, self.weight, value)

    def get_activations_and_quantizers(self, layer: Any) -> list[Any]:
        return []

    def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
        pass

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        return [MovingRange()] if self.observed else []

    def get_config(self) -> dict[str, Any]:
        return {"weight": self.weight, "per_channel": self.per_channel, "observed": self.observed}


class WeightGrid(tfmot.quantization.keras.quantizers.Quantizer):  # type: ignore[misc]
    """Rounds a weight to its grid, whose range is that of the weight at every step.

    The library's own quantizer takes the last axis, which in a depthwise kernel (h, w, channels, 1) is not the
    channels: all would share one scale.
    """

    def __init__(self, weight: str, *, per_channel: bool) -> None:
        self.weight, self.per_channel = weight, per_channel

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        return {}

    def __call__(self, inputs: Any, training: bool, weights: Any, **kwargs: Any) -> Any:
        if not self.per_channel:
            bound = tf.stop_gradient(tf.reduce_max(tf.abs(inputs)))
            return tf.quantization.fake_quant_with_min_max_vars(inputs, -bound, bound, BITS, narrow_range=True)
        swap = self.weight == "depthwise_kernel"
        kernel = tf.transpose(inputs, (0, 1, 3, 2)) if swap else inputs
        bound = tf.stop_gradient(tf.reduce_max(tf.abs(kernel), axis=list(range(len(kernel.shape) - 1))))
        rounded = tf.quantization.fake_quant_with_min_max_vars_per_channel(
            kernel, -bound, bound, BITS, narrow_range=True
        )
        return tf.transpose(rounded, (0, 1, 3, 2)) if swap else rounded

    def get_config(self) -> dict[str, Any]:
        return {"weight": self.weight, "per_channel": self.per_channel}


class MovingRange(tfmot.quantization.keras.quantizers.Quantizer):  # type: ignore[misc]
    """Rounds an activation to the grid of its range, which follows the batches while training."""

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        zeros = tf.keras.initializers.Zeros()
        return {
            key: layer.add_weight(f"{name}_{key}", initializer=zeros, trainable=False) for key in ("min", "max")
        }

    def __call__(self, inputs: Any, training: bool, weights: Any, **kwargs: Any) -> Any:
        low, high = weights["min"], weights["max"]
        if training:
            low.assign(DECAY * low + (1.0 - DECAY) * tf.minimum(tf.reduce_min(inputs), 0.0))
            high.assign(DECAY * high + (1.0 - DECAY) * tf.maximum(tf.reduce_max(inputs), 0.0))
        return tf.quantization.fake_quant_with_min_max_vars(inputs, low, high, BITS)

    def get_config(self) -> dict[str, Any]:
        return {}
