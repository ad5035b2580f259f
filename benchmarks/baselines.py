"""The models that are compared: those of this project and the baselines, in every format that convert makes.

Baselines have random weights, since neither speed nor size depends on what they learned. They are converted when
first asked for and kept in the user's cache, outside the repository.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.records import ROOT
from sdk.errors import InputError, SdkError
from sdk.missing import how_to_install
from sdk.model_file import ModelFile, pack

RECIPE_OF = {"float32": "float32", "float16": "float16", "dynamic": "dynamic", "int8": "int8_ptq"}
"""Formats in the order of their size, and the recipes of `convert` that make them."""

REFERENCE = "mobilenet_v2_224_int8"
"""What ratios are taken to."""

CALIBRATION_CROPS = 8
"""Drawn faces: they set ranges, on which speed does not depend."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network to compare; with `weights`, a best.npz, a trained one of this project."""

    name: str
    network: str
    size: int
    weights: Path | None = None


BASELINES = (
    Candidate("asmnet_224", "asmnet", 224),
    Candidate("mobilenet_v2_224", "mobilenet_v2", 224),
    Candidate("efficientnet_b0_224", "efficientnet_b0", 224),
)


def candidates() -> list[Candidate]:
    """The trained networks of the checkout's models/, then the baselines."""
    from train.checkpoint import read_arrays

    found = []
    for path in sorted((ROOT / "models").glob("*.npz")):
        note = read_arrays(path)[1]
        config = note.get("config", {})
        if "network" in config and "fine_tuning" not in note:  # no detector; fine-tuned weights ship as int8
            found.append(Candidate(path.stem, config["network"], int(config["size"]), path))
    return [*found, *BASELINES]


def formats() -> list[str]:
    """Those of RECIPE_OF that this version of convert makes."""
    from convert.recipes import RECIPES

    return [name for name, recipe in RECIPE_OF.items() if recipe in RECIPES]


def cache_folder() -> Path:
    """XDG_CACHE_HOME/asmnet-edge, else ~/.cache/asmnet-edge."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "asmnet-edge"


def shipped(candidate: Candidate, format_name: str) -> Path | None:
    """The file of this format that comes along, if there is one."""
    name = f"{candidate.name}_{format_name}.tflite"
    found = [p for p in (ROOT / "sdk" / "models" / name, ROOT / "models" / name) if p.is_file()]
    return found[0] if candidate.weights and found else None


def model_path(candidate: Candidate, format_name: str) -> Path:
    """A model file, converted into the cache if it is neither shipped nor there already.

    Conversion runs in a process of its own, so that TensorFlow is not loaded where time is taken.
    """
    path = _file(candidate, format_name)
    if not path.is_file():
        print(f"converting {candidate.name} to {format_name} ...", flush=True)
        command = [sys.executable, "-m", "benchmarks", "models", candidate.name, "--format", format_name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode or not path.is_file():
            raise SdkError(f"{' '.join(command[1:])}: {done.stderr.strip()[-2000:] or done.stdout[-2000:]}")
    return path


def _file(candidate: Candidate, format_name: str) -> Path:
    name = f"{candidate.name}_{format_name}-{_digest(candidate)}.tflite"
    return shipped(candidate, format_name) or cache_folder() / name


def model_paths(names: Sequence[str] | None = None, chosen: Sequence[str] | None = None) -> dict[str, Path]:
    """Files by name, such as accurate_int8, of the candidates and formats named; of all and what is shipped."""
    paths = {f"{c.name}_{f}": model_path(c, f) for c in _named(names) for f in chosen or formats()}
    shipped_files = {} if names else {p.stem: p for p in sorted((ROOT / "sdk" / "models").glob("*.tflite"))}
    return {**{n: p for n, p in shipped_files.items() if not chosen or n.endswith(tuple(chosen))}, **paths}


def _named(names: Sequence[str] | None) -> list[Candidate]:
    known = candidates()
    unknown = set(names or ()) - {c.name for c in known}
    if unknown:
        raise InputError(
            f"model {sorted(unknown)[0]}: expected a file or one of {', '.join(c.name for c in known)}"
        )
    return [c for c in known if not names or c.name in names]


def convert_candidate(candidate: Candidate, chosen: Sequence[str]) -> Iterator[Path]:
    """Convert to each format in turn; needs the extra `convert`."""
    if not chosen:
        return
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from convert.recipes import recipe_by_name
    from convert.steps import to_tflite
    from train.checkpoint import write_bytes
    from train.networks import build_network
    from train.trained import load_trained

    keras.utils.set_random_seed(0)
    if candidate.weights is None:
        network = build_network(keras, candidate.network, size=candidate.size)
    else:
        network = load_trained(candidate.weights)[0]
    crops = _crops(candidate.size)
    for name in chosen:
        flatbuffer = to_tflite(network, recipe=recipe_by_name(RECIPE_OF[name]), calibration=crops)
        path = _file(candidate, name)
        write_bytes(path, as_model_file(flatbuffer, f"{candidate.name}_{name}", candidate.size))
        yield path


def as_model_file(flatbuffer: bytes, name: str, size: int) -> bytes:
    """A file that FaceAligner takes: the shipped model's shape model and metadata around another network."""
    like = ModelFile.default()
    metadata = {**like.metadata, "name": name, "input_size": size, "training": "for timing only"}
    return pack(flatbuffer, like.shape_model, metadata)


def _crops(size: int) -> np.ndarray:
    from sdk.testing import rendered_face

    rng = np.random.default_rng(0)
    return np.stack([rendered_face(rng, size=size)[0] for _ in range(CALIBRATION_CROPS)])


@cache
def _digest(candidate: Candidate) -> str:
    """Changes with whatever changes the files: the network, convert, versions, weights."""
    seen = hashlib.sha256()
    sources = [*_sources(candidate.network), ROOT / "convert" / "steps.py", ROOT / "convert" / "recipes.py"]
    for path in (*sources, *([candidate.weights] if candidate.weights else [])):
        seen.update(path.read_bytes())
    for package in ("tensorflow", "keras"):
        try:
            seen.update(importlib.metadata.version(package).encode())
        except importlib.metadata.PackageNotFoundError:
            raise InputError(
                f"{candidate.name}: {package} is not installed, and converting needs it; "
                f"{how_to_install('convert')}; or name .tflite files"
            ) from None
    return seen.hexdigest()[:12]


def _sources(network: str) -> list[Path]:
    """Files of train.networks that a builder comes from: its module and what that takes from the others."""
    from train.networks import NETWORKS

    names = [NETWORKS[network].__module__]
    for name in names:
        taken = {getattr(value, "__module__", "") for value in vars(sys.modules[name]).values()}
        names += sorted(n for n in taken if str(n).startswith("train.networks.") and n not in names)
    return [Path(str(sys.modules[name].__file__)) for name in sorted(names)]


def add_parser(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "models",
        help="convert the baselines into the cache and list their files",
        description="Convert the models that are compared, in each format, and print where they are. Trained: "
        "those of models/. Baselines have random weights: they are for timing and counting only.",
    )
    parser.add_argument("name", nargs="*", metavar="NAME", help="default: all of them")
    parser.add_argument("--format", action="append", choices=list(RECIPE_OF), help="repeat for more; default: all")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Convert what is missing and print the paths."""
    for candidate in _named(options.name):
        wanted = options.format or formats()
        list(convert_candidate(candidate, [f for f in wanted if not _file(candidate, f).is_file()]))
        for name in wanted:
            path = _file(candidate, name)
            print(f"{candidate.name}_{name}: {path}, {path.stat().st_size} bytes", flush=True)
