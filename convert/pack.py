"""What a model file says of itself, gathered at conversion."""

from __future__ import annotations

import importlib.metadata
import subprocess
from pathlib import Path
from typing import Any

from convert.recipes import Recipe
from train.config import TrainConfig

TERMS = (
    "Weights trained on 300-W (i-bug): research purposes only; commercial use needs the consent of the "
    "data set's authors (docs/model_card.md)."
)


def describe(
    config: TrainConfig, recipe: Recipe, *, name: str, training: dict[str, Any], data: str, faces: int
) -> dict[str, Any]:
    """Metadata of a model file; docs/model_format.md explains each field."""
    return {
        "name": name,
        "network": config.network,
        "scheme": "ibug68",
        "input_size": config.size,
        "input_colour": "rgb",
        "input_scale": 1.0 / 255.0,
        "crop_margin": config.margin,
        "outputs": {
            "landmarks": "68 x, y pairs in sides of the crop, (0, 0) at its centre",
            "pose": "yaw, pitch, roll in units of 90 degrees",
        },
        "recipe": recipe.name,
        "calibration_faces": faces if recipe.integer else 0,
        "training": {
            "data": data,
            "epoch": training["epoch"],
            "val_nme_interocular": round(float(training["val_nme"]), 4),
            "config": config.to_dict(),
        },
        "terms": TERMS,
        "commit": _commit(),
        "versions": {p: _version(p) for p in ("asmnet-edge", "tensorflow", "keras", "numpy")},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    here = Path(__file__).resolve().parent
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"
