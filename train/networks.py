"""Networks. A builder takes the keras namespace first, so that one definition serves Keras 3 (training on
TensorFlow or JAX) and tf-keras (quantisation-aware training with tensorflow-model-optimization)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sdk.errors import InputError

ASMNET_TAPS = (
    "block_1_project_BN",
    "block_3_project_BN",
    "block_6_project_BN",
    "block_10_project_BN",
    "block_13_project_BN",
    "block_15_add",
)
"""Layers of MobileNetV2 whose globally averaged maps ASMNet concatenates (536 features at width 1)."""


def asmnet(keras: Any, *, size: int = 224, width: float = 1.0, dropout: float = 0.3, n_points: int = 68) -> Any:
    """ASMNet: MobileNetV2 cut after block 15, six pooled taps, a linear head each for landmarks and pose.

    Input (batch, size, size, 3), RGB in [0, 1]. Outputs: `landmarks` (batch, 2 n_points), x and y
    interleaved in crop coordinates; `pose` (batch, 3), yaw, pitch, roll in units of 90 degrees.
    Source: Fard et al., "ASMNet: a Lightweight Deep Neural Network for Face Alignment and Pose
    Estimation", CVPRW 2021.
    """
    backbone = keras.applications.MobileNetV2(
        input_shape=(size, size, 3), alpha=width, include_top=False, weights=None
    )
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.95  # 0.999 averages over 17 epochs of 300W: far behind the weights
    pooled = [
        keras.layers.GlobalAveragePooling2D(name=f"pool_{name}")(backbone.get_layer(name).output)
        for name in ASMNET_TAPS
    ]
    features = keras.layers.Concatenate(name="features")(pooled)
    features = keras.layers.Dropout(dropout, name="dropout")(features)
    landmarks = keras.layers.Dense(2 * n_points, name="landmarks")(features)
    pose = keras.layers.Dense(3, name="pose")(features)
    return keras.Model(backbone.input, [landmarks, pose], name="asmnet")


NETWORKS: Mapping[str, Callable[..., Any]] = MappingProxyType({"asmnet": asmnet})


def build_network(keras: Any, name: str, **options: Any) -> Any:
    """Build a network of the registry by name."""
    if name not in NETWORKS:
        raise InputError(f"network: expected one of {', '.join(sorted(NETWORKS))}, got {name!r}")
    return NETWORKS[name](keras, **options)
