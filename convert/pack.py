"""What a model file says of itself, gathered at conversion."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from convert.recipes import Recipe
from sdk.schemes import scheme_by_name
from train.config import TrainConfig
from train.datasets.own_scheme import to_note
from train.environment import environment

TERMS = (
    "Weights trained on 300-W (i-bug): research purposes only; commercial use needs the consent of the "
    "data set's authors (docs/model_card.md)."
)

PACKAGES = ("asmnet-edge", "tensorflow", "keras", "numpy")
"""Whose versions a model file keeps."""


def describe(
    config: TrainConfig, recipe: Recipe, *, name: str, training: dict[str, Any], data: str, faces: int
) -> dict[str, Any]:
    """Metadata of a model file; docs/model_format.md explains each field.

    Args:
        training: the note of a best.npz.
        data: what it was trained on.
        faces: how many calibrated it.
    """
    scheme = scheme_by_name(training.get("scheme", "ibug68"))
    quantised = {key: value for key, value in asdict(recipe).items() if key != "name"}
    table = {
        "name": name,
        "network": config.network,
        "scheme": scheme.name,
        **to_note(scheme),
        "input_size": config.size,
        "input_colour": "rgb",
        "input_scale": 1.0 / 255.0,
        "crop_margin": config.margin,
        "outputs": {
            "landmarks": f"{scheme.n_points} x, y pairs in sides of the crop, (0, 0) at its centre",
            "pose": "yaw, pitch, roll in units of 90 degrees",
        },
        "recipe": recipe.name,
        "quantisation": quantised,
        "calibration_faces": faces if recipe.integer else 0,
        "training": {
            "data": data,
            "epoch": training["epoch"],
            "val_nme_interocular": round(float(training["val_nme"]), 4),
            "config": config.to_dict(),
        },
        "terms": _terms(training, data),
        **origin(),
    }
    return table | ({"fine_tuning": training["fine_tuning"]} if recipe.fine_tuned else {})


def _terms(training: dict[str, Any], data: str) -> str:
    """Terms of the weights that a training started from, and of the data it saw."""
    if "300W" in data or "terms" not in training:  # notes of before terms were kept are those of 300-W
        return TERMS
    return str(training["terms"]) or f"Weights trained on {data}: the terms are those of that data."


def origin() -> dict[str, Any]:
    """Commit and versions that a conversion ran with."""
    here = environment("")
    return {"commit": here["commit"], "versions": {p: here["versions"].get(p, "not installed") for p in PACKAGES}}
