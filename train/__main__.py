"""Command line: python -m train prepare | fit-shape | fit | qat | evaluate | ... (--help has all)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sdk.command import run_command
from sdk.options import check_options
from train.ablation.command import add_ablation
from train.detection.command import add_detector
from train.evaluation.command import add_evaluate
from train.fit_command import add_fit, add_measure_input
from train.label_command import add_label
from train.labelling.command import add_blend, add_fit_outside, add_side_shift
from train.pose_head import add_fit_pose
from train.pretrained_command import add_pretrained
from train.qat import add_qat

STOPPED = "stopped; the last whole epoch, if there is one, is kept, and the same command goes on from there"


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""

    def body() -> None:
        options = _parser().parse_args(arguments)
        check_options(options)
        options.run(options)

    return run_command(body, stopped=STOPPED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m train",
        description="Train face-alignment networks on packed sets, or on a folder of .pts files and photos.",
        epilog="Example: python -m train fit PHOTOS --out run",
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

    add_fit(commands)
    add_pretrained(commands)
    add_label(commands)
    add_side_shift(commands)
    add_fit_outside(commands)
    add_blend(commands)
    add_fit_pose(commands)
    add_qat(commands)
    add_measure_input(commands)
    _add_prepare(commands)
    add_evaluate(commands)
    add_ablation(commands)
    add_detector(commands)
    return parser


def _add_prepare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from train.prepare import FORMATS

    prepare = commands.add_parser(
        "prepare",
        help="turn a data set, or a folder of .pts files, into the packed form that the others read",
        description="Write a packed set, whole or not at all: square crops and annotations.npz (docs/data.md).",
        epilog="Example: python -m train prepare photos --format pts --out photos_packed",
    )
    prepare.add_argument("source", type=Path, help="folder of the set as published, or of .pts files and images")
    prepare.add_argument("--format", choices=list(FORMATS), required=True, help="which set or form it is")
    prepare.add_argument("--out", type=Path, required=True, help="the new folder to write")
    prepare.add_argument(
        "--val-share",
        type=float,
        default=0.1,
        help="share of the training subjects to hold out (default %(default)s)",
    )
    prepare.add_argument(
        "--longest",
        type=int,
        default=288,
        help="side that larger crops are shrunk to, pixels (default %(default)s)",
    )
    prepare.add_argument(
        "--skip-bad", action="store_true", help="leave out faces that cannot be read, and count them"
    )
    prepare.set_defaults(run=_prepare, files=())


def _fit_shape(options: argparse.Namespace) -> None:
    from train.datasets import read_packed
    from train.sources import write_shape_model

    samples = read_packed(options.data, split="train")
    lines = write_shape_model(options.out, samples, data=options.data.name, variance=options.variance)
    print("\n".join(lines))


def _prepare(options: argparse.Namespace) -> None:
    from train.prepare import prepare

    result = prepare(
        options.source,
        options.format,
        options.out,
        val_share=options.val_share,
        longest=options.longest,
        skip_bad=options.skip_bad,
    )
    for message in result.skipped:
        print(f"skipped: {message}", file=sys.stderr)
    counts = ", ".join(f"{n} {split}" for split, n in sorted(result.faces.items(), reverse=True))
    print(f"{options.out}: {sum(result.faces.values())} faces ({counts}), {len(result.skipped)} skipped")


if __name__ == "__main__":
    sys.exit(main())
