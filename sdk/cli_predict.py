"""asmnet predict: mark the faces of photos."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdk.aligner import FaceAligner
from sdk.cli_detector import detector_from
from sdk.drawing import draw
from sdk.errors import InputError
from sdk.jsonable import faces_to_dict, quality_to_dict
from sdk.photos import find_photos, is_one_photo, picture_names, read_photo, write_file, write_photo
from sdk.progress import ProgressBar
from sdk.results import CONFIDENT, Face, is_doubtful

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
        help="an image OpenCV reads, a folder of them, or a pattern in quotes",
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
        help="write landmarks, pose and boxes as JSON to FILE, or to the screen without FILE; a list for several",
    )
    parser.add_argument("--quality", action="store_true", help="add quality signals to the JSON")
    parser.set_defaults(run=run, out_is_folder=False)
    return parser


class _Out(argparse.Action):
    """Remembers the slash at the end of a folder's name, which a Path forgets."""

    def __call__(
        self, parser: argparse.ArgumentParser, options: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        options.out, options.out_is_folder = Path(values), str(values).endswith(("/", os.sep))


def run(options: argparse.Namespace) -> int:
    """Mark the photos; returns 0, 1 if there was no face at all, 2 if a photo could not be read."""
    if options.out is None and options.json is None:
        raise InputError("expected --out PICTURE, --json, or both; without them nothing would be written")
    detector = detector_from(options)
    with FaceAligner(options.model, detector=detector, num_threads=options.threads) as aligner:
        if is_one_photo(options.photos):
            photo = Path(options.photos[0])
            table = mark(aligner, photo, _picture_of(photo, options), options)
            _write_json(options.json, table)
            return 0 if table["faces"] else 1
        found = find_photos(options.photos)
        for sentence in found.skipped:
            print(sentence, file=sys.stderr)
        return _run_several(aligner, found.photos, options)


def _picture_of(photo: Path, options: argparse.Namespace) -> Path | None:
    """Where the marked picture of a single photo goes; None where none is asked for."""
    out: Path | None = options.out
    if out is None or not (options.out_is_folder or out.is_dir()):
        return out
    _make_folder(out)
    return out / picture_names([photo])[0]


def _run_several(aligner: FaceAligner, photos: Sequence[Path], options: argparse.Namespace) -> int:
    if options.out is not None:
        _make_folder(options.out)
    tables: list[Table] = []
    failed = 0
    with ProgressBar("photos", total=len(photos)) as bar:
        for photo, name in zip(photos, picture_names(photos), strict=True):
            try:
                tables.append(mark(aligner, photo, options.out / name if options.out else None, options))
            except InputError as error:
                failed += 1
                print(f"error: {error}", file=sys.stderr)
            bar.step()
    _write_json(options.json, tables)
    if failed:
        return 2
    return 0 if any(table["faces"] for table in tables) else 1


def mark(aligner: FaceAligner, photo: Path, picture: Path | None, options: argparse.Namespace) -> Table:
    """Print the faces of one photo, write its picture if one is asked for, and return its table."""
    frame = read_photo(photo)
    faces = aligner.predict(frame)
    quiet = str(options.json) == "-"
    if not quiet:
        print_faces(photo, faces)
    if picture is not None:
        write_photo(picture, draw(frame, faces))
        if not quiet:
            print(f"wrote {picture}")
    table = faces_to_dict(faces, image=photo.name, model=aligner.model.name, scheme=aligner.model.scheme.name)
    if options.quality:
        for entry, face in zip(table["faces"], faces, strict=True):
            entry["quality"] = quality_to_dict(aligner.quality(frame, face))
    return table


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


def _write_json(path: Path | None, table: Table | list[Table]) -> None:
    if path is None:
        return
    text = json.dumps(table, indent=1)
    if str(path) == "-":
        print(text)
    else:
        write_file(path, text.encode())
        print(f"wrote {path}")


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--out {path}: expected a folder for several pictures ({error.strerror or error})"
        ) from error
