"""How much a network computes."""

from __future__ import annotations

import math
from typing import Any

COUNTED = ("Conv2D", "DepthwiseConv2D", "Dense")


def count_macs(model: Any) -> int:
    """Multiply-accumulates of one image in Conv2D, DepthwiseConv2D and Dense layers, of either Keras.

    Each entry of such a layer's kernel acts once at each place of its output. The papers' "FLOPs" are this
    number or, as in ASMNet's, twice it.
    """
    layers = [layer for layer in model.layers if type(layer).__name__ in COUNTED]
    return sum(math.prod(layer.weights[0].shape) * math.prod(layer.output.shape[1:-1]) for layer in layers)
