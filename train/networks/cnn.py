"""The plain networks of the Wing loss paper: 3x3 convolutions, each halved by a max-pool, then one dense layer.

Source: Feng et al., "Wing Loss for Robust Facial Landmark Localisation with Convolutional Neural Networks",
CVPR 2018. The pose head beside the landmarks is ours.
"""

from __future__ import annotations

from typing import Any

from sdk.errors import InputError
from train.networks.heads import with_heads

CNN6_FILTERS = (32, 64, 128, 256, 512)
CNN7_FILTERS = (64, 128, 256, 512, 512, 512)
"""Six convolutions, the first with 64 filters, as in the paper; that they stop doubling at CNN-6's 512 is our
reading."""

DENSE = 1024


def cnn6(keras: Any, *, size: int = 64, **options: Any) -> Any:
    """CNN-6: five convolutions and a dense layer before the heads; options as `_plain`."""
    return _plain(keras, "cnn6", CNN6_FILTERS, size=size, **options)


def cnn7(keras: Any, *, size: int = 128, **options: Any) -> Any:
    """CNN-7: one convolution more, for twice the input size; options as `_plain`."""
    return _plain(keras, "cnn7", CNN7_FILTERS, size=size, **options)


def _plain(
    keras: Any,
    name: str,
    filters: tuple[int, ...],
    *,
    size: int,
    width: float = 1.0,
    dropout: float = 0.0,
    n_points: int = 68,
    pose_values: int = 3,
) -> Any:
    """Without batch normalisation, so that a large learning rate diverges; width scales every layer."""
    step = 2 ** len(filters)
    if size % step:
        raise InputError(f"size: expected a multiple of {step} for {name}, got {size}")
    inputs = keras.Input((size, size, 3), name="image")
    features = inputs
    for i, count in enumerate(filters, start=1):
        channels = max(1, round(width * count))
        conv = keras.layers.Conv2D(channels, 3, padding="same", activation="relu", name=f"conv{i}")
        features = keras.layers.MaxPooling2D(name=f"pool{i}")(conv(features))
    features = keras.layers.Flatten(name="flat")(features)
    features = keras.layers.Dense(max(1, round(width * DENSE)), activation="relu", name="features")(features)
    return with_heads(
        keras, inputs, features, dropout=dropout, n_points=n_points, pose_values=pose_values, name=name
    )
