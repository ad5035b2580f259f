"""asmnet predict: mark the faces of photos."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from sdk.aligner import FaceAligner
from sdk.cli_detector import detector_from
from sdk.cli_targets import check_json, check_results, pictures_of
from sdk.drawing import draw
from sdk.errors import InputError
from sdk.jsonable import faces_to_dict, quality_to_dict
from sdk.outputs import write_file
from sdk.photos import find_photos, is_one_photo, read_photo, write_photo
from sdk.progress import ProgressBar
from sdk.results import CONFIDENT, Face, is_doubtful
from sdk.rows import JsonList
from sdk.signals import SIGPIPE, deferred, name_of
from sdk.targets import is_standard

Table = dict[str, Any]


def add_parser(commands: Any) -> argparse.ArgumentParser:
    """Add the command to a parser's subcommands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "predict",
        help="mark the faces of photos",
        description="Find the faces of each PHOTO, print their pose, and write annotated pictures.",
        epilog="Examples: asmnet predict family.jpg --out marked.png --json faces.json; "
        "asmnet predict album 'more/**/*.jpg' --out marked",
    )
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help="an image OpenCV reads, a folder of them, a pattern in quotes, or - for standard input",
    )
    parser.add_argument(
        "--out",
        action=_Out,
        metavar="PICTURE",
        help="the annotated picture to write (.png or .jpg), or a folder for it; for several photos a folder",
    )
    parser.add_argument(
        "--json",
        type=Path,
        nargs="?",
        const=Path("-"),
        metavar="FILE",
        help="write landmarks, pose and boxes as JSON to FILE, or print it without FILE; a list for several",
    )
    parser.add_argument(
        "--errors", action="store_true", help="draw a circle of the expected error about each landmark"
    )
    parser.add_argument("--quality", action="store_true", help="add quality signals to the JSON")
    parser.set_defaults(run=run, out_is_folder=False)
    parser.error = partial(_without_photo, parser.error)  # type: ignore[method-assign]
    return parser


def _without_photo(error: Callable[[str], NoReturn], message: str) -> NoReturn:
    """Why there is no photo in `asmnet predict --json a.jpg`."""
    hint = "; what follows --json is its FILE, so put --json last or write --json=-"
    error(message + hint if message.endswith("required: PHOTO") else message)


class _Out(argparse.Action):
    """Remembers the slash at the end of a folder's name, which a Path forgets."""

    def __call__(
        self, parser: argparse.ArgumentParser, options: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        options.out, options.out_is_folder = Path(values), str(values).endswith(("/", os.sep))


def run(options: argparse.Namespace) -> int:
    """Mark the photos; returns 0, 1 if there was no face at all, 2 if a photo failed, or a signal's status."""
    if options.out is None and options.json is None:
        raise InputError("expected --out PICTURE, --json, or both; without them nothing would be written")
    check_json(options.json)
    one = is_one_photo(options.photos)
    found = find_photos(options.photos)
    pictures = pictures_of(found.photos, options, one=one)
    check_results(options, found.photos, pictures)
    detector = detector_from(options)
    with FaceAligner(options.model, detector=detector, num_threads=options.threads) as aligner:
        if one:
            return _run_one(aligner, found.photos[0], pictures[0], options)
        for sentence in found.skipped:
            print(sentence, file=sys.stderr)
        return _run_several(aligner, list(zip(found.photos, pictures, strict=True)), options)


def _run_one(aligner: FaceAligner, photo: Path, picture: Path | None, options: argparse.Namespace) -> int:
    def record(table: Table) -> None:
        if options.json is not None:
            write_file(options.json, (json.dumps(table, indent=1) + "\n").encode())
            if not _quiet(options):
                print(f"wrote {options.json}")

    if picture is not None and picture != options.out:
        _make_folder(options.out)
    table = mark(aligner, photo, picture, options, record)
    return 0 if table["faces"] else 1


def _run_several(
    aligner: FaceAligner, pairs: Sequence[tuple[Path, Path | None]], options: argparse.Namespace
) -> int:
    """Each photo's results are written as they come; a signal ends the run after the photo in hand."""
    if options.out is not None:
        _make_folder(options.out)
    found = failed = done = 0
    with deferred() as stop, ExitStack() as stack:
        with stop.interruptible():
            tables = None if options.json is None else stack.enter_context(JsonList(options.json))
        bar = stack.enter_context(ProgressBar("photos", total=len(pairs)))
        record = None if tables is None else tables.add
        for photo, picture in stop.each(pairs):
            try:
                found += bool(mark(aligner, photo, picture, options, record)["faces"])
            except InputError as error:
                if tables is not None and tables.broken:
                    raise
                failed += 1
                print(f"error: {error}", file=sys.stderr)
            done += 1
            bar.step()
    if options.json is not None and not _quiet(options):
        print(f"wrote {options.json}")
    if stop.number is not None:
        if stop.number != SIGPIPE:
            print(f"stopped ({name_of(stop.number)}) after {done} of {len(pairs)} photos", file=sys.stderr)
        return stop.status
    return 2 if failed else 0 if found else 1


def mark(
    aligner: FaceAligner,
    photo: Path,
    picture: Path | None,
    options: argparse.Namespace,
    record: Callable[[Table], None] | None = None,
) -> Table:
    """Print the faces of one photo, record their table, and then write the picture if one is asked for."""
    frame = read_photo(photo)
    faces = aligner.predict(frame)
    quiet = _quiet(options)
    if not quiet:
        print_faces(photo, faces)
    table = faces_to_dict(faces, image=photo.name, model=aligner.model.name, scheme=aligner.model.scheme.name)
    if options.quality:
        for entry, face in zip(table["faces"], faces, strict=True):
            entry["quality"] = quality_to_dict(aligner.quality(frame, face))
    if record is not None:
        record(table)
    if picture is not None:
        write_photo(picture, draw(frame, faces, errors=options.errors))
        if not quiet:
            print(f"wrote {picture}")
    return table


def _quiet(options: argparse.Namespace) -> bool:
    """Whether results go to standard output, where words for people would mix with them."""
    return any(path is not None and is_standard(path) for path in (options.json, options.out))


def print_faces(photo: Path, faces: Sequence[Face]) -> None:
    """A line for the photo and one for each face."""
    print(f"{photo.name}: {len(faces)} face{'' if len(faces) == 1 else 's'}")
    for number, face in enumerate(faces, 1):
        pose, box = face.pose, face.box
        print(
            f"  face {number}: yaw {pose.yaw_deg:+.1f}°, pitch {pose.pitch_deg:+.1f}°, "
            f"roll {pose.roll_deg:+.1f}°, box {box.left:.0f} {box.top:.0f} {box.right:.0f} {box.bottom:.0f}, "
            f"score {face.score:.2f}, plausibility {face.plausibility:.3f}{_confidence(face)}"
        )


def _confidence(face: Face) -> str:
    if face.confidence is None:
        return ""
    warning = f", below {CONFIDENT:g}: do not trust this face" if is_doubtful(face) else ""
    return f", confidence {face.confidence:.3f}{warning}"


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--out {path}: expected a folder for several pictures ({error.strerror or error})"
        ) from error
