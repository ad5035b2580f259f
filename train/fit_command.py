"""Command line: python -m train fit | measure-input."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any


def add_fit(commands: Any) -> None:
    """The parser of `fit`."""
    fit = commands.add_parser(
        "fit",
        help="train a network with the ASM-assisted multi-task loss",
        description="Train a network. Killed or stopped, the same command goes on after the last whole epoch.",
        epilog="On several machines: the same command on each, with --backend jax and the environment variables "
        "KERAS_DISTRIBUTION_JOB_ADDRESSES, _NUM_PROCESSES and _PROCESS_ID (docs/training.md).",
    )
    _add_common(fit)
    fit.add_argument("--out", type=Path, required=True, help="folder for checkpoints and history.csv")
    fit.add_argument(
        "--weights", type=Path, metavar="NPZ", help="best.npz of an earlier run to start from (fine-tuning)"
    )
    fit.add_argument(
        "--new-heads",
        action="store_true",
        help="with --weights of another landmark scheme or pose loss: start the heads at random",
    )
    fit.add_argument("--tensorboard", action="store_true", help="write OUT/tensorboard as well")
    fit.set_defaults(run=_fit)


def add_measure_input(commands: Any) -> None:
    """The parser of `measure-input`."""
    measure = commands.add_parser(
        "measure-input",
        help="time the input pipeline against the training step",
        description="Print batches a second of the input pipeline alone, of the training step alone and of both "
        "together, and the share of its time that training waits for batches. Trains nothing that is kept.",
    )
    _add_common(measure)
    measure.add_argument("--batches", type=int, default=30, help="how many to time (default %(default)s)")
    measure.set_defaults(run=_measure_input)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="folder of a packed set: annotations.npz and images/")
    parser.add_argument("--shape-model", type=Path, required=True, help="what fit-shape wrote")
    parser.add_argument("--config", type=Path, help="TOML file, for example train/recipes/asmnet_128.toml")
    parser.add_argument(
        "--set", action="append", metavar="KEY=VALUE", help="override one setting, for example epochs=20"
    )
    parser.add_argument(
        "--backend", choices=["tensorflow", "jax"], default="tensorflow", help="default: %(default)s"
    )


def _set_backend(options: argparse.Namespace) -> None:
    os.environ["KERAS_BACKEND"] = options.backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def _fit(options: argparse.Namespace) -> None:
    _set_backend(options)
    from train.workers import Workers

    workers = Workers.from_environment(os.environ)
    workers.meet()
    from sdk.shape_model import ShapeModel
    from train.checkpoint import read_arrays
    from train.config import load_config
    from train.datasets import read_packed
    from train.loop import Options, fit

    config = load_config(options.config, options.set)
    shape_model = ShapeModel.from_arrays(read_arrays(options.shape_model)[0])
    train = read_packed(options.data, split="train")
    val = read_packed(options.data, split="val")
    asked = Options(
        data=f"{options.data.name}, {len(train)} faces",
        weights=options.weights,
        new_heads=options.new_heads,
        tensorboard=options.tensorboard,
        workers=workers,
    )
    if workers.first:
        faces = f"{len(train)} faces to train on, {len(val)} for val"
        print(f"{config.network} at {config.size} px, {faces}", flush=True)
    with workers.all_or_none():
        result = fit(train, val, shape_model, config, options.out, asked)
    if workers.first:
        epochs = f"epoch {result.best_epoch} of {result.epochs}"
        print(f"done: best val NME {result.best_val_nme:.2f} % ({epochs}), weights in {result.weights}")


def _measure_input(options: argparse.Namespace) -> None:
    _set_backend(options)
    from sdk.shape_model import ShapeModel
    from train.checkpoint import read_arrays
    from train.config import load_config
    from train.datasets import read_packed
    from train.measure_input import measure_input

    config = load_config(options.config, options.set)
    shape_model = ShapeModel.from_arrays(read_arrays(options.shape_model)[0])
    train = read_packed(options.data, split="train")
    print(measure_input(train, shape_model, config, batches=options.batches))
