"""What the commands of python -m convert take."""

from __future__ import annotations

import argparse
from pathlib import Path

SPLIT_HELP = "of the set, for example test_common+test_challenging (default %(default)s)"


def parser() -> argparse.ArgumentParser:
    """The whole command line; `options.command` names the command."""
    top = argparse.ArgumentParser(
        prog="python -m convert",
        description="Turn trained networks into TFLite model files that FaceAligner loads, and show what it "
        "costs. Without a command: convert.",
        epilog="Example: python -m convert run/best.npz --shape-model shape_model.npz --recipe int8_ptq "
        "--data DATA/300W --out mine_int8.tflite",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _add_convert(commands)
    _add_compare(commands)
    _add_layers(commands)
    _add_gate(commands)
    _add_about(commands)
    _add_variants(commands)
    _add_networks(commands)
    _add_chain(commands)
    return top


Commands = argparse._SubParsersAction  # the class has no public name


def _add_convert(commands: Commands[argparse.ArgumentParser]) -> None:
    convert = commands.add_parser(
        "convert",
        help="make a model file of trained weights",
        description="Turn a trained network into a TFLite model file that FaceAligner loads.",
    )
    convert.add_argument("weights", type=Path, help="best.npz of python -m train fit, or of python -m train qat")
    _add_sources(convert)
    convert.add_argument(
        "--recipe",
        default="int8_ptq",
        help="float32, float16, dynamic (8-bit weights), int8_ptq (8-bit integers after training), int8_qat (with "
        "the ranges of python -m train qat) or int16x8 (default %(default)s)",
    )
    convert.add_argument("--input", help="type of the input: float32, uint8 or int8 (default: the recipe's)")
    convert.add_argument(
        "--heads",
        help="float: pooling and heads in float32; outside: left to the reader of the file, for networks of mean "
        "places; integer: all on integers (default: the recipe's)",
    )
    convert.add_argument("--outputs", help="float32 or integer; integer needs --heads integer (default: float32)")
    convert.add_argument("--out", type=Path, required=True, help="the model file to write, .tflite")


def _add_compare(commands: Commands[argparse.ArgumentParser]) -> None:
    compare = commands.add_parser(
        "compare",
        help="differences of two model files, in numbers",
        description="What model B costs and gains against model A: outputs, landmarks, pose, accuracy, jitter on "
        "still faces with sensor noise, size and latency (in turns).",
        epilog="Example: python -m convert compare models/accurate_float32.tflite "
        "sdk/models/accurate_int8.tflite --data DATA/300W --split val",
    )
    compare.add_argument("a", type=Path, metavar="A", help="model file, usually float32")
    compare.add_argument("b", type=Path, metavar="B", help="model file to compare with it")
    _add_faces(compare)
    compare.add_argument("--threads", type=int, default=1, help="for the latency (default %(default)s)")
    compare.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")


def _add_layers(commands: Commands[argparse.ArgumentParser]) -> None:
    layers = commands.add_parser(
        "layers",
        help="where an integer model loses, layer by layer",
        description="Errors of an integer model's activations against those of the float model of the same "
        "network: of the layer's own grid, and in all.",
    )
    layers.add_argument("a", type=Path, metavar="FLOAT", help="model file in float32")
    layers.add_argument("b", type=Path, metavar="INTEGER", help="model file on integers")
    _add_faces(layers)
    layers.add_argument("--faces", type=int, default=20, help="how many to look at (default %(default)s)")
    layers.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")


def _add_gate(commands: Commands[argparse.ArgumentParser]) -> None:
    gate = commands.add_parser(
        "gate",
        help="refuse a model that costs too much",
        description="Hold a model file to limits: status 0 if it keeps all, else 1. Looks at drawn faces and "
        "public-domain portraits, and at a packed set where --data gives one.",
    )
    gate.add_argument("model", type=Path, help="model file to ship")
    gate.add_argument("--reference", type=Path, required=True, help="the float32 model file of the same training")
    gate.add_argument(
        "--limits",
        type=Path,
        help="TOML file with a section [tool.asmnet_edge.gates] (default: NAME.limits.toml beside the model; "
        "where there is none, the reference says what size the model may have)",
    )
    gate.add_argument("--expected", type=Path, help="answers that python -m convert expect wrote of the model")
    _add_faces(gate)
    gate.add_argument("--json", type=Path, metavar="FILE", help="also write the checks here")


def _add_about(commands: Commands[argparse.ArgumentParser]) -> None:
    card = commands.add_parser("card", help="a model card in Markdown, made of the file's metadata")
    card.add_argument("model", type=Path)
    card.add_argument("--out", type=Path, help="file to write (default: the screen)")
    expect = commands.add_parser(
        "expect",
        help="record what models answer, for the gate and for other interpreters",
        description="Answers of the network and of FaceAligner on drawn faces and public-domain portraits: an "
        ".npz to commit for each model.",
    )
    expect.add_argument("model", type=Path, nargs="+")
    expect.add_argument("--out", type=Path, required=True, help="folder for NAME_answers.npz of each model")
    expect.set_defaults(files=())
    inspect = commands.add_parser("inspect", help="metadata and graph of a model file, as JSON")
    inspect.add_argument("model", type=Path)
    pack = commands.add_parser(
        "pack",
        help="give a plain .tflite the metadata and shape model of a model file",
        description="For a flatbuffer that was changed by other tools: checksums are made anew.",
    )
    pack.add_argument("flatbuffer", type=Path, help="a .tflite; what is appended to it is left out")
    pack.add_argument("--like", type=Path, required=True, help="model file to take metadata and shape model from")
    pack.add_argument("--name", help="name to give it (default: that of --like)")
    pack.add_argument("--out", type=Path, required=True, help="the model file to write")


def _add_variants(commands: Commands[argparse.ArgumentParser]) -> None:
    variants = commands.add_parser(
        "variants",
        help="all recipes of trained networks, made, measured and tabled",
        description="Convert each network by every recipe and compare with its float32 model; one line where a "
        "recipe does not work. Fine-tuned weights, named after those they were made of, give the recipe int8_qat.",
    )
    variants.add_argument("weights", type=Path, nargs="+", help="best.npz, of any networks")
    _add_sources(variants, data=True)
    variants.add_argument("--split", default="val", help=SPLIT_HELP)
    variants.add_argument("--out", type=Path, help="Markdown file whose marked part is replaced")


def _add_networks(commands: Commands[argparse.ArgumentParser]) -> None:
    networks = commands.add_parser(
        "networks",
        help="all recipes of all networks of the registry, untrained",
        description="Convert each network of train/networks with random weights by every recipe; one line where "
        "a recipe does not work.",
    )
    networks.add_argument("--size", type=int, default=64, help="pixels per side (default %(default)s)")
    networks.add_argument("--out", type=Path, help="Markdown file whose marked part is replaced")


def _add_chain(commands: Commands[argparse.ArgumentParser]) -> None:
    chain = commands.add_parser(
        "chain",
        help="from annotated faces to a gated int8 model",
        description="Fit the shape model, train, fine-tune on int8 grids, convert, gate and write the model card. "
        "Stopped, the same command goes on: training and fine-tuning resume, the rest is made again.",
    )
    chain.add_argument("data", type=Path, help="folder of a packed set")
    chain.set_defaults(files=("shape_model.npz",))
    chain.add_argument("--out", type=Path, required=True, help="folder for everything that is made")
    chain.add_argument("--config", type=Path, help="of the training, for example train/recipes/accurate.toml")
    chain.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting of it"
    )
    chain.add_argument("--qat", default="", metavar="OPTIONS", help="of python -m train qat, in one word")
    chain.add_argument(
        "--limits", type=Path, help="TOML file of the gate (default: the float model says what size is fine)"
    )
    chain.add_argument("--name", default="asmnet", help="beginning of the models' names (default %(default)s)")


def _add_sources(command: argparse.ArgumentParser, *, data: bool = False) -> None:
    command.add_argument("--shape-model", type=Path, required=True, help="the shape model it was trained with")
    command.add_argument(
        "--data", type=Path, required=data, help="packed set whose train split calibrates integer recipes"
    )
    command.add_argument(
        "--calibration-faces", type=int, default=2000, help="at most so many faces calibrate (default %(default)s)"
    )


def _add_faces(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", type=Path, help="packed set (default: drawn faces and public-domain portraits)")
    command.add_argument("--split", default="val", help=SPLIT_HELP)
