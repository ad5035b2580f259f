"""Command line: python -m benchmarks accuracy | latency | detection | ... (--help has all)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmarks import (
    acceptance_command,
    accuracy_command,
    baselines,
    confidence_command,
    device,
    emulated,
    flops,
    latency,
    limits,
    points_command,
    pose_command,
    quality,
    ratios,
    report,
    roofline,
    search,
    timings,
    worst_command,
)
from benchmarks.detection_command import add_detection
from benchmarks.options import add_data, add_models, models_of, outside_checkout
from benchmarks.peers import command as peers
from benchmarks.records import write_record as _record
from sdk import FaceAligner, ModelFile
from sdk.command import run_command
from sdk.errors import InputError
from sdk.options import check_options
from sdk.photos import write_photo


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""

    def body() -> None:
        options = _parser().parse_args(arguments)
        check_options(options)
        options.run(options)

    return run_command(body)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure models; print and record.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    add_detection(commands, _record)

    plausibility = commands.add_parser(
        "plausibility",
        help="how plausible annotated and damaged faces are under the shape model",
        description="Percentiles of plausibility of annotated validation faces of 300W, plain and with noise.",
    )
    add_data(plausibility)
    plausibility.set_defaults(run=_plausibility)

    video = commands.add_parser(
        "video",
        help="jitter, lag and lost faces on rendered motion",
        description="Clips of 640 x 480 rendered from photos of 300W by known motion, with sensor noise.",
    )
    add_data(video)
    video.add_argument(
        "--model", type=Path, action="append", help="a model file; repeat for more (default: the default one)"
    )
    video.add_argument("--split", default="val", help="split of 300W (default %(default)s)")
    video.add_argument("--clips", type=int, default=20, help="how many photos (default %(default)s)")
    video.add_argument("--frames", type=int, default=300, help="frames a clip (default %(default)s)")
    video.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    video.set_defaults(run=_video)

    for command in (
        accuracy_command,
        worst_command,
        baselines,
        flops,
        latency,
        ratios,
        roofline,
        search,
        peers,
        device,
        emulated,
        timings,
        report,
        limits,
        pose_command,
        acceptance_command,
        confidence_command,
        points_command,
        quality,
    ):
        command.add_parser(commands)

    readme = commands.add_parser(
        "readme", help="bring the tables of README.md and docs/ up to date with the committed results"
    )
    readme.set_defaults(run=_readme)

    sheet = commands.add_parser(
        "sheet",
        help="predictions drawn on many photos, in one picture",
        description="Draw predictions on photos of the data, or of a folder of yours, as one contact sheet.",
    )
    add_data(sheet, required=False)
    add_models(sheet)
    sheet.add_argument("--folder", type=Path, help="a folder of photos instead of --data")
    sheet.add_argument("--split", default="test_common", help="split of 300W (default %(default)s)")
    sheet.add_argument("--every", type=int, default=10, help="take every n-th face (default %(default)s)")
    sheet.add_argument("--tile", type=int, default=256, help="pixels per photo (default %(default)s)")
    sheet.add_argument("--columns", type=int, default=8, help="photos per row (default %(default)s)")
    sheet.add_argument("--out", type=Path, required=True, help="the picture to write, .png or .jpg")
    sheet.set_defaults(run=_sheet)
    return parser


def _video(options: argparse.Namespace) -> None:
    from benchmarks.video import measure, to_table
    from train.datasets import read_packed

    samples = read_packed(options.data / "300W", split=options.split)
    chosen = samples[:: max(1, len(samples) // options.clips)][: options.clips]
    aligners = [FaceAligner(path) for path in options.model] if options.model else [FaceAligner()]
    rows = [row for aligner in aligners for row in measure(aligner, chosen, frames=options.frames)]
    print(to_table(rows))
    _record(options.out, "video", [r.to_dict() for r in rows])


def _plausibility(options: argparse.Namespace) -> None:
    from train.datasets import read_packed

    model = ModelFile.default().shape_model
    faces = [s.landmarks for s in read_packed(options.data / "300W", split="val")]
    rng = np.random.default_rng(0)
    print("noise, % of eye distance | plausibility of the 1st, 5th, 50th and 100th percentile")
    for noise in (0.0, 0.02, 0.05, 0.1):
        spread = [noise * np.linalg.norm(face[36] - face[45]) for face in faces]
        values = [model.plausibility(f + rng.normal(0, s, f.shape)) for f, s in zip(faces, spread, strict=True)]
        print(f"{100 * noise:4.0f} | " + "  ".join(f"{v:.1e}" for v in np.percentile(values, (1, 5, 50, 100))))


def _readme(options: argparse.Namespace) -> None:
    from benchmarks.readme import update

    for path in update():
        print(f"updated {path.name}")


def _sheet(options: argparse.Namespace) -> None:
    from benchmarks.sheets import contact_sheet, predictions_on_folder, predictions_on_split

    if options.data and not options.folder:
        outside_checkout(options.out)
    aligner = FaceAligner(next(models_of(options)))
    if options.folder:
        pictures = predictions_on_folder(aligner, options.folder)
    elif options.data:
        pictures = predictions_on_split(aligner, options.data / "300W", options.split, every=options.every)
    else:
        raise InputError("sheet: expected --data or --folder")
    write_photo(options.out, contact_sheet(pictures, tile=options.tile, columns=options.columns))
    print(f"wrote {options.out}")


if __name__ == "__main__":
    sys.exit(main())
