"""Command line: asmnet predict | video | demo | inspect | doctor."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from pathlib import Path

from sdk import __version__, cli_detector, cli_predict, cli_video, doctor
from sdk.aligner import FaceAligner
from sdk.command import run_command
from sdk.errors import InputError
from sdk.model_file import ModelFile
from sdk.targets import check_targets

_PORTRAITS = (("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"), ("skimage", "data/astronaut.png"))


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 done, 1 no face found, 2 wrong input, 128 + a signal's number."""

    def body() -> int:
        options = _parser().parse_args(arguments)
        return int(options.run(options))

    return run_command(body)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="asmnet", description="Find faces in photos: 68 landmarks and the head pose of each."
    )
    parser.add_argument("--version", action="version", version=f"asmnet-edge {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    _add_model(cli_predict.add_parser(commands))

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
        help="accurate (default), fast, or a model file, of an aligner or a detector",
    )
    inspect.set_defaults(run=_inspect)

    _add_model(cli_video.add_parser(commands))
    doctor.add_parser(commands)
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, help="accurate (default), fast, or a model file of your own")
    parser.add_argument("--threads", type=int, help="threads of the interpreter (default 1)")
    cli_detector.add_options(parser)


def _demo(options: argparse.Namespace) -> int:
    options.json, options.quality, options.errors = None, False, False
    portrait = _portrait()
    check_targets([("--out", options.out)], [("portrait", portrait), *cli_detector.models_read(options)])
    detector = cli_detector.detector_from(options)
    with FaceAligner(options.model, detector=detector, num_threads=options.threads) as aligner:
        return 0 if cli_predict.mark(aligner, portrait, options.out, options)["faces"] else 1


def _inspect(options: argparse.Namespace) -> int:
    preset = ModelFile.default() if options.model is None else ModelFile.named(str(options.model))
    metadata = cli_detector.metadata_of(options.model) if preset is None else preset.metadata
    print(json.dumps(dict(metadata), indent=2))
    return 0


def _portrait() -> Path:
    for package, name in _PORTRAITS:
        found = importlib.util.find_spec(package)
        for folder in (found.submodule_search_locations or []) if found else []:
            if (Path(folder) / name).is_file():
                return Path(folder) / name
    raise InputError("the demo's portrait comes with matplotlib; run: pip install matplotlib")


if __name__ == "__main__":
    sys.exit(main())
