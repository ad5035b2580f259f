"""How much of its time training waits for batches."""

from __future__ import annotations

import json
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fit_runs import command, run, write_data
from train.input_report import InputReport, to_json, to_table

REPORT = InputReport(
    network="asmnet",
    size=128,
    faces=32,
    batches=30,
    input_s=0.05,
    step_s=0.4,
    both_s=0.5,
    input_cpu_s=0.06,
    step_cpu_s=0.7,
    cores=2,
    load=0.26,
)

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def test_the_report_says_what_was_timed_and_how_long_training_waits():
    assert REPORT.waiting == pytest.approx(0.2)
    assert str(REPORT).splitlines() == [
        "30 batches of 32 faces, 2 cores, load 0.3 before",
        "input alone    20.00 batches/s      50.0 ms",
        "step alone      2.50 batches/s     400.0 ms",
        "both            2.00 batches/s     500.0 ms",
        "training waits 20% of its time",
        "processor time: 60 ms for the input, 700 ms for the step",
    ]
    assert replace(REPORT, both_s=0.39).waiting == 0.0


def test_a_record_gives_its_table_again_and_no_clock_of_a_busy_machine():
    record = json.loads(to_json(REPORT, command="python -m train measure-input"))
    assert record["environment"]["command"] == "python -m train measure-input"
    *_, row = to_table(record).splitlines()
    assert row == "| asmnet, 128 px | 32 | 2 | 0.3 | 60 | 700 | 50 | 400 | 500 | 20% |"
    for load in (0.6, float("nan")):  # nan: a system that does not tell
        record["rows"][0]["load"] = load
        *_, row = to_table(record).splitlines()
        assert row.endswith("| 60 | 700 | - | - | - | - |")


def test_the_command_prints_it(tmp_path):
    packed = write_data(tmp_path / "drawn")
    words = ["measure-input", str(packed), "--shape-model", str(packed / "shape.npz"), "--batches", "3"]
    words += ["--out", str(tmp_path / "input--here.json")]
    text = run(command(*words, "--set", "network=tiny", "--set", "size=32", "--set", "batch=4"))
    assert "3 batches of 4 faces" in text
    assert "training waits" in text
    assert "ms for the step" in text
    record = json.loads((tmp_path / "input--here.json").read_text())
    assert str(tmp_path) not in json.dumps(record)
    assert "measure-input drawn --shape-model shape.npz --set network=tiny" in record["environment"]["command"]
    assert (record["rows"][0]["network"], record["rows"][0]["batches"]) == ("tiny", 3)
