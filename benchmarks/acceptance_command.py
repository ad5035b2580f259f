"""Command line: python -m benchmarks acceptance."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.records import write_record

TURNS = (0.0, 45.0, -45.0)


def add_parser(commands: Any) -> None:
    """The command `acceptance`."""
    parser = commands.add_parser(
        "acceptance",
        help="fit the rule by which predict takes a detection for a face",
        description="Fit the rule of acceptance on val photos of detection/, upright and turned, and on photos of "
        "NonFace/ but for the fifth that is kept out; print what it keeps beside the limit of disagreement.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of detection/ and NonFace/")
    parser.add_argument("--model", type=Path, help="a model file (default: the shipped one)")
    parser.add_argument("--detector", type=Path, help="a detector's file (default: the shipped one)")
    parser.add_argument("--pack", type=Path, action="append", default=[], help="faces of a packed set too; repeat")
    parser.add_argument("--false", type=int, help="hits on nothing to keep (default: as many as the limit does)")
    parser.add_argument("--turns", type=float, nargs="+", default=TURNS, help="degrees (default: 0 and ±45)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.add_argument(
        "--write-into", type=Path, nargs="+", default=[], metavar="MODEL", help="model files that get the rule"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from benchmarks import acceptance as a
    from sdk import FaceAligner, FaceDetector, ModelFile
    from sdk.testing import FixedDetector
    from train.checkpoint import write_bytes
    from train.detection.packs import read_non_faces, read_packs
    from train.detection.photos import read_photos, with_landmarks

    model = ModelFile.chosen(options.model)
    aligner = FaceAligner(model, detector=FaceDetector(options.detector))
    labeller = FaceAligner(model, detector=FixedDetector())
    photos = [with_landmarks(p, labeller) for p in read_photos(options.data / "detection", split="val")]
    seen = {"detection, val": a.look(aligner, photos, turns_deg=options.turns)}
    if options.pack:
        packs = read_packs(options.pack, model.shape_model)
        seen[", ".join(p.name for p in options.pack)] = a.look(aligner, packs, turns_deg=options.turns)
    seen["NonFace"] = a.look(aligner, read_non_faces(options.data / "NonFace", held_out=False))
    first, *others = seen.values()
    rule = a.fit(sum(others, first), false=options.false)
    seen["NonFace, kept out"] = a.look(aligner, read_non_faces(options.data / "NonFace", held_out=True))
    rows = [a.row(way, name, hits) for name, hits in seen.items() for way in (None, rule)]
    print(a.to_table(rows), f"\n{rule}", sep="\n")
    for path in options.write_into:
        write_bytes(path, a.with_acceptance(ModelFile.load(path), rule))
        print(f"wrote {path}")
    write_record(options.out, "acceptance", [r.to_dict() for r in rows], model=model.name, weights=rule.to_dict())
