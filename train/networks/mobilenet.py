"""MobileNetV2, whole and cut to ASMNet."""

from __future__ import annotations

from typing import Any

from train.networks.heads import with_heads, with_short_memory

ASMNET_TAPS = (
    "block_1_project_BN",
    "block_3_project_BN",
    "block_6_project_BN",
    "block_10_project_BN",
    "block_13_project_BN",
    "block_15_add",
)
"""Layers of MobileNetV2 whose globally averaged maps ASMNet concatenates (536 features at width 1)."""


def asmnet(
    keras: Any,
    *,
    size: int = 224,
    width: float = 1.0,
    dropout: float = 0.3,
    n_points: int = 68,
    pose_values: int = 3,
) -> Any:
    """ASMNet: MobileNetV2 cut after block 15, six pooled taps, a linear head each for landmarks and pose.

    Source: Fard et al., "ASMNet: a Lightweight Deep Neural Network for Face Alignment and Pose
    Estimation", CVPRW 2021.
    """
    backbone = _backbone(keras, size, width)
    pooled = [
        keras.layers.GlobalAveragePooling2D(name=f"pool_{name}")(backbone.get_layer(name).output)
        for name in ASMNET_TAPS
    ]
    features = keras.layers.Concatenate(name="features")(pooled)
    return with_heads(
        keras,
        backbone.input,
        features,
        dropout=dropout,
        n_points=n_points,
        pose_values=pose_values,
        name="asmnet",
    )


def mobilenet_v2(
    keras: Any,
    *,
    size: int = 224,
    width: float = 1.0,
    dropout: float = 0.3,
    n_points: int = 68,
    pose_values: int = 3,
) -> Any:
    """MobileNetV2, its last map (1280 channels) globally averaged: ASMNet's baseline.

    Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.
    """
    backbone = _backbone(keras, size, width)
    features = keras.layers.GlobalAveragePooling2D(name="features")(backbone.output)
    return with_heads(
        keras,
        backbone.input,
        features,
        dropout=dropout,
        n_points=n_points,
        pose_values=pose_values,
        name="mobilenet_v2",
    )


def _backbone(keras: Any, size: int, width: float) -> Any:
    backbone = keras.applications.MobileNetV2(
        input_shape=(size, size, 3), alpha=width, include_top=False, weights=None
    )
    return with_short_memory(keras, backbone)
