"""Networks as a configuration says, and the files of their weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from train.checkpoint import CheckpointError, read_arrays, set_weights, weights_of
from train.config import TrainConfig, config_from_dict
from train.datasets.own_scheme import from_note
from train.networks import build_network
from train.pose_output import with_euler_pose
from train.pretrained import NOTE

HEADS = ("landmarks", "pose", "maps", "offsets_x", "offsets_y")
"""Layers whose shape depends on the landmark scheme and the pose loss; not every network has the last three."""


def build(config: TrainConfig, n_points: int, keras_namespace: Any = keras) -> Any:
    """The untrained network, its pose output as the pose loss takes it."""
    return build_network(
        keras_namespace,
        config.network,
        size=config.size,
        width=config.width,
        dropout=config.dropout,
        n_points=n_points,
        pose_values=config.pose_values,
    )


def load_trained(path: Path, keras_namespace: Any = keras) -> tuple[Any, TrainConfig, dict[str, Any]]:
    """The network of a best.npz with its weights, built under any Keras; its configuration; its note.

    Its pose output is yaw, pitch, roll in units of 90 degrees, whatever it was trained with.
    """
    weights, note = read_arrays(path)
    if "config" not in note or "landmarks/1" not in weights:
        raise CheckpointError(f"{path}: expected the best.npz of python -m train fit, got a file without a config")
    config = config_from_dict(note["config"])
    from_note(note)
    model = build(config, len(weights["landmarks/1"]) // 2, keras_namespace)
    set_weights(model, weights)
    return with_euler_pose(keras_namespace, model), config, note


def start_from(model: Any, path: Path, *, new_heads: bool = False, anew: Collection[str] = ()) -> list[str]:
    """Set the weights of a best.npz, or of any `write_arrays` of `weights_of`; returns the layers left as drawn.

    A file of `python -m train pretrained` has the trunk alone: all other layers stay as drawn.

    Args:
        new_heads: heads of another shape, for another landmark scheme or pose loss, keep the weights they have.
        anew: names of layers, or of blocks of layers (NAME_...), that keep the weights they have.
    Raises:
        CheckpointError: a weight is missing or has another shape.
    """
    found, note = read_arrays(path)
    weights = dict(found)
    if NOTE in note:
        return _start_trunk(model, weights, path)
    heads = [layer for layer in model.layers if layer.name in HEADS]
    kept = [layer.name for layer in heads if new_heads and not _fits(layer, weights)]
    kept += [layer.name for layer in model.layers if layer.weights and _named(layer.name, anew)]
    for name in kept:
        own = model.get_layer(name).get_weights()
        weights |= {f"{name}/{index}": np.asarray(value) for index, value in enumerate(own)}
    try:
        set_weights(model, weights)
    except CheckpointError as error:
        hint = "" if new_heads else " For another landmark scheme or pose loss, --new-heads starts the heads anew."
        raise CheckpointError(f"{path}: {error}{hint}") from error
    return kept


def _named(layer: str, names: Collection[str]) -> bool:
    return any(layer == name or layer.startswith(f"{name}_") for name in names)


def _start_trunk(model: Any, trunk: Mapping[str, np.ndarray], path: Path) -> list[str]:
    """Set the layers that the file has; it must have some, and all of their shape."""
    own = weights_of(model)
    shared = {name: trunk[name] for name in own if name in trunk}
    odd = [name for name, value in shared.items() if value.shape != own[name].shape]
    if odd or not shared:
        what = f"{odd[0]} of another shape" if odd else "no layer of this network"
        raise CheckpointError(f"{path}: expected the weights of the network's trunk, got {what}; another network?")
    set_weights(model, {**own, **shared})
    return ["all but the trunk"]


def _fits(layer: Any, weights: Mapping[str, np.ndarray]) -> bool:
    named = {f"{layer.name}/{index}": value.shape for index, value in enumerate(layer.get_weights())}
    return all(name in weights and weights[name].shape == shape for name, shape in named.items())
