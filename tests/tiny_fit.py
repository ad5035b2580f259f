"""`python -m train` with one network more, quick to compile: python -m tests.tiny_fit ARGUMENTS."""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import Any

import numpy as np


def tiny(
    keras: Any,
    *,
    size: int = 32,
    width: float = 1.0,
    dropout: float = 0.0,
    n_points: int = 68,
    pose_values: int = 3,
) -> Any:
    """Two convolutions with batch normalisation, and the heads."""
    from train.networks.heads import with_heads

    inputs = values = keras.Input((size, size, 3), name="image")
    for i, filters in enumerate((8, 16)):
        values = keras.layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False, name=f"conv{i}")(
            values
        )
        values = keras.layers.BatchNormalization(momentum=0.9, name=f"norm{i}")(values)
        values = keras.layers.ReLU(name=f"relu{i}")(values)
    features = keras.layers.Flatten(name="features")(values)
    return with_heads(
        keras, inputs, features, dropout=dropout, n_points=n_points, pose_values=pose_values, name="tiny"
    )


def register() -> None:
    """Make `tiny` a network of the registry."""
    from train.networks import registry

    registry.NETWORKS = MappingProxyType({**registry.NETWORKS, "tiny": tiny})


def drawn_weights(*, size: int = 32, n_points: int = 68, pose_values: int = 3) -> dict[str, np.ndarray]:
    """Weights of `tiny` that no backend drew."""
    rng = np.random.default_rng(0)
    features = (size // 4) ** 2 * 16
    shapes = {
        "conv0/0": (3, 3, 3, 8),
        "conv1/0": (3, 3, 8, 16),
        "landmarks/0": (features, 2 * n_points),
        "pose/0": (features, pose_values),
    }
    weights = {
        name: rng.normal(0, 0.3 * np.prod(s[:-1]) ** -0.5, s).astype(np.float32) for name, s in shapes.items()
    }
    weights |= {f"{name}/1": np.zeros(shapes[f"{name}/0"][-1], np.float32) for name in ("landmarks", "pose")}
    for name, count in (("norm0", 8), ("norm1", 16)):
        gamma_beta_mean_variance = (np.ones, np.zeros, np.zeros, np.ones)
        weights |= {f"{name}/{i}": make(count, np.float32) for i, make in enumerate(gamma_beta_mean_variance)}
    return weights


if __name__ == "__main__":
    register()
    from train.__main__ import main

    sys.exit(main())
