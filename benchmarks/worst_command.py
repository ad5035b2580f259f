"""Command line: python -m benchmarks worst."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.boxes import BOXES, REFINED
from benchmarks.options import add_data, add_faces, add_models, models_of, outside_checkout

FOLDER = "asmnet-edge-worst"


def add_parser(commands: Any) -> None:
    """The command `worst`."""
    parser = commands.add_parser(
        "worst",
        help="the faces with the largest errors of each set, in one picture",
        description="Draw the faces on which a model errs most, truth green and prediction red, with error and "
        "file name below: one sheet for each set, in a folder outside the repository, since the photos are for "
        "research only. Of Masked the truth is the answer for the bare twin.",
    )
    add_data(parser)
    add_models(parser)
    add_faces(parser)
    parser.add_argument("--boxes", choices=list(BOXES), default=REFINED, help="default: %(default)s")
    parser.add_argument("--count", type=int, default=40, help="faces of each set (default %(default)s)")
    parser.add_argument("--columns", type=int, default=8, help="faces in a row (default %(default)s)")
    parser.add_argument(
        "--out", type=Path, help=f"a folder outside the repository (default: {FOLDER} where temporary files go)"
    )
    parser.set_defaults(run=_run, files=())


def _run(options: argparse.Namespace) -> None:
    from benchmarks import worst as w
    from benchmarks.face_sets import read_sets
    from sdk import FaceAligner
    from sdk.photos import write_photo
    from train.plots import contact_sheet

    folder = outside_checkout(options.out or Path(tempfile.gettempdir()) / FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    sets = list(read_sets(options.data, options.sets, splits=options.splits, every=options.every))
    for path in models_of(options):
        aligner = FaceAligner(path)
        for name in dict.fromkeys(faces.name for faces in sets):
            chosen = [faces for faces in sets if faces.name == name]
            found = w.worst(aligner, chosen, BOXES[options.boxes], count=options.count, seed=options.seed)
            out = folder / f"{name}--{aligner.model.name}.png"
            sheet = contact_sheet(w.tiles(found), tile=w.SIDE + w.STRIP, columns=options.columns)
            write_photo(out, sheet)
            print(f"wrote {out}")
            for wrong in found:
                print(f"  {w.error_words(wrong.error):>12}  {wrong.sample.path.name}")
