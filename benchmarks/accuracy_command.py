"""Command line: python -m benchmarks accuracy."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Any

from benchmarks.options import add_data, add_faces, add_models, add_side_shift, models_of, side_shifts
from benchmarks.peers import command as peers
from benchmarks.records import write_record


def add_parser(commands: Any) -> None:
    """The command `accuracy`."""
    parser = commands.add_parser(
        "accuracy",
        help="NME, failure rate and AUC on 300W and on sets of harder faces",
        description="NME by outer-eye distance, failure rate at 10 % and AUC, from true boxes jittered by ±10 % "
        "and from the detector of predict, for each model file, on 300W, InfAnFace, WFLW_test_subset and by their "
        "flags; on Masked how far answers for a masked face are from those for the same face bare.",
    )
    add_data(parser)
    add_models(parser)
    add_faces(parser)
    add_side_shift(parser)
    parser.add_argument(
        "--peer",
        action="append",
        choices=["all", *peers.PEERS],
        help="also this library on the same photos and boxes, see `peers`; all: those whose files are there",
    )
    peers.add_given(parser)
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from benchmarks.accuracy import measure_sets, to_table
    from benchmarks.accuracy_tables import quantisation_table
    from benchmarks.face_sets import read_sets
    from sdk import FaceAligner

    shifts = side_shifts(options.side_shift)
    sets = list(read_sets(options.data, options.sets, splits=options.splits, every=options.every))
    rows = []
    for path in models_of(options):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        rows += measure_sets(FaceAligner(path), digest, sets, seed=options.seed, side_shifts=shifts)
    print(to_table(rows))
    if steps := quantisation_table(rows):
        print(f"\n{steps}")
    more = {}
    if options.peer:
        names = None if "all" in options.peer else options.peer
        others = peers.accuracy_of(names, options.given, sets, seed=options.seed, side_shifts=shifts)
        print(f"\n{peers.to_table(others)}")
        more["peers"] = [r.to_dict() for r in others]
    write_record(
        options.out, "accuracy", [r.to_dict() for r in rows], seed=options.seed, every=options.every, **more
    )
