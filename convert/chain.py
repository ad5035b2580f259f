"""The whole way from annotated faces to a gated int8 model: one command that runs the others."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sdk.command import run_process

Words = Sequence[str | Path]


def steps(options: argparse.Namespace) -> Iterator[Words]:
    """The commands in their order, each as `python -m` takes it."""
    data, out = options.data, options.out
    shape, network, tuned = out / "shape_model.npz", out / "float" / "best.npz", out / "qat" / "best.npz"
    real, integer = (out / f"{options.name}_{kind}.tflite" for kind in ("float32", "int8"))
    shared: Words = ("--data", data, "--shape-model", shape)
    settings = [word for setting in options.set for word in ("--set", setting)]
    config = ["--config", options.config] if options.config else []
    yield "train", "fit-shape", data, "--out", shape
    yield "train", "fit", data, "--shape-model", shape, "--out", network.parent, *config, *settings
    yield "train", "qat", network, *shared, "--out", tuned.parent, *options.qat.split()
    yield "convert", network, *shared, "--recipe", "float32", "--out", real
    yield "convert", tuned, *shared, "--recipe", "int8_qat", "--out", integer
    limits = ["--limits", options.limits] if options.limits else []
    yield "convert", "gate", integer, "--reference", real, "--data", data, *limits
    yield "convert", "card", integer, "--out", integer.with_suffix(".md")


def run(options: argparse.Namespace) -> int:
    """Each step in a process of its own; the status of the first that fails, else 0."""
    options.out.mkdir(parents=True, exist_ok=True)
    for words in steps(options):
        print("$ python -m " + " ".join(map(str, words)), flush=True)
        if status := run_process([sys.executable, "-m", *map(str, words)]):
            return status
    return 0
