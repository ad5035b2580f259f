"""EfficientNet-B0 and B3: the teachers of KD-Loss and the larger networks of ACR loss."""

from __future__ import annotations

from typing import Any

from sdk.errors import InputError
from train.networks.heads import with_heads, with_short_memory


def efficientnet_b0(keras: Any, **options: Any) -> Any:
    """EfficientNet-B0 (1280 features), made for 224 px; options as `_efficientnet`."""
    return _efficientnet(keras, keras.applications.EfficientNetB0, "efficientnet_b0", **options)


def efficientnet_b3(keras: Any, **options: Any) -> Any:
    """EfficientNet-B3 (1536 features), made for 300 px; options as `_efficientnet`."""
    return _efficientnet(keras, keras.applications.EfficientNetB3, "efficientnet_b3", **options)


def _efficientnet(
    keras: Any,
    application: Any,
    name: str,
    *,
    size: int = 224,
    width: float = 1.0,
    dropout: float = 0.3,
    n_points: int = 68,
    pose_values: int = 3,
) -> Any:
    """The last map globally averaged, from random weights.

    Keras's version begins with Rescaling(1/255) and Normalization. The input here is in [0, 1] already: the
    graph is taken from the layer after them, which both Keras rebuild with an input of its own.
    Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019.
    """
    if width != 1.0:
        raise InputError(f"width: expected 1 for {name}, which is scaled by its number, got {width}")
    backbone = application(input_shape=(size, size, 3), include_top=False, weights=None)
    with_short_memory(keras, backbone)
    features = keras.layers.GlobalAveragePooling2D(name="features")(backbone.output)
    return with_heads(
        keras,
        backbone.get_layer("stem_conv_pad").input,
        features,
        dropout=dropout,
        n_points=n_points,
        pose_values=pose_values,
        name=name,
    )
