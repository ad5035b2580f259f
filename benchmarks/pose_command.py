"""Command line: python -m benchmarks pose."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.records import write_record


def add_parser(commands: Any) -> None:
    """The command `pose`."""
    parser = commands.add_parser(
        "pose",
        help="head pose on Pointing'04: network, landmarks, combinations",
        description="Errors of yaw and pitch on Pointing'04 (|pan|, |tilt| <= 60) and on the dozen faces of "
        "AFLW2000_16; coefficients come from the train people, but for the last way, fitted to the faces that it "
        "is measured on. Signs count from 15 degrees on. A person's bias is the mean error over all their faces.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of Pointing04/ and AFLW2000_16/")
    parser.add_argument("--model", type=Path, help="a model file (default: the shipped one)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.add_argument(
        "--write-into",
        type=Path,
        nargs="+",
        default=[],
        metavar="MODEL",
        help="model files of the same training that get the fitted yaw_expansion",
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from benchmarks import pose
    from sdk import FaceAligner, ModelFile
    from train.checkpoint import write_bytes

    model = ModelFile.chosen(options.model)
    aligner = FaceAligner(pose.plain(model))
    seen = {split: pose.read_pointing04(aligner, options.data / "Pointing04", split) for split in pose.SPLITS}
    sets = {f"Pointing04 {split}": s.near for split, s in seen.items()}
    sets["AFLW2000_16"] = pose.read_aflw2000(aligner, options.data / "AFLW2000_16")
    fitted = pose.fit_expansion(seen["train"])
    ways = pose.ways(seen["train"], expansion=model.yaw_expansion or fitted)
    rows = [pose.row(way, name, s, pair) for name, s in sets.items() for way, pair in ways.items()]
    rows += [pose.bound(name, s) for name, s in sets.items() if name != "AFLW2000_16"]
    profiles = [pose.profile_row(name, s, limit=aligner.max_disagreement) for name, s in seen.items()]
    print(pose.to_table(rows), pose.profile_table(profiles), sep="\n\n")
    apart = pose.disagreement_figures(seen["test"].near)
    print("\nnetwork and landmarks apart, test: " + ", ".join(f"{k} {v:.1f}" for k, v in apart.items()))
    print(f"yaw_expansion: {fitted:.2f} fits the train people, the model file has {model.yaw_expansion:.2f}")
    for path in options.write_into:
        write_bytes(path, pose.with_expansion(ModelFile.load(path), round(fitted, 2)))
        print(f"wrote {path}")
    more = {"profiles": [p.to_dict() for p in profiles], "apart_test": apart, "yaw_expansion": fitted}
    write_record(options.out, "pose", [r.to_dict() for r in rows], model=model.name, **more)
