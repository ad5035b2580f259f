"""What a model file says of itself: is it read, and does it agree with the training and with the reference?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from convert.checks import Check, none_of, yes
from sdk.head import OPTIONAL, SETTINGS
from sdk.model_file import ARRAY_NAME, HEAD_NAME, ModelFile
from sdk.shape_model import ARRAYS

READ = ("format_version", "kind", "name", "scheme", "input_size", "input_colour", "input_scale", "crop_margin",
        "yaw_expansion", "head", "sha256")  # fmt: skip
"""Fields that the SDK uses."""

INFORMS = ("network", "recipe", "outputs", "calibration_faces", "quantisation", "fine_tuning", "training", "terms",
           "commit", "versions")  # fmt: skip
"""Fields for people, and for model cards."""

SHARED = ("scheme", "input_size", "input_colour", "input_scale", "crop_margin", "yaw_expansion", "network")
"""What two models of one training have in common."""

OF_TRAINING = {"crop_margin": "margin", "input_size": "size", "network": "network"}
"""Fields that repeat a setting of the training."""


def claims(model: ModelFile, reference: ModelFile) -> Iterator[Check]:
    """Checks of the metadata and of the shape model alone."""
    a, b = model.metadata, reference.metadata
    yield yes("of the reference's training", a.get("training") == b.get("training"))
    yield none_of("metadata that nothing reads", unread(model))
    unlike = [name for name in SHARED if _value(a, name) != _value(b, name)]
    yield none_of("settings unlike the reference's", unlike)
    yield none_of("settings unlike the training's", _against_training(a))
    unlike = [
        n for n in ARRAYS if not np.array_equal(getattr(model.shape_model, n), getattr(reference.shape_model, n))
    ]
    yield none_of("arrays of the shape model unlike the reference's", unlike)


def unread(model: ModelFile) -> list[str]:
    """Fields and members that neither the SDK uses nor a person expects: misspelt, or of another version."""
    table = model.metadata
    found = [name for name in table if name not in (*READ, *INFORMS)]
    head = table.get("head")
    if isinstance(head, Mapping):
        found += [f"head.{name}" for name in head if name not in ("kind", *OPTIONAL, *SETTINGS)]
    arrays = {} if model.head is None else model.head.arrays()
    members = ("flatbuffer", *map(ARRAY_NAME.format, ARRAYS), *map(HEAD_NAME.format, arrays))
    return [*found, *(name for name in table.get("sha256", {}) if name not in members)]


def _value(table: Mapping[str, Any], name: str) -> Any:
    return table.get(name, 0.0 if name == "yaw_expansion" else None)


def _against_training(table: Mapping[str, Any]) -> list[str]:
    training = table.get("training")
    config = training.get("config") if isinstance(training, Mapping) else None
    if not isinstance(config, Mapping):
        return []
    return [
        name for name, setting in OF_TRAINING.items() if setting in config and config[setting] != table.get(name)
    ]
