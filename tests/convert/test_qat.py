"""Quantisation-aware fine-tuning, from best.npz to an int8 model; each run in a process of its own."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdk import InputError, ModelFile
from tests.packed_set import write_packed_set
from train.qat import RANGE, QatConfig

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
ROOT = Path(__file__).resolve().parents[2]


def process(*words: str | Path, status: int = 0) -> str:
    """Standard output of python -m WORDS, or its errors where it is to fail."""
    command = [sys.executable, "-m", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == status, done.stderr[-3000:]
    return done.stderr if status else done.stdout


def json_of(*words: str | Path) -> Any:
    return json.loads(process("tests.convert.qat_process", *words).splitlines()[-1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A drawn set, the shipped shape model and an untrained cnn6 as best.npz."""
    import keras

    from train.checkpoint import weights_of, write_arrays
    from train.config import config_from_dict
    from train.trained import build

    root = tmp_path_factory.mktemp("qat")
    write_packed_set(root / "data", train=16, val=6, size=96)
    write_arrays(root / "shape.npz", ModelFile.default().shape_model.arrays(), {})
    table = {"network": "cnn6", "size": 32, "width": 0.1, "batch": 8, "epochs": 4, "dropout": 0.0}
    more = {
        "extra_share": 1.0,
        "maps": {"loss": "cell_entropy", "weight": 2.0},
    }  # of the training, not of this one
    config = config_from_dict(table | more)
    keras.utils.set_random_seed(0)
    note = {"config": config.to_dict(), "epoch": 1, "val_nme": 99.0, "data": "drawn", "scheme": "ibug68"}
    write_arrays(root / "float.npz", weights_of(build(config, 68)), note)
    return root


@pytest.fixture(scope="module")
def told(folder) -> dict[str, Any]:
    return json_of("runs", folder)


def test_every_network_gets_its_grids():
    found = json_of("networks")
    expected = {  # convolutions and dense layers before the heads; outputs of kernels
        "asmnet": (48, 58),
        "mobilenet_v2": (52, 62),
        "cnn6": (6, 6),
        "cnn7": (7, 7),
        "efficientnet_b0": (81, 123),
        "asmnet_joint": (41, 50),
        "asmnet_code": (36, 43),
        "lite_joint": (48, 57),
    }
    assert {name: (row["weights"], row["observed"]) for name, row in found.items()} == expected
    for row in found.values():
        assert 0.0 < row["moved"] < 2.0  # untrained deep networks are not robust to rounding
        assert all(row["gradients"])
    assert found["cnn6"]["moved"] < 0.05


def test_fine_tuning_lowers_the_error_and_a_stopped_run_goes_on(told, folder):
    from train.checkpoint import read_arrays

    assert told["epochs_when_stopped"] == 1
    whole, resumed = told["best"]
    calibrated = read_arrays(folder / "whole" / "last.npz")[1]["history"][0]
    assert whole["val_nme"] + whole["val_jitter"] <= calibrated["val_nme"] + calibrated["val_jitter"]
    assert told["float"].keys() == {"val_nme", "val_jitter"}
    for name in told["float"]:
        assert resumed[name] == pytest.approx(whole[name], rel=1e-3)  # float32 sums of several threads
    a, b = (read_arrays(folder / name / "last.npz")[0] for name in ("whole", "stopped"))
    assert set(a) == set(b)
    for name, values in a.items():
        np.testing.assert_allclose(values, b[name], rtol=1e-3, atol=1e-5, err_msg=name)


def test_best_is_an_ordinary_best_with_ranges(told, folder):
    from convert.build import Source

    source = Source.load(folder / "whole" / "best.npz")
    assert source.ranges["conv1"] == source.ranges["pool1"]  # what a kernel hands on has its grid
    assert source.ranges["conv1"][0] == 0.0 < source.ranges["conv1"][1]
    assert not {"landmarks", "pose"} & set(source.ranges)
    assert source.note["fine_tuning"]["epochs"] == 2
    assert (source.note["epoch"], source.note["val_nme"]) == (1, 99.0)  # of the float training


def test_int8_answers_what_fine_tuning_saw(told, folder):
    from ai_edge_litert.interpreter import Interpreter

    from convert.build import Source
    from convert.recipes import INT8_QAT
    from convert.steps import to_tflite

    source, seen = Source.load(folder / "whole" / "best.npz"), np.load(folder / "emulated.npz")
    flatbuffer = to_tflite(source.network, recipe=INT8_QAT, calibration=seen["crops"], ranges=source.ranges)
    interpreter = Interpreter(model_content=flatbuffer)
    run = interpreter.get_signature_runner()
    answers = [run(image=crop[np.newaxis, ..., ::-1])["landmarks"][0] for crop in seen["crops"]]
    loss = np.abs(seen["rounded"] - seen["real"]).mean()
    assert np.abs(np.stack(answers) - seen["rounded"]).mean() < 0.3 * loss  # ties are rounded another way


def test_another_run_in_the_same_folder_is_refused(told, folder):
    words = [folder / "float.npz", "--data", folder / "data", "--shape-model", folder / "shape.npz"]
    errors = process("train", "qat", *words, "--out", folder / "whole", "--epochs", "7", status=2)
    assert "belongs to another run (differs in epochs, " in errors


def test_a_process_with_tensorflow_is_refused():
    import argparse

    import tensorflow  # noqa: F401

    from train.qat import run

    with pytest.raises(InputError, match="process of its own"):
        run(argparse.Namespace())


def test_settings_are_checked():
    with pytest.raises(InputError, match=r"imitation: expected 0\.0 to 1\.0, got 2"):
        QatConfig(imitation=2.0)
    assert RANGE.format("conv1") == "range/conv1"


def test_the_whole_chain_runs_from_one_command(folder):
    """Faces to a gated int8 model. The toy network is not good; the limits that are about that are wide."""
    limits = folder / "limits.toml"
    wide = {"drawn_nme": 1e3, "nme_change": 30.0, "landmarks_percent": 50.0, "landmarks_p95_percent": 100.0}
    wide |= {"point_percent": 100.0, "shift_percent": 20.0, "poses_apart_deg": 180.0, "pictures_most": 6.0}
    wide |= {
        "pose_deg": 10.0,
        "pose_mae_change_deg": 10.0,
        "jitter_ratio": 50.0,
        "free_jitter_ratio": 50.0,
        "float_macs_percent": 10.0,
    }
    lines = [f"{name} = {value}" for name, value in wide.items()]
    limits.write_text("[tool.asmnet_edge.gates]\n" + "\n".join(lines) + "\n")
    small = ["network=cnn6", "size=32", "width=0.1", "batch=8", "epochs=2", "warmup_epochs=1"]
    settings = [word for setting in small for word in ("--set", setting)]
    tuning = ["--qat", "--epochs 1 --moving-epochs 0 --calibration-batches 2", "--limits", limits]
    text = process("convert", "chain", folder / "data", "--out", folder / "chain", *settings, *tuning)
    assert "limits kept" in text
    assert (folder / "chain" / "asmnet_int8.md").read_text().startswith("# Model card: asmnet_int8")
    model = ModelFile.load(folder / "chain" / "asmnet_int8.tflite")
    assert model.metadata["fine_tuning"]["epochs"] == 1
