"""Where TFLite's int8 kernels round: which weights of a network, and which outputs of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WEIGHTS = {"Conv2D": "kernel", "DepthwiseConv2D": "depthwise_kernel", "Dense": "kernel"}
PER_CHANNEL = ("Conv2D", "DepthwiseConv2D")

PASSING = ("InputLayer", "Dropout", "Flatten", "Reshape", "ZeroPadding2D", "MaxPooling2D", "UpSampling2D")
"""Layers that hand on values of their input, or values between them: they share its grid."""

TAIL = ("Dropout", "Concatenate", "GlobalAveragePooling2D", "Flatten", "Reshape", "Permute", "Softmax")
"""Layers between the last feature map and the heads, beside dense ones that do not learn (mean places)."""

FUSED = ("relu", "relu6", "linear")
"""Activations that a kernel applies before it rounds."""

HEADS = ("landmarks", "pose")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is rounded.

    Attributes:
        weights: name of the rounded weight, by layer.
        per_channel: the layers whose weight has a scale per channel.
        observed: layers whose output is rounded, each with all layers that share the grid: those that its kernel
            fuses (convolution, batch normalisation, ReLU) and those that hand its values on.
    """

    weights: Mapping[str, str]
    per_channel: frozenset[str]
    observed: Mapping[str, tuple[str, ...]]

    def spread(self, ranges: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        """Ranges of observing layers, repeated for all layers of the same grid."""
        return {name: ranges[layer] for layer, group in self.observed.items() for name in group}


def plan_of(network: Any) -> Plan:
    """The plan of a functional tf-keras network with layers `landmarks` and `pose` at its end."""
    graph = _Graph(network)
    tail = graph.tail()
    body = [layer for layer in network.layers if layer.name not in tail]
    weights = {layer.name: WEIGHTS[_kind(layer)] for layer in body if _kind(layer) in WEIGHTS}
    return Plan(
        weights=weights,
        per_channel=frozenset(layer.name for layer in body if _kind(layer) in PER_CHANNEL),
        observed={layer.name: graph.sharing(layer, tail) for layer in body if graph.observes(layer)},
    )


class _Graph:
    """Which layer of a network follows which."""

    def __init__(self, network: Any) -> None:
        self._layers = {layer.name: layer for layer in network.layers}
        self._before = {layer.name: _inputs(layer) for layer in network.layers}
        self._after: dict[str, list[Any]] = {name: [] for name in self._layers}
        for name, inputs in self._before.items():
            for layer in inputs:
                self._after[layer.name].append(self._layers[name])

    def tail(self) -> frozenset[str]:
        """The heads, what lies between them and the last feature map, and what follows them."""
        found, waiting = set(HEADS), [layer for name in HEADS for layer in self._before[name]]
        while waiting:
            layer = waiting.pop()
            if layer.name not in found and _in_tail(layer):
                found.add(layer.name)
                waiting += self._before[layer.name]
        return frozenset(found)

    def observes(self, layer: Any) -> bool:
        """Whether a kernel ends with this layer, and its range is not fixed."""
        if _kind(layer) in PASSING or self._fuses(layer):
            return False
        name = getattr(getattr(layer, "activation", None), "__name__", "linear")
        if _kind(layer) == "Activation":
            return name != "sigmoid"  # always 0 to 1
        return name in FUSED  # a swish or sigmoid inside a convolution is left to calibration

    def sharing(self, layer: Any, tail: frozenset[str]) -> tuple[str, ...]:
        """The layer, those that its kernel fuses, and those that hand its values on."""
        found, first = [layer.name], layer
        while len(self._before[first.name]) == 1 and self._fuses(self._before[first.name][0]):
            first = self._before[first.name][0]
            found.append(first.name)
        waiting = list(self._after[layer.name])
        while waiting:
            following = waiting.pop()
            if _kind(following) in PASSING and following.name not in tail:
                found.append(following.name)
                waiting += self._after[following.name]
        return tuple(found)

    def _fuses(self, layer: Any) -> bool:
        """Whether the kernel goes on with the next layer."""
        following = self._after[layer.name]
        if len(following) != 1:
            return False
        kind = _kind(following[0])
        return kind == "ReLU" or (kind == "BatchNormalization" and _kind(layer) in WEIGHTS)


def _in_tail(layer: Any) -> bool:
    return _kind(layer) in TAIL or (_kind(layer) == "Dense" and not layer.trainable)


def _kind(layer: Any) -> str:
    return type(layer).__name__


def _inputs(layer: Any) -> list[Any]:
    """Layers whose outputs go in; the layer serves in one network."""
    if _kind(layer) == "InputLayer":
        return []
    inbound = layer.inbound_nodes[0].inbound_layers
    return list(inbound) if isinstance(inbound, list) else [inbound]
