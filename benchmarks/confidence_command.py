"""Command line: python -m benchmarks confidence."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.records import write_record

TESTS = ("test_common", "test_challenging", "infants")
"""Parts that nothing is chosen on: benchmarks.confidence.faces_of."""


def add_parser(commands: Any) -> None:
    """The command `confidence`."""
    parser = commands.add_parser(
        "confidence",
        help="what Face.confidence tells of faces, bad fits and no faces",
        description="Fit the weights of the confidence on train faces of 300W and InfAnFace, in plain and in "
        "harder views, and on crops without a face of detection/; measure them on val and test "
        "(docs/conventions.md).",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of 300W/, InfAnFace/ and detection/")
    parser.add_argument("--model", type=Path, help="a model file (default: the shipped one)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.add_argument("--write-into", type=Path, metavar="MODEL", help="model file that gets the fitted weights")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from benchmarks import confidence as c
    from sdk import ModelFile
    from train.checkpoint import write_bytes
    from train.detection.photos import read_photos

    model = ModelFile.chosen(options.model)
    photos = {split: read_photos(options.data / "detection", split=split) for split in ("train", "val", "test")}
    faces = {part: c.faces_of(options.data, part) for part in ("train", "val", *TESTS)}
    weights = c.fit(c.look(model, faces["train"], photos["train"], looks=2, harder=True))
    nobody = {split: c.look(model, [], photos[split], looks=4, seed=1) for split in ("val", "test")}
    hard = c.look(model, faces["val"], [], looks=4, harder=True, seed=1)
    rows = [c.row("val, harder views", hard + nobody["val"], *weights)]
    for part in ("val", *TESTS):
        seen = c.look(model, faces[part], [], looks=4, seed=1)
        rows.append(c.row(part, seen + nobody["val" if part == "val" else "test"], *weights))
    print(c.to_table(rows))
    if options.write_into:
        write_bytes(options.write_into, c.with_confidence(ModelFile.load(options.write_into), *weights))
        print(f"wrote {options.write_into}")
    write_record(options.out, "confidence", [r.to_dict() for r in rows], model=model.name)
