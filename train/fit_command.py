"""Command line: python -m train fit | measure-input."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import Any

from sdk.errors import InputError
from train.backend import add_backend, choose_backend


def add_fit(commands: Any) -> None:
    """The parser of `fit`."""
    fit = commands.add_parser(
        "fit",
        help="train a network: on a packed set, or on a folder of .pts files and photos",
        description="Train a network. Killed or stopped, the same command goes on after the last whole epoch. A "
        "folder of .pts files is packed into OUT/packed first; without --shape-model, one is fitted to the train "
        "faces and kept as OUT/shape_model.npz.",
        epilog="On several machines: the same command on each, with --backend jax and the environment variables "
        "KERAS_DISTRIBUTION_JOB_ADDRESSES, _NUM_PROCESSES and _PROCESS_ID (docs/training.md).",
    )
    _add_common(fit, shape_model_needed=False)
    fit.add_argument("--out", type=Path, required=True, help="folder for checkpoints and history.csv")
    fit.add_argument(
        "--weights",
        type=Path,
        metavar="NPZ",
        help="best.npz of an earlier run to start from (fine-tuning); shipped: the weights that come with the "
        "package, of `accurate`; random: none (default: shipped for a folder of .pts files without --config)",
    )
    fit.add_argument(
        "--new-heads",
        action="store_true",
        help="with --weights of another landmark scheme or pose loss: start the heads at random",
    )
    fit.add_argument(
        "--skip-bad", action="store_true", help="of a folder of .pts files: leave out faces that cannot be read"
    )
    fit.add_argument(
        "--extra",
        type=Path,
        action="append",
        default=[],
        metavar="SET",
        help="a packed set, often one of python -m train label, whose train split is shown beside the data as "
        "often as extra_share says; may be given several times",
    )
    fit.add_argument(
        "--side-shift",
        type=Path,
        metavar="NPZ",
        help="what side-shift wrote: taken off the landmarks of DATA, train and val, before any mirroring; extra "
        "sets are taken as they are, since what networks label has no such shift",
    )
    fit.add_argument(
        "--makers",
        type=int,
        default=0,
        metavar="N",
        help="processes that make batches, for an accelerator that waits for them; 0 for threads (default)",
    )
    fit.add_argument("--tensorboard", action="store_true", help="write OUT/tensorboard as well")
    fit.set_defaults(run=_fit, files=("best.npz", "last.npz", "history.csv"))


def add_measure_input(commands: Any) -> None:
    """The parser of `measure-input`."""
    measure = commands.add_parser(
        "measure-input",
        help="time the input pipeline against the training step",
        description="Print batches a second of the input pipeline alone, of the training step alone and of both "
        "together, and the share of its time that training waits for batches. Trains nothing that is kept.",
    )
    _add_common(measure, shape_model_needed=True)
    measure.add_argument("--batches", type=int, default=30, help="how many to time (default %(default)s)")
    measure.add_argument("--out", type=Path, metavar="JSON", help="record figures and environment here")
    measure.set_defaults(run=_measure_input)


def _add_common(parser: argparse.ArgumentParser, *, shape_model_needed: bool) -> None:
    folders = "" if shape_model_needed else ", or of .pts files and photos"
    parser.add_argument("data", type=Path, help=f"folder of a packed set: annotations.npz and images/{folders}")
    parser.add_argument("--shape-model", type=Path, required=shape_model_needed, help="what fit-shape wrote")
    parser.add_argument("--config", type=Path, help="TOML file, for example train/recipes/accurate.toml")
    parser.add_argument(
        "--set", action="append", metavar="KEY=VALUE", help="override one setting, for example epochs=20"
    )
    add_backend(parser)


def _fit(options: argparse.Namespace) -> None:
    choose_backend(options)
    from train.workers import Workers

    workers = Workers.from_environment(os.environ)
    if workers.count > 1 and not (options.shape_model and (options.data / "annotations.npz").is_file()):
        raise InputError(
            "several workers: expected a packed set and --shape-model, which all of them read; "
            "python -m train prepare and fit-shape make them"
        )
    workers.meet()
    from train.datasets import read_packed
    from train.loop import Options, fit
    from train.sources import packed_set, shape_model_for
    from train.starting import chosen

    photos = not (options.data / "annotations.npz").is_file()
    start = chosen(options.config, options.set, options.weights, photos=photos, new_heads=options.new_heads)
    config = start.config
    data = packed_set(options.data, options.out, skip_bad=options.skip_bad)
    train, val = (read_packed(data, split=split) for split in ("train", "val"))
    if options.side_shift is not None:
        from train.labelling.side_shift import SideShift

        shift = SideShift.load(options.side_shift)
        train, val = shift.without(train), shift.without(val)
    shape_model = shape_model_for(train, options.shape_model, options.out, data=options.data.name)
    sets = {path.name: read_packed(path, split="train") for path in options.extra}
    asked = Options(
        data="; ".join(
            f"{name}, {len(faces)} faces" for name, faces in {options.data.name: train, **sets}.items()
        ),
        weights=start.weights,
        new_heads=start.new_heads,
        tensorboard=options.tensorboard,
        workers=workers,
        extra=[face for faces in sets.values() for face in faces],
        makers=options.makers,
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
    choose_backend(options)
    from sdk.shape_model import ShapeModel
    from train.checkpoint import read_arrays, write_bytes
    from train.config import load_config
    from train.datasets import read_packed
    from train.evaluation.command import without_place
    from train.input_report import to_json
    from train.measure_input import measure_input

    config = load_config(options.config, options.set)
    shape_model = ShapeModel.from_arrays(read_arrays(options.shape_model)[0])
    train = read_packed(options.data, split="train")
    report = measure_input(train, shape_model, config, batches=options.batches)
    print(report)
    if options.out:
        words = [without_place(options.data), "--shape-model", without_place(options.shape_model)]
        words += ["--config", without_place(options.config)] if options.config else []
        words += [word for setting in options.set or [] for word in ("--set", setting)]
        command = "python -m train measure-input " + shlex.join([*words, "--batches", str(options.batches)])
        write_bytes(options.out, to_json(report, command=command).encode())
        print(f"wrote {options.out}")
