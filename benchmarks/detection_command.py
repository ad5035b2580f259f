"""Command line: python -m benchmarks detection | detector-latency | haar-box | rolled-box."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.detection import Find, Verdict
from benchmarks.finding import FindingRow
from benchmarks.finding_sets import SETS, read_sets
from benchmarks.options import outside_checkout
from sdk import Detection, FaceAligner, FaceDetector, HaarDetector, YuNetDetector
from sdk.errors import InputError
from sdk.photos import write_photo

TURNS = (0.0, 15.0, -15.0, 30.0, -30.0, 45.0, -45.0)
LIMITS = (float("inf"), 0.15, 0.10, 0.07)
"""Of the disagreement between two looks, for `--limits`."""

YUNET_SIDES = (320, 160)
"""Longer sides that YuNet is measured at, beside that of the detector it stands against."""

Record = Callable[..., None]


def add_detection(commands: Any, record: Record) -> None:
    """The parsers; `record(path, suite, rows)` writes a result file."""
    detection = commands.add_parser(
        "detection",
        help="faces found and false hits on whole photos, upright and turned",
        description="Recall over annotated faces and false hits per photo of the shipped detector, alone and as "
        "predict uses it, of OpenCV's cascade and of YuNet.",
    )
    _add_data(detection)
    _add_detectors(detection)
    detection.add_argument("--split", default="val", help="train, val or test (default %(default)s)")
    detection.add_argument("--turns", type=float, nargs="+", default=TURNS, help="degrees (default: 0 to ±45)")
    detection.add_argument("--min-score", type=float, help="of the shipped detector (default: its own)")
    detection.add_argument("--model", type=Path, help="the aligner of predict (default: the shipped one)")
    detection.add_argument("--limits", action="store_true", help="predict with several limits of disagreement")
    detection.add_argument("--alone", action="store_true", help="measure the detector only, not predict")
    detection.add_argument(
        "--sets",
        nargs="*",
        choices=list(SETS),
        help="hard faces and photos without any, by set and part (default: those that are in the data folder)",
    )
    detection.add_argument(
        "--sheet",
        type=Path,
        metavar="PNG",
        help="draw upright failures of the detector here, and those of each set in files beside it",
    )
    detection.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    detection.set_defaults(run=partial(_detection, record))

    latency = commands.add_parser(
        "detector-latency",
        help="milliseconds of detectors, interleaved",
        description="Times on frames with one drawn face, detectors in turn; needs no data.",
    )
    _add_detectors(latency)
    latency.add_argument("--runs", type=int, default=200, help="timed calls each (default %(default)s)")
    latency.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    latency.set_defaults(run=partial(_latency, record))

    box = commands.add_parser(
        "haar-box", help="where landmark boxes lie in the boxes of OpenCV's cascade", description=_haar_box.__doc__
    )
    _add_data(box)
    box.set_defaults(run=_haar_box)

    rolled = commands.add_parser(
        "rolled-box",
        help="how the box of a turned face differs from its upright one",
        description=_rolled_box.__doc__,
    )
    _add_data(rolled)
    rolled.add_argument("--faces", type=Path, required=True, help="what python -m train label-faces wrote")
    rolled.set_defaults(run=_rolled_box)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder of the face data, with detection/ in it")


def _add_detectors(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--detector", type=Path, help="a detector's file (default: the shipped one)")
    parser.add_argument("--haar", action="store_true", help="OpenCV's cascade too (OpenCV 4)")
    parser.add_argument(
        "--yunet", type=Path, metavar="ONNX", help="YuNet too, at the same input size, 320 and 160 pixels"
    )


def _detectors(options: argparse.Namespace) -> Iterator[tuple[str, Callable[..., Sequence[Detection]]]]:
    own = FaceDetector(options.detector, min_score=getattr(options, "min_score", None))
    yield own.model.name, own
    if options.haar:
        yield "OpenCV's cascade", HaarDetector()
    if options.yunet:
        for side in dict.fromkeys((own.model.input_size, *YUNET_SIDES)):
            yield f"YuNet, {side} px", YuNetDetector(options.yunet, longest_side=side)


def _detection(record: Record, options: argparse.Namespace) -> None:
    from benchmarks.detection import annotated_photos, measure, to_table, verdicts

    if options.sheet:
        outside_checkout(options.sheet, option="--sheet")
    photos = annotated_photos(options.data / "detection", split=options.split, aligner=FaceAligner())
    finders: dict[str, Callable[..., Sequence[Detection]]] = {}
    for name, detector in _detectors(options):
        finders[name] = detector
        for limit in [] if options.alone else LIMITS if options.limits else [None]:
            more = {} if limit is None else {"max_disagreement": limit}
            aligner = FaceAligner(options.model, detector=detector, **more)  # type: ignore[arg-type]
            suffix = "" if limit is None else f", limit {limit}"
            finders[f"{name}, predict{suffix}"] = partial(_predicted, aligner)
    rows = [r for name, find in finders.items() for r in measure(name, find, photos, turns_deg=options.turns)]
    print(to_table(rows))
    of_sets = _sets(options, finders)
    sets = [row.to_dict() for row in of_sets]
    record(options.out, "detection", [row.to_dict() for row in rows], split=options.split, sets=sets)
    if options.sheet:
        _sheet(options.sheet, list(verdicts(next(iter(finders.values())), photos)))


def _sets(options: argparse.Namespace, finders: Mapping[str, Find]) -> list[FindingRow]:
    """Rows of all sets and finders, printed set by set; sheets of failures where they are asked for."""
    from benchmarks.finding import measure, to_table

    rows = []
    for photos in read_sets(options.data, options.sets, FaceAligner()):
        of_set = []
        for name, find in finders.items():
            seen = list(measure(name, find, photos))
            of_set += [row for row, _ in seen]
            if options.sheet:
                _sheet(beside(options.sheet, f"{photos.name} {name}"), seen[0][1])
        print(f"\n{to_table(of_set)}", flush=True)
        rows += of_set
    return rows


def beside(path: Path, name: str) -> Path:
    """A file beside `path`, whose name has words of `name` at its end."""
    return path.with_stem(f"{path.stem}_{re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_')}")


def _predicted(aligner: FaceAligner, frame: Any) -> list[Detection]:
    return [Detection(face.box, face.score, face.pose.roll_deg) for face in aligner.predict(frame)]


def _sheet(path: Path, seen: Sequence[Verdict]) -> None:
    from benchmarks.detection_sheet import failures
    from train.plots import contact_sheet

    tiles = list(failures(seen))
    if not tiles:
        print(f"{path.name}: no failures to draw")
        return
    write_photo(path, contact_sheet(tiles, tile=192, columns=8))
    print(f"wrote {path}: {len(tiles)} failures")


def _latency(record: Record, options: argparse.Namespace) -> None:
    from benchmarks.detection_latency import measure
    from benchmarks.latency import to_table

    if options.runs < 1:
        raise InputError(f"--runs: expected 1 or more, got {options.runs}")
    rows = measure(dict(_detectors(options)), runs=options.runs)
    print(to_table(rows))
    record(options.out, "detector-latency", [row.to_dict() for row in rows])


def _haar_box(options: argparse.Namespace) -> None:
    """Median and deviation of the landmark box's edges in units of the cascade's box, over the train photos."""
    from benchmarks.box_maps import haar_box

    median, deviation, faces = haar_box(options.data / "detection")
    for name, m, d in zip(("left", "top", "right", "bottom"), median, deviation, strict=True):
        print(f"{name:7s} {m:.3f} ± {d:.3f}")
    print(f"{faces} faces matched")


def _rolled_box(options: argparse.Namespace) -> None:
    """Shift and growth of the tight box of turned train faces, by angle, and the fit that sdk.detector uses."""
    from benchmarks.box_maps import rolled_box

    angles = (15.0, 30.0, 45.0, 60.0)
    rows, fit = rolled_box(options.data / "detection", options.faces, angles=angles)
    for angle, (across, down, growth) in zip(angles, rows, strict=True):
        print(f"{angle:3.0f}°  across {across:+.3f}  down {down:+.3f}  larger by {growth:+.3f}")
    print(f"ROLLED = ({fit[0]:.3f}, {fit[1]:.3f}, {fit[2]:.3f})")
