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
        description="Evaluate on 300W, WFLW_test_subset, Pointing04 and AFLW2000_16, as far as they are below the "
        "data folder, or on one packed set of your own (docs/evaluation.md).",
        epilog="Example: python -m train evaluate run/best.npz --data photos_packed --split val --out evaluation",
    )
    command.add_argument("model", type=Path, help="best.npz of fit, or a .tflite model file")
    command.add_argument("--data", type=Path, required=True, help="folder of the sets, or of one packed set")
    command.add_argument("--split", choices=["val", "test"], default="test", help="default: %(default)s")
    command.add_argument("--seed", type=int, default=0, help="of the jitter of the boxes (default %(default)s)")
    command.add_argument("--out", type=Path, help="folder for evaluation.json, ced.png and worst.png")
    add_backend(command)
    command.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> None:
    choose_backend(options)
    from train.evaluation import evaluate, open_predictor, save, to_tables
    from train.plots import check_matplotlib

    if options.out:
        check_matplotlib()
    result = evaluate(open_predictor(options.model), options.data, split=options.split, seed=options.seed)
    print(to_tables(result))
    if options.out:
        words = [without_place(options.model), "--data", without_place(options.data), "--split", options.split]
        command = "python -m train evaluate " + shlex.join([*words, "--seed", str(options.seed)])
        for path in save(result, options.out, command=command):
            print(f"wrote {path}")


def without_place(path: Path) -> str:
    """A path as a record may keep it: an absolute one names a machine, its last part does not."""
    return path.name if path.is_absolute() else path.as_posix()
