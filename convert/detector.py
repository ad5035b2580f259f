"""A trained face detector as a model file: python -m convert.detector."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.pack import origin
from sdk.command import run_command
from sdk.errors import InputError
from sdk.options import check_options

UInt8 = npt.NDArray[np.uint8]

RECIPES = ("float32", "int8_ptq")
CALIBRATION_PHOTOS = 150

TERMS = (
    "Weights trained on photos of HELEN, LFPW and WIDER FACE: research purposes only; commercial use needs the "
    "consent of the data sets' authors (docs/model_card.md)."
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m convert.detector",
        description="Turn a trained face detector into a model file that FaceDetector loads.",
        epilog="Example: python -m convert.detector run/best.npz --data DATA/detection --out mine_int8.tflite",
    )
    parser.add_argument("weights", type=Path, help="best.npz of python -m train fit-detector")
    parser.add_argument("--recipe", default="int8_ptq", help="float32 or int8_ptq (default %(default)s)")
    parser.add_argument("--data", type=Path, help="folder of detection photos; its train split calibrates int8")
    parser.add_argument("--size", type=int, default=320, help="pixels per side of the input (default %(default)s)")
    parser.add_argument("--min-score", type=float, default=0.5, help="score of a face (default %(default)s)")
    parser.add_argument("--max-overlap", type=float, default=0.4, help="of two faces, IoU (default %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="the model file to write, .tflite")

    def body() -> None:
        options = parser.parse_args(arguments)
        check_options(options)
        _convert(options)

    return run_command(body)


def _convert(options: argparse.Namespace) -> None:
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from convert.recipes import recipe_by_name
    from sdk.detector_file import pack_detector
    from train.checkpoint import write_bytes
    from train.detection.photos import read_photos
    from train.detection.trained import load_detector

    recipe = recipe_by_name(options.recipe)
    if recipe.name not in RECIPES:
        raise InputError(f"recipe {recipe.name}: expected one of {', '.join(RECIPES)} for a face detector")
    if options.size < 64 or options.size % 32:
        raise InputError(f"--size: expected a multiple of 32 from 64 on, got {options.size}")
    network, note = load_detector(options.weights, size=options.size)
    frames: list[UInt8] = []
    if recipe.integer:
        if options.data is None:
            raise InputError(f"recipe {recipe.name}: expected --data, the photos it was trained on")
        frames = calibration_frames(read_photos(options.data, split="train"), size=options.size)
    content = pack_detector(
        to_tflite(network, frames),
        {
            "name": options.out.stem,
            "network": "face_detector",
            "input_size": options.size,
            "input_colour": "rgb",
            "input_scale": 1.0 / 255.0,
            "min_score": options.min_score,
            "max_overlap": options.max_overlap,
            "outputs": {
                "score": "logit of a face per cell of strides 8, 16, 32",
                "box": "distances to left, top, right, bottom of the landmark box, in strides",
                "roll": "cosine and sine of the roll, clockwise positive",
            },
            "recipe": recipe.name,
            "calibration_photos": len(frames),
            "training": note,
            "terms": TERMS,
            **origin(),
        },
    )
    write_bytes(options.out, content)
    print(f"{options.out}: {recipe.name}, {len(content) / 1e6:.2f} MB")


def calibration_frames(photos: Sequence[Any], *, size: int) -> list[UInt8]:
    """Inputs (size, size, 3) RGB of photos spread over the set, as FaceDetector would make them."""
    from sdk.face_detector import letterboxed

    step = max(1, len(photos) // CALIBRATION_PHOTOS)
    return [letterboxed(photo.read_image(), size)[0] for photo in photos[::step]]


def to_tflite(network: Any, frames: Sequence[UInt8]) -> bytes:
    """The network as a flatbuffer of batch 1: 8-bit integers calibrated on the frames, float32 without any."""
    import tensorflow as tf

    from convert.steps import converter_of, representative

    with converter_of(network, what="face detector") as converter:
        if frames:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: representative(
                frame[np.newaxis].astype(np.float32) / 255.0 for frame in frames
            )
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.uint8
        return bytes(converter.convert())


if __name__ == "__main__":
    sys.exit(main())
