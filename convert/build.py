"""From the files of a training to a model file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.calibrated import Ranges
from convert.pack import describe
from convert.recipes import Recipe
from convert.steps import to_tflite
from convert.tail import cut
from sdk.errors import InputError
from sdk.model_file import pack
from sdk.schemes import IBUG68
from sdk.shape_model import ShapeModel
from train.batches import jittered_crops
from train.checkpoint import read_arrays
from train.config import TrainConfig
from train.datasets import read_packed
from train.datasets.sample import common_scheme_of
from train.qat import RANGE
from train.trained import load_trained


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A best.npz: its network, configuration and note, and the ranges of activations if it was fine-tuned."""

    network: Any
    config: TrainConfig
    note: dict[str, Any]
    ranges: Ranges

    @classmethod
    def load(cls, weights: Path) -> Source:
        network, config, note = load_trained(weights)
        prefix = RANGE.format("")
        arrays = {k.removeprefix(prefix): v for k, v in read_arrays(weights)[0].items() if k.startswith(prefix)}
        return cls(
            network, config, note, {name: (float(low), float(high)) for name, (low, high) in arrays.items()}
        )


def calibration_crops(data: Path, source: Source, *, faces: int) -> npt.NDArray[np.uint8]:
    """About that many faces of a packed set's train split, evenly taken: (faces, size, size, 3) BGR.

    Raises:
        InputError: the set has another landmark scheme than the network: its boxes, and so its crops, are others.
    """
    samples, config = read_packed(data, split="train"), source.config
    ours, theirs = source.note.get("scheme", IBUG68.name), common_scheme_of(samples).name
    if ours != theirs:
        raise InputError(
            f"--data {data}: expected faces of {ours} to calibrate with, as it was trained on; got {theirs}"
        )
    step = max(1, len(samples) // faces)
    return jittered_crops(samples[::step], size=config.size, margin=config.margin)[0]


def model_file(
    source: Source,
    shape_model: ShapeModel,
    recipe: Recipe,
    *,
    name: str,
    calibration: npt.NDArray[np.uint8] | None = None,
) -> bytes:
    """A whole model file, metadata and shape model included."""
    flatbuffer = to_tflite(source.network, recipe=recipe, calibration=calibration, ranges=source.ranges)
    parts = cut(flatbuffer) if recipe.heads == "outside" else None
    flatbuffer, head = parts or (flatbuffer, None)
    if recipe.heads == "outside" and head is None:
        recipe = replace(recipe, heads="float")
    metadata = describe(
        source.config,
        recipe,
        name=name,
        training=source.note,
        data=source.note.get("data", "unknown"),
        faces=0 if calibration is None else len(calibration),
    )
    return pack(flatbuffer, shape_model, metadata, head=head)
