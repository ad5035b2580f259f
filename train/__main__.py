"""Command line: python -m train fit-shape | fit."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from sdk.errors import SdkError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except SdkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the last whole epoch is kept, the same command goes on from there", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m train",
        description="Train face-alignment networks: first fit the shape model, then the network.",
        epilog="Example: python -m train fit-shape DATA/300W --out shape_model.npz && "
        "python -m train fit DATA/300W --shape-model shape_model.npz --out run",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    shape = commands.add_parser(
        "fit-shape",
        help="fit the active shape model (mean, PCA modes, 3D mean) to a set's train split",
        description="Fit the active shape model to the train split of a packed set (docs/training.md).",
    )
    shape.add_argument("data", type=Path, help="folder of a packed set: annotations.npz and images/")
    shape.add_argument("--out", type=Path, required=True, help="the shape model to write, .npz")
    shape.add_argument(
        "--variance", type=float, default=0.98, help="share of variation to keep (default %(default)s)"
    )
    shape.set_defaults(run=_fit_shape)

    fit = commands.add_parser(
        "fit",
        help="train a network with the ASM-assisted multi-task loss",
        description="Train a network. Killed or stopped, the same command goes on after the last whole epoch.",
    )
    fit.add_argument("data", type=Path, help="folder of a packed set: annotations.npz and images/")
    fit.add_argument("--shape-model", type=Path, required=True, help="what fit-shape wrote")
    fit.add_argument("--out", type=Path, required=True, help="folder for checkpoints and history.csv")
    fit.add_argument("--config", type=Path, help="TOML file, for example train/recipes/asmnet_128.toml")
    fit.add_argument(
        "--set", action="append", metavar="KEY=VALUE", help="override one setting, for example epochs=20"
    )
    fit.add_argument("--backend", choices=["tensorflow", "jax"], default="tensorflow", help="default: %(default)s")
    fit.set_defaults(run=_fit)
    return parser


def _fit_shape(options: argparse.Namespace) -> None:
    import numpy as np

    from train.checkpoint import write_arrays
    from train.datasets import read_packed
    from train.fit_shape import fit_shape_model

    samples = read_packed(options.data, split="train")
    model = fit_shape_model(np.stack([s.landmarks for s in samples]), variance=options.variance)
    note = {"faces": len(samples), "data": options.data.name, "variance": options.variance}
    write_arrays(options.out, model.arrays(), note)
    print(f"{options.out}: {model.n_modes} modes explain {options.variance:.0%} of {len(samples)} faces")


def _fit(options: argparse.Namespace) -> None:
    os.environ["KERAS_BACKEND"] = options.backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from sdk.shape_model import ShapeModel
    from train.checkpoint import read_arrays
    from train.config import load_config
    from train.datasets import read_packed
    from train.loop import fit

    config = load_config(options.config, options.set)
    shape_model = ShapeModel.from_arrays(read_arrays(options.shape_model)[0])
    train = read_packed(options.data, split="train")
    val = read_packed(options.data, split="val")
    print(
        f"{config.network} at {config.size} px, {len(train)} faces to train on, {len(val)} for val",
        flush=True,
    )
    result = fit(train, val, shape_model, config, options.out)
    print(
        f"done: best val NME {result.best_val_nme:.2f} % (epoch {result.best_epoch} of {result.epochs}), "
        f"weights in {result.weights}"
    )


if __name__ == "__main__":
    sys.exit(main())
