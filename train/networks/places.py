"""From a map of features to the place of each point.

A head takes features (batch, side, side, c) and gives (batch, 2 n_points): x and y interleaved, in sides of the
crop from its centre. What they have in common: a mean over probabilities, which is finer than a cell and takes any
loss of coordinates. The places of the cells are a dense layer that does not learn.
Sources: Sun et al., "Integral Human Pose Regression", ECCV 2018 (mean places); Li et al., "SimCC: a Simple
Coordinate Classification Perspective for Human Pose Estimation", ECCV 2022; Jin, Liao and Shao, "Pixel-in-Pixel
Net", IJCV 2021 (offsets in cells; the mean over them in place of the best cell's is ours).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Head = Callable[[Any, Any, int], Any]
"""head(keras, features, n_points)."""


def mean_places(keras: Any, features: Any, n_points: int) -> Any:
    """Mean place of a probability map for each point."""
    layers, side = keras.layers, features.shape[1]
    chance = layers.Softmax(axis=-1, name="chance")(_by_point(keras, features, n_points, "maps"))
    places = keras.initializers.Constant(_cell_centres(side))
    mean = layers.Dense(2, use_bias=False, trainable=False, kernel_initializer=places, name="expected")
    return layers.Reshape((2 * n_points,), name="found")(mean(chance))


def simcc_places(keras: Any, features: Any, n_points: int) -> Any:
    """Mean of a distribution over columns and one over rows for each point; two bins to a cell."""
    layers, bins = keras.layers, 2 * features.shape[1]
    flat = _by_point(keras, features, n_points, "maps")
    centres = keras.initializers.Constant(((np.arange(bins) + 0.5) / bins - 0.5)[:, None])
    means = []
    for axis in ("x", "y"):
        chance = layers.Softmax(axis=-1, name=f"chance_{axis}")(layers.Dense(bins, name=f"bins_{axis}")(flat))
        mean = layers.Dense(
            1, use_bias=False, trainable=False, kernel_initializer=centres, name=f"expected_{axis}"
        )
        means.append(mean(chance))
    return layers.Reshape((2 * n_points,), name="found")(layers.Concatenate(name="both")(means))


def pip_places(keras: Any, features: Any, n_points: int) -> Any:
    """`mean_places`, and the mean of what each cell says the point is away from its centre, in cells."""
    layers, side = keras.layers, features.shape[1]
    chance = layers.Softmax(axis=-1, name="chance")(_by_point(keras, features, n_points, "maps"))
    places = keras.initializers.Constant(_cell_centres(side))
    parts = [layers.Dense(2, use_bias=False, trainable=False, kernel_initializer=places, name="expected")(chance)]
    offsets = []
    for axis in ("x", "y"):
        away = layers.Multiply(name=f"weighed_{axis}")(
            [chance, _by_point(keras, features, n_points, f"offsets_{axis}")]
        )
        sums = keras.initializers.Constant(np.full((side * side, 1), 1 / side, np.float32))
        offsets.append(
            layers.Dense(1, use_bias=False, trainable=False, kernel_initializer=sums, name=f"away_{axis}")(away)
        )
    parts.append(layers.Concatenate(name="away")(offsets))
    return layers.Reshape((2 * n_points,), name="found")(layers.Add(name="placed")(parts))


def _by_point(keras: Any, features: Any, n_points: int, name: str) -> Any:
    """A map for each point, (batch, n_points, side * side), by a 1x1 convolution `name`."""
    layers, side = keras.layers, features.shape[1]
    maps = layers.Conv2D(n_points, 1, name=name)(features)
    suffix = "" if name == "maps" else f"_{name}"
    cells = layers.Reshape((side * side, n_points), name=f"cells{suffix}")(maps)
    return layers.Permute((2, 1), name=f"by_point{suffix}")(cells)


def _cell_centres(side: int) -> npt.NDArray[np.float32]:
    """Centres of a map's cells, row by row: (side², 2), x and y from -0.5 to 0.5."""
    place = (np.arange(side) + 0.5) / side - 0.5
    y, x = np.meshgrid(place, place, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
