"""Command line: python -m benchmarks accuracy | haar-box | plausibility | sheet."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from functools import partial
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk import BBox, FaceAligner
from sdk.errors import InputError, SdkError

LIMITS = (float("inf"), 0.15, 0.10, 0.07)
"""Of the disagreement between two looks, for the command detection."""


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

    latency = commands.add_parser(
        "latency",
        help="milliseconds of the network, of align and of predict",
        description="Times on a drawn face in a 640 x 480 frame, models interleaved; needs no data.",
    )
    _add_models(latency)
    latency.add_argument("--threads", type=int, default=1, help="of the interpreter (default %(default)s)")
    latency.add_argument("--runs", type=int, default=200, help="timed calls per stage (default %(default)s)")
    latency.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    latency.set_defaults(run=_latency)

    box = commands.add_parser(
        "haar-box", help="where landmark boxes lie in the boxes of OpenCV's cascade", description=_haar_box.__doc__
    )
    _add_data(box)
    box.set_defaults(run=_haar_box)

    detection = commands.add_parser(
        "detection",
        help="faces found and false hits of predict, on whole photos",
        description="Recall over annotated faces and false hits per photo: the detector alone, and predict, which "
        "drops detections whose two looks disagree by more than each limit.",
    )
    _add_data(detection)
    detection.add_argument("--split", default="val", help="train, val or test (default %(default)s)")
    detection.set_defaults(run=_detection)

    plausibility = commands.add_parser(
        "plausibility",
        help="how plausible annotated and damaged faces are under the shape model",
        description="Percentiles of plausibility of annotated validation faces of 300W, plain and with noise.",
    )
    _add_data(plausibility)
    plausibility.set_defaults(run=_plausibility)

    video = commands.add_parser(
        "video",
        help="jitter, lag and lost faces on rendered motion",
        description="Clips of 640 x 480 rendered from photos of 300W by known motion, with sensor noise.",
    )
    _add_data(video)
    video.add_argument("--split", default="val", help="split of 300W (default %(default)s)")
    video.add_argument("--clips", type=int, default=20, help="how many photos (default %(default)s)")
    video.add_argument("--frames", type=int, default=60, help="frames a clip (default %(default)s)")
    video.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    video.set_defaults(run=_video)

    readme = commands.add_parser("readme", help="bring README.md's table up to date with the committed results")
    readme.set_defaults(run=_readme)

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

    rows = []
    for path in _models(options):
        aligner = FaceAligner(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        rows += measure(aligner, digest, options.data / "300W", options.splits, seed=options.seed)
    print(to_table(rows))
    _record(options.out, "accuracy", [r.to_dict() for r in rows], seed=options.seed)


def _record(path: Path | None, suite: str, rows: list[dict[str, object]], **more: object) -> None:
    """Write rows and where they come from, if a path is given."""
    from benchmarks.environment import environment

    if path is None:
        return
    record = {"suite": suite, "environment": environment(), **more, "rows": rows}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {path}")


def _video(options: argparse.Namespace) -> None:
    from benchmarks.video import measure, to_table
    from train.datasets import read_packed

    samples = read_packed(options.data / "300W", split=options.split)
    chosen = samples[:: max(1, len(samples) // options.clips)][: options.clips]
    rows = measure(FaceAligner(), chosen, frames=options.frames)
    print(to_table(rows))
    _record(options.out, "video", [r.to_dict() for r in rows])


def _latency(options: argparse.Namespace) -> None:
    from benchmarks.latency import measure, to_table

    if options.runs < 1:
        raise InputError(f"--runs: expected 1 or more, got {options.runs}")
    aligners = {path.stem: FaceAligner(path, num_threads=options.threads) for path in _models(options)}
    rows = measure(aligners, threads=options.threads, runs=options.runs)
    print(to_table(rows))
    _record(options.out, "latency", [r.to_dict() for r in rows])


def _haar_box(options: argparse.Namespace) -> None:
    """Median and deviation of the landmark box's edges in units of the cascade's box, over the train photos."""
    from benchmarks.detection import haar_box

    median, deviation, faces = haar_box(options.data / "detection")
    for name, m, d in zip(("left", "top", "right", "bottom"), median, deviation, strict=True):
        print(f"{name:7s} {m:.3f} ± {d:.3f}")
    print(f"{faces} faces matched")


def _detection(options: argparse.Namespace) -> None:
    from benchmarks.detection import measure, read_photos
    from sdk import HaarDetector

    photos = list(read_photos(options.data / "detection", split=options.split))
    detector = HaarDetector()
    rows = [measure("detector alone", lambda frame: [d.box for d in detector(frame)], photos)]
    for limit in LIMITS:
        faces = FaceAligner(max_disagreement=limit)
        rows.append(measure(f"predict, limit {limit}", partial(_boxes, faces), photos))
    print(f"{rows[0].photos} photos, {rows[0].faces} annotated faces")
    for row in rows:
        print(f"{row.name:22s} recall {100 * row.recall:5.1f} %  false hits per photo {row.false_per_photo:.3f}")


def _boxes(aligner: FaceAligner, frame: npt.NDArray[np.uint8]) -> list[BBox]:
    return [face.box for face in aligner.predict(frame)]


def _plausibility(options: argparse.Namespace) -> None:
    from sdk import ModelFile
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

    print(f"updated {update().name}")


def _sheet(options: argparse.Namespace) -> None:
    import cv2

    from benchmarks.sheets import contact_sheet, predictions_on_folder, predictions_on_split

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
