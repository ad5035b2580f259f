"""The command line's options of the face detector."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sdk.detector_file import DetectorFile
from sdk.face_detector import FaceDetector
from sdk.files import read_file
from sdk.model_file import ModelFile
from sdk.packing import DETECTOR, kind_of


def add_options(parser: argparse.ArgumentParser) -> None:
    """--detector and --min-score."""
    parser.add_argument(
        "--detector",
        type=Path,
        metavar="FILE",
        help="a detector's file of your own (default: the one that comes along)",
    )
    parser.add_argument(
        "--min-score",
        type=float,
        metavar="S",
        help="drop detections that score less, 0 to 1 (default: the file's)",
    )


def detector_from(options: argparse.Namespace) -> FaceDetector:
    """The detector that the options ask for.

    Raises:
        InputError, ModelFileError: an option is out of range, or the file cannot be used.
    """
    return FaceDetector(options.detector, min_score=options.min_score, num_threads=options.threads)


def models_read(options: argparse.Namespace) -> list[tuple[str, Path]]:
    """The model files that the options name, as `sdk.targets` takes what is read."""
    given = (("model", options.model), ("detector", options.detector))
    return [(name, path) for name, path in given if path is not None]


def metadata_of(path: Path) -> Mapping[str, Any]:
    """What a model file says of itself, be it an aligner or a detector.

    Raises:
        ModelFileError: it is missing, damaged, or neither.
    """
    content = read_file(path)
    load = DetectorFile.from_bytes if kind_of(content) == DETECTOR else ModelFile.from_bytes
    return load(content, origin=str(path)).metadata
