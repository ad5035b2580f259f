"""Command line: python -m benchmarks accuracy | haar-box | sheet."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from sdk.errors import InputError, SdkError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except SdkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure models; print and record.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    accuracy = commands.add_parser(
        "accuracy",
        help="NME, failure rate and AUC on 300W",
        description="NME by outer-eye distance, failure rate at 10 % and AUC on 300W, from true boxes jittered "
        "by ±10 % and from the detector of predict, for each model file.",
    )
    _add_data(accuracy)
    _add_models(accuracy)
    accuracy.add_argument(
        "--splits", nargs="+", default=["test_common", "test_challenging"], help="default: both test splits"
    )
    accuracy.add_argument("--seed", type=int, default=0, help="of the jitter (default %(default)s)")
    accuracy.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    accuracy.set_defaults(run=_accuracy)

    box = commands.add_parser(
        "haar-box", help="where landmark boxes lie in the boxes of OpenCV's cascade", description=_haar_box.__doc__
    )
    _add_data(box)
    box.set_defaults(run=_haar_box)

    sheet = commands.add_parser(
        "sheet",
        help="predictions drawn on many photos, in one picture",
        description="Draw predictions on photos of the data, or of a folder of yours, as one contact sheet.",
    )
    _add_data(sheet, required=False)
    _add_models(sheet)
    sheet.add_argument("--folder", type=Path, help="a folder of photos instead of --data")
    sheet.add_argument("--split", default="test_common", help="split of 300W (default %(default)s)")
    sheet.add_argument("--every", type=int, default=10, help="take every n-th face (default %(default)s)")
    sheet.add_argument("--tile", type=int, default=256, help="pixels per photo (default %(default)s)")
    sheet.add_argument("--columns", type=int, default=8, help="photos per row (default %(default)s)")
    sheet.add_argument("--out", type=Path, required=True, help="the picture to write, .png or .jpg")
    sheet.set_defaults(run=_sheet)
    return parser


def _add_data(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument(
        "--data", type=Path, required=required, help="folder of the face data: 300W/, detection/, frames/ ..."
    )


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, action="append", help="a model file; repeat for more (default: the shipped ones)"
    )


def _models(options: argparse.Namespace) -> Iterator[Path]:
    """The models asked for, else the packaged ones and the float ones of a checkout."""
    if options.model:
        yield from options.model
        return
    packaged = Path(str(resources.files("sdk") / "models"))
    yield from sorted(packaged.glob("*.tflite"))
    yield from sorted(Path("models").glob("*.tflite"))


def _accuracy(options: argparse.Namespace) -> None:
    from benchmarks.accuracy import measure, to_table
    from benchmarks.environment import environment
    from sdk import FaceAligner

    rows = []
    for path in _models(options):
        aligner = FaceAligner(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        rows += measure(aligner, digest, options.data / "300W", options.splits, seed=options.seed)
    print(to_table(rows))
    if options.out:
        record = {
            "suite": "accuracy",
            "environment": environment(),
            "seed": options.seed,
            "rows": [r.to_dict() for r in rows],
        }
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(f"wrote {options.out}")


def _haar_box(options: argparse.Namespace) -> None:
    """Median and deviation of the landmark box's edges in units of the cascade's box, over the train photos."""
    from benchmarks.detection import haar_box

    median, deviation, faces = haar_box(options.data / "detection")
    for name, m, d in zip(("left", "top", "right", "bottom"), median, deviation, strict=True):
        print(f"{name:7s} {m:.3f} ± {d:.3f}")
    print(f"{faces} faces matched")


def _sheet(options: argparse.Namespace) -> None:
    import cv2

    from benchmarks.sheets import contact_sheet, predictions_on_folder, predictions_on_split
    from sdk import FaceAligner

    aligner = FaceAligner(next(_models(options)))
    if options.folder:
        pictures = predictions_on_folder(aligner, options.folder)
    elif options.data:
        pictures = predictions_on_split(aligner, options.data / "300W", options.split, every=options.every)
    else:
        raise InputError("sheet: expected --data or --folder")
    picture = contact_sheet(pictures, tile=options.tile, columns=options.columns)
    if not cv2.imwrite(str(options.out), picture):
        raise InputError(
            f"--out {options.out}: cannot be written; is the folder there, and the suffix .png or .jpg?"
        )
    print(f"wrote {options.out}")


if __name__ == "__main__":
    sys.exit(main())
