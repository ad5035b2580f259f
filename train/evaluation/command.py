"""Command line: python -m train evaluate."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from train.backend import add_backend, choose_backend


def add_evaluate(commands: Any) -> None:
    """The parser of `evaluate`."""
    command = commands.add_parser(
        "evaluate",
        help="errors of landmarks and pose of trained weights or a model file",
        description="Evaluate on 300W, WFLW_test_subset, InfAnFace, Pointing04 and AFLW2000_16, as far as they "
        "are below the data folder, or on one packed set of your own (docs/evaluation.md).",
        epilog="Example: python -m train evaluate run/best.npz --data photos_packed --split val --out evaluation",
    )
    command.add_argument("model", type=Path, help="best.npz of fit, or a .tflite model file")
    command.add_argument("--data", type=Path, required=True, help="folder of the sets, or of one packed set")
    command.add_argument("--split", choices=["val", "test"], default="test", help="default: %(default)s")
    command.add_argument("--seed", type=int, default=0, help="of the jitter of the boxes (default %(default)s)")
    command.add_argument("--out", type=Path, help="folder for evaluation.json, ced.png and worst.png")
    command.add_argument(
        "--first",
        type=Path,
        metavar="MODEL",
        help="two stages: this network finds the face's turn and place, MODEL looks closely (needs --shape-model)",
    )
    command.add_argument(
        "--shape-model", type=Path, help="what fit-shape wrote; its mean face says what is upright"
    )
    add_backend(command)
    command.set_defaults(run=_evaluate, files=("evaluation.json", "ced.png", "worst.png"))


def _evaluate(options: argparse.Namespace) -> None:
    choose_backend(options)
    from train.evaluation import evaluate, save, to_tables
    from train.plots import check_matplotlib

    if options.out:
        check_matplotlib()
    result = evaluate(_predictor(options), options.data, split=options.split, seed=options.seed)
    print(to_tables(result))
    if options.out:
        words = [without_place(options.model), "--data", without_place(options.data), "--split", options.split]
        if options.first:
            words += ["--first", without_place(options.first), "--shape-model", without_place(options.shape_model)]
        command = "python -m train evaluate " + shlex.join([*words, "--seed", str(options.seed)])
        for path in save(result, options.out, command=command):
            print(f"wrote {path}")


def _predictor(options: argparse.Namespace) -> Any:
    """MODEL, or --first and MODEL in turn."""
    from sdk.errors import InputError
    from sdk.shape_model import ShapeModel
    from train.checkpoint import read_arrays
    from train.evaluation import TwoStages, open_predictor

    if bool(options.first) != bool(options.shape_model):
        raise InputError("evaluate: expected --first and --shape-model together, got one of them")
    predictor = open_predictor(options.model)
    if not options.first:
        return predictor
    mean = ShapeModel.from_arrays(read_arrays(options.shape_model)[0]).mean
    return TwoStages(open_predictor(options.first), predictor, mean=mean)


def without_place(path: Path) -> str:
    """A path as a record may keep it: an absolute one names a machine, its last part does not."""
    return path.name if path.is_absolute() else path.as_posix()
