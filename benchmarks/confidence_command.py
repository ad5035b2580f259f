"""Command line: python -m benchmarks confidence."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.records import write_record


def add_parser(commands: Any) -> None:
    """The command `confidence`."""
    parser = commands.add_parser(
        "confidence",
        help="what Face.confidence tells of faces, bad fits and no faces",
        description="Fit the weights of the confidence on train crops of 300W and on crops without a face of "
        "detection/, and measure them on val and test (docs/conventions.md).",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of 300W/ and detection/")
    parser.add_argument("--model", type=Path, help="a model file (default: the shipped one)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.add_argument("--write-into", type=Path, metavar="MODEL", help="model file that gets the fitted weights")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from benchmarks import confidence as c
    from sdk import ModelFile
    from train.checkpoint import write_bytes

    model = ModelFile.chosen(options.model)
    weights = c.fit(c.look(model, options.data, "train", "train", looks=2))
    rows = [
        c.row(name, c.look(model, options.data, split, photos, looks=4, seed=1), *weights)
        for name, split, photos in (
            ("val", "val", "val"),
            ("test_common", "test_common", "test"),
            ("test_challenging", "test_challenging", "test"),
        )
    ]
    print(c.to_table(rows))
    if options.write_into:
        write_bytes(options.write_into, c.with_confidence(ModelFile.load(options.write_into), *weights))
        print(f"wrote {options.write_into}")
    write_record(options.out, "confidence", [r.to_dict() for r in rows], model=model.name)
