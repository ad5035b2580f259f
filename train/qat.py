"""Command line: python -m train qat. Quantisation-aware fine-tuning, in a process of its own.

tensorflow-model-optimization works on Keras 2 alone and wants to be told before TensorFlow is imported.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdk.errors import InputError

RANGE = "range/{}"
"""Names of the ranges of activations in best.npz, by layer: (2,), least and greatest value."""


@dataclass(frozen=True, slots=True)
class QatConfig:
    """A short fine-tuning at a low rate; all else is as in the training that it follows.

    Attributes:
        learning_rate: at its highest, after an epoch's warm-up; then half a cosine down to 1 % of it.
        moving_epochs: epochs after which the ranges of activations and the batch statistics stay as they are; 0
            keeps those of calibration and of the training (docs/quantisation.md compares).
        calibration_batches: batches that set the ranges before the first step.
        ema_momentum: of the averaged weights, per step; it warms up (train.schedules.decay_at).
        imitation: how far the aim moves from the annotations to what the float network answers, 0 to 1. At 1
            only the rounding is left to learn: its mean, and its spread, which is what trembles on a still face.
        noise: standard deviation of the sensor noise, grey levels, that the fine-tuned network sees and the
            imitated one does not: it learns to answer as if there were none.
        steadiness: weight, beside the loss, of the difference between its answers to two such noisy copies.
    """

    epochs: int = 16
    learning_rate: float = 7e-4
    moving_epochs: int = 0
    calibration_batches: int = 32
    ema_momentum: float = 0.99
    imitation: float = 1.0
    noise: float = 4.0
    steadiness: float = 5.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("epochs", 0, 1000),
            ("learning_rate", 1e-8, 1e-2),
            ("moving_epochs", 0, 1000),
            ("calibration_batches", 1, 10_000),
            ("ema_momentum", 0.0, 0.9999),
            ("imitation", 0.0, 1.0),
            ("noise", 0.0, 64.0),
            ("steadiness", 0.0, 1000.0),
        ):
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name}: expected {low} to {high}, got {getattr(self, name)}")

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def add_qat(commands: Any) -> None:
    """The parser of `qat`."""
    parser = commands.add_parser(
        "qat",
        help="fine-tune a trained network on int8 grids",
        description="Fine-tune a trained network on int8 grids (docs/quantisation.md). Killed or stopped, the "
        "same command goes on after the last whole epoch.",
        epilog="Example: python -m train qat run/best.npz --data DATA/300W --shape-model shape_model.npz "
        "--out run_qat, then python -m convert run_qat/best.npz --recipe int8_qat ...",
    )
    parser.set_defaults(run=run, files=("best.npz", "last.npz", "history.csv"))
    default = QatConfig()
    parser.add_argument("weights", type=Path, help="best.npz of python -m train fit")
    parser.add_argument("--data", type=Path, required=True, help="the packed set that it was trained on")
    parser.add_argument("--shape-model", type=Path, required=True, help="what fit-shape wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for best.npz, last.npz and history.csv")
    for field in dataclasses.fields(QatConfig):
        parser.add_argument(
            "--" + field.name.replace("_", "-"),
            type=type(getattr(default, field.name)),
            default=getattr(default, field.name),
            help="default %(default)s",
        )


def run(options: argparse.Namespace) -> None:
    """Fine-tune as the options say."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if "tensorflow" in sys.modules:
        raise InputError("qat: needs a process of its own, in which TensorFlow was not imported yet")
    from sdk.shape_model import ShapeModel
    from train.checkpoint import read_arrays
    from train.datasets import read_packed
    from train.fine_tuning import fine_tune
    from train.fingerprint import check_shape_model

    shape_model = ShapeModel.from_arrays(read_arrays(options.shape_model)[0])
    check_shape_model(options.shape_model, shape_model, options.weights, read_arrays(options.weights)[1])
    config = QatConfig(**{f.name: getattr(options, f.name) for f in dataclasses.fields(QatConfig)})
    result = fine_tune(
        options.weights,
        read_packed(options.data, split="train"),
        read_packed(options.data, split="val"),
        shape_model,
        config,
        options.out,
    )
    print(
        "done: val NME {val_nme:.2f} %, jitter {val_jitter:.3f} % in float32; ".format(**result.real)
        + "{val_nme:.2f} %, {val_jitter:.3f} % on int8 grids (epoch {epoch:.0f}), ".format(**result.best)
        + f"weights in {result.weights}"
    )
