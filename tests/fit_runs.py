"""Tiny trainings for tests: on drawn faces, in this process or in one of their own."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tests import tiny_fit
from tests.packed_set import write_packed_set

ROOT = Path(__file__).resolve().parents[1]
TINY = ["network=tiny", "size=32", "batch=4", "epochs=3", "warmup_epochs=1", "dropout=0.2"]


def write_data(root: Path) -> Path:
    """A packed set of drawn faces with shape.npz beside it; returns its folder."""
    from train.checkpoint import write_arrays
    from train.datasets import read_packed
    from train.fit_shape import fit_shape_model

    write_packed_set(root, size=96)
    faces = np.stack([sample.landmarks for sample in read_packed(root, split="train")])
    write_arrays(root / "shape.npz", fit_shape_model(faces).arrays(), {})
    return root


def fit_here(data: Path, out: Path, *settings: str, **options: Any) -> Any:
    """`train.loop.fit` of the tiny network in this process; TINY, then the settings."""
    from sdk.shape_model import ShapeModel
    from train.checkpoint import read_arrays
    from train.config import load_config
    from train.datasets import read_packed
    from train.loop import Options, fit

    tiny_fit.register()
    train, val = (read_packed(data, split=split) for split in ("train", "val"))
    shape_model = ShapeModel.from_arrays(read_arrays(data / "shape.npz")[0])
    return fit(train, val, shape_model, load_config(None, [*TINY, *settings]), out, Options(**options))


def fit_stopped_after(
    epochs: int, monkeypatch: Any, data: Path, out: Path, *settings: str, **options: Any
) -> None:
    """`fit_here`, interrupted as by Ctrl-C when so many epochs are saved."""
    import pytest

    from train.run_folder import RunFolder

    save = RunFolder.save

    def stop(self: Any, network: Any, averaged: Any, history: Any, note: Any) -> None:
        save(self, network, averaged, history, note)
        if len(history) == epochs:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            fit_here(data, out, *settings, **options)


def command(*arguments: str, module: str = "tests.tiny_fit") -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def fit_arguments(data: Path, out: Path, *settings: str) -> list[str]:
    arguments = ["fit", str(data), "--shape-model", str(data / "shape.npz"), "--out", str(out)]
    for setting in settings:
        arguments += ["--set", setting]
    return arguments


def run(words: list[str], *, status: int = 0, **variables: str) -> str:
    """Output and errors of a command, which must end with `status`."""
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, env=environment(**variables), check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def environment(**variables: str) -> dict[str, str]:
    """One thread and fixed sums: the same command gives the same numbers."""
    fixed = {"TF_DETERMINISTIC_OPS": "1", "TF_NUM_INTRAOP_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    return {**os.environ, **fixed, **variables}


def history(out: Path) -> np.ndarray:
    """Epoch, loss, learning rate and val NME, a row an epoch."""
    with (out / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    return np.array([[float(row[k]) for k in ("epoch", "loss", "learning_rate", "val_nme")] for row in rows])
