"""Command line: python -m convert."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from sdk.errors import SdkError


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m convert",
        description="Turn a trained network into a TFLite model file that FaceAligner loads.",
        epilog="Example: python -m convert run/best.npz --shape-model shape_model.npz --recipe int8_ptq "
        "--data DATA/300W --out mine_int8.tflite",
    )
    parser.add_argument("weights", type=Path, help="best.npz of python -m train fit")
    parser.add_argument("--shape-model", type=Path, required=True, help="the shape model it was trained with")
    parser.add_argument(
        "--recipe",
        default="int8_ptq",
        help="float32, or int8_ptq: 8-bit integers after training (default %(default)s)",
    )
    parser.add_argument("--data", type=Path, help="packed set whose train split calibrates integer recipes")
    parser.add_argument(
        "--calibration-faces", type=int, default=2000, help="at most so many faces calibrate (default %(default)s)"
    )
    parser.add_argument("--out", type=Path, required=True, help="the model file to write, .tflite")
    options = parser.parse_args(arguments)
    try:
        _convert(options)
    except SdkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _convert(options: argparse.Namespace) -> None:
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from convert.pack import describe
    from convert.recipes import recipe_by_name
    from convert.steps import to_tflite
    from sdk.errors import InputError
    from sdk.model_file import pack
    from sdk.shape_model import ShapeModel
    from train.batches import jittered_crops
    from train.checkpoint import read_arrays, write_bytes
    from train.datasets import read_packed
    from train.loop import load_trained

    recipe = recipe_by_name(options.recipe)
    if recipe.integer and options.data is None:
        raise InputError(f"recipe {recipe.name}: expected --data, the packed set it was trained on")
    network, config, note = load_trained(options.weights)
    shape_model = ShapeModel.from_arrays(read_arrays(options.shape_model)[0])
    calibration = None
    if recipe.integer:
        samples = read_packed(options.data, split="train")
        step = max(1, len(samples) // options.calibration_faces)
        calibration, _ = jittered_crops(samples[::step], size=config.size, margin=config.margin)
    flatbuffer = to_tflite(network, recipe=recipe, calibration=calibration)
    metadata = describe(
        config,
        recipe,
        name=options.out.stem,
        training=note,
        data=note.get("data", "unknown"),
        faces=0 if calibration is None else len(calibration),
    )
    content = pack(flatbuffer, shape_model, metadata)
    write_bytes(options.out, content)
    print(f"{options.out}: {recipe.name}, {len(content) / 1e6:.2f} MB")


if __name__ == "__main__":
    sys.exit(main())
