"""Command line: python -m train ablation."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from train.backend import add_backend, choose_backend

TABLE = Path(__file__).with_name("300w.toml")


def add_ablation(commands: Any) -> None:
    """The parser of `ablation`."""
    command = commands.add_parser(
        "ablation",
        help="train and compare the runs of a table, and put claims to the test",
        description="Train each run of a table that is not finished, as fit does, evaluate all on val and "
        "test, and compare what the claims of the table name (docs/ablation.md). The same command goes on after a "
        "stop.",
    )
    command.add_argument("data", type=Path, help="folder of a packed set: annotations.npz and images/")
    command.add_argument("--shape-model", type=Path, required=True, help="what fit-shape wrote")
    command.add_argument(
        "--table", type=Path, default=TABLE, help=f"runs and claims, TOML (default: {TABLE.name} of this package)"
    )
    command.add_argument("--runs", type=Path, required=True, help="folder with a folder for each run")
    command.add_argument(
        "--extra",
        type=Path,
        action="append",
        default=[],
        metavar="SET",
        help="as for fit, shown to the runs with an extra_share; may be given several times",
    )
    command.add_argument(
        "--weights",
        type=Path,
        metavar="NPZ",
        help="best.npz that all runs start from; layers that the table lists under [anew] start at random",
    )
    command.add_argument(
        "--also",
        type=Path,
        action="append",
        default=[],
        metavar="SET",
        help="a packed set whose val split is measured beside DATA; may be given several times",
    )
    command.add_argument("--out", type=Path, metavar="JSON", help="record figures and environment here")
    command.add_argument("--plots", type=Path, metavar="FOLDER", help="draw the comparison here")
    command.add_argument(
        "--only-finished", action="store_true", help="train nothing: compare the runs that are finished"
    )
    command.add_argument(
        "--earlier",
        type=Path,
        metavar="JSON",
        help="record of another machine: its rows stand for runs that are not finished here",
    )
    add_backend(command)
    command.set_defaults(run=_ablation)


def _ablation(options: argparse.Namespace) -> None:
    choose_backend(options)
    from sdk.shape_model import ShapeModel
    from train.ablation.report import claims_table, noise_table, runs_table, to_json, verdicts
    from train.ablation.runs import Faces
    from train.ablation.table import load_ablation
    from train.checkpoint import read_arrays, write_bytes
    from train.datasets import read_packed
    from train.plots import check_matplotlib
    from train.setup import common_scheme

    if options.plots:
        check_matplotlib()
    ablation = load_ablation(options.table)
    shape_model = ShapeModel.from_arrays(read_arrays(options.shape_model)[0])
    train, val = read_packed(options.data, split="train"), read_packed(options.data, split="val")
    extra = [face for path in options.extra for face in read_packed(path, split="train")]
    scheme = common_scheme([*train, *extra, *val], shape_model)
    faces = Faces(train, val, shape_model, scheme, extra, options.weights, options.also)
    rows, record = _run(options, ablation, faces)
    print("\n\n".join(table(record) for table in (runs_table, claims_table, verdicts, noise_table)))
    if options.out:
        write_bytes(options.out, to_json(record).encode())
        print(f"wrote {options.out}")
    if options.plots:
        from train.ablation.pictures import pictures

        for name, content in pictures(rows, title=f"{options.data.name}, boxes jittered by ±10 %").items():
            write_bytes(options.plots / name, content)
            print(f"wrote {options.plots / name}")


def _run(options: argparse.Namespace, ablation: Any, faces: Any) -> tuple[list[Any], dict[str, Any]]:
    """Train, measure and take over what the options say: rows in the order of the table, and the record."""
    from sdk.errors import InputError
    from train.ablation.report import to_record
    from train.ablation.runs import measure_all, train_all

    earlier = _earlier(options, ablation, faces)
    diverged = {}
    if not options.only_finished:
        name = f"{options.data.name}, {len(faces.train)} faces"
        diverged = train_all(ablation, faces, options.runs, data=name, leave=earlier.rows)
    measured = {}
    for row in measure_all(ablation, faces, options.runs, options.data):
        print(f"measured {row.run}", flush=True)
        measured[row.run] = row
    taken = [name for name in earlier.rows if name not in measured]
    if taken:
        print(f"taken from {options.earlier.name}: {', '.join(taken)}", flush=True)
    known = {**earlier.rows, **measured}
    rows = [known[name] for name in ablation.runs if name in known]
    if not rows:
        raise InputError(f"--runs {options.runs}: expected a finished run of {options.table.name}, got none")
    sources = earlier.sources_of(taken)
    return rows, to_record(ablation, rows, command=_command(options), diverged=diverged, earlier=sources)


def _earlier(options: argparse.Namespace, ablation: Any, faces: Any) -> Any:
    """The rows of --earlier, after a line for each that is of no use here."""
    from train.ablation.earlier import NOTHING, read_earlier

    if not options.earlier:
        return NOTHING
    earlier = read_earlier(
        options.earlier,
        ablation,
        train_faces=len(faces.train),
        val_faces=len(faces.val),
        started_from=faces.weights.name if faces.weights else "",
    )
    for name, why in earlier.left.items():
        print(f"not taken from {options.earlier.name}: {name} ({why})", flush=True)
    return earlier


def _command(options: argparse.Namespace) -> str:
    """The command as a record may keep it: paths by their last part where they name a machine."""
    from train.evaluation.command import without_place

    words = [without_place(options.data), "--shape-model", without_place(options.shape_model)]
    if options.table != TABLE:
        words += ["--table", without_place(options.table)]
    words += ["--runs", without_place(options.runs)]
    words += [word for path in options.extra for word in ("--extra", without_place(path))]
    words += ["--weights", without_place(options.weights)] if options.weights else []
    words += [word for path in options.also for word in ("--also", without_place(path))]
    if options.earlier:
        words += ["--earlier", without_place(options.earlier)]
    words += ["--only-finished"] if options.only_finished else []
    return "python -m train ablation " + shlex.join(words)
