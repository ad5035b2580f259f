"""Command line: asmnet predict | video | demo | inspect | doctor."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk import cli_video, doctor
from sdk.aligner import FaceAligner
from sdk.drawing import draw
from sdk.errors import InputError, SdkError
from sdk.jsonable import faces_to_dict
from sdk.model_file import ModelFile
from sdk.results import Face

UInt8 = npt.NDArray[np.uint8]

_PORTRAITS = (("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"), ("skimage", "data/astronaut.png"))


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 done, 1 no face found, 2 wrong input."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except SdkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="asmnet", description="Find faces in photos: 68 landmarks and the head pose of each."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    predict = commands.add_parser(
        "predict",
        help="mark the faces of a photo",
        description="Find the faces of PHOTO, print their pose, and write an annotated picture.",
        epilog="Example: asmnet predict family.jpg --out marked.png --json faces.json",
    )
    predict.add_argument("photo", type=Path, metavar="PHOTO", help="a JPEG, PNG or other image OpenCV reads")
    predict.add_argument(
        "--out", type=Path, metavar="PICTURE", help="the annotated picture to write (.png or .jpg)"
    )
    predict.add_argument(
        "--json",
        type=Path,
        nargs="?",
        const=Path("-"),
        metavar="FILE",
        help="write landmarks, pose and boxes as JSON to FILE, or to the screen without FILE",
    )
    _add_model(predict)
    predict.set_defaults(run=_predict)

    demo = commands.add_parser(
        "demo",
        help="try it on a portrait that comes with matplotlib",
        description="Run on a public-domain portrait (Rear Admiral Grace Hopper, US Navy) and write a picture.",
    )
    demo.add_argument(
        "--out", type=Path, default=Path("asmnet_demo.png"), help="the picture to write (default %(default)s)"
    )
    _add_model(demo)
    demo.set_defaults(run=_demo)

    inspect = commands.add_parser(
        "inspect",
        help="print what a model file says of itself",
        description="Print a model file's metadata as JSON.",
    )
    inspect.add_argument(
        "model",
        type=Path,
        nargs="?",
        metavar="MODEL",
        help="a model file (default: the one that comes along)",
    )
    inspect.set_defaults(run=_inspect)

    _add_model(cli_video.add_parser(commands))
    doctor.add_parser(commands)
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, help="a model file of your own (default: the one that comes along)")
    parser.add_argument("--threads", type=int, help="threads of the interpreter (default 1)")


def _predict(options: argparse.Namespace) -> int:
    if options.out is None and options.json is None:
        raise InputError("expected --out PICTURE, --json, or both; without them nothing would be written")
    return _run(options, options.photo, options.out, options.json)


def _demo(options: argparse.Namespace) -> int:
    return _run(options, _portrait(), options.out, None)


def _inspect(options: argparse.Namespace) -> int:
    model = ModelFile.default() if options.model is None else ModelFile.load(options.model)
    print(json.dumps(dict(model.metadata), indent=2))
    return 0


def _run(options: argparse.Namespace, photo: Path, picture: Path | None, json_path: Path | None) -> int:
    frame = _read_image(photo)
    aligner = FaceAligner(options.model, num_threads=options.threads)
    faces = aligner.predict(frame)
    to_screen = json_path is not None and str(json_path) == "-"
    if not to_screen:
        _print_faces(photo, faces)
    if picture is not None:
        _write(picture, _encode(picture, draw(frame, faces)))
        if not to_screen:
            print(f"wrote {picture}")
    if json_path is not None:
        table = faces_to_dict(faces, image=photo.name, model=aligner.model.name, scheme=aligner.model.scheme.name)
        text = json.dumps(table, indent=1)
        if to_screen:
            print(text)
        else:
            _write(json_path, text.encode())
            print(f"wrote {json_path}")
    return 0 if faces else 1


def _print_faces(photo: Path, faces: list[Face]) -> None:
    print(f"{photo.name}: {len(faces)} face{'' if len(faces) == 1 else 's'}")
    for number, face in enumerate(faces, 1):
        pose, box = face.pose, face.box
        print(
            f"  face {number}: yaw {pose.yaw_deg:+.1f}°, pitch {pose.pitch_deg:+.1f}°, "
            f"roll {pose.roll_deg:+.1f}°, box {box.left:.0f} {box.top:.0f} {box.right:.0f} {box.bottom:.0f}, "
            f"score {face.score:.2f}, plausibility {face.plausibility:.3f}"
        )


def _read_image(path: Path) -> UInt8:
    import cv2

    if not path.is_file():
        raise InputError(f"photo {path}: not found")
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
    if image is None:
        raise InputError(f"photo {path}: expected an image that OpenCV can read (JPEG, PNG, BMP, WebP, TIFF)")
    return np.asarray(image, np.uint8)


def _encode(path: Path, picture: UInt8) -> bytes:
    import cv2

    try:
        ok, data = cv2.imencode(path.suffix or ".png", picture)
    except cv2.error:
        ok = False
    if not ok:
        raise InputError(f"--out {path}: expected an image suffix such as .png or .jpg, got {path.suffix!r}")
    return bytes(data)


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        if part.is_file():
            part.unlink()
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error


def _portrait() -> Path:
    for package, name in _PORTRAITS:
        found = importlib.util.find_spec(package)
        for folder in (found.submodule_search_locations or []) if found else []:
            if (Path(folder) / name).is_file():
                return Path(folder) / name
    raise InputError("the demo's portrait comes with matplotlib; run: pip install matplotlib")


if __name__ == "__main__":
    sys.exit(main())
