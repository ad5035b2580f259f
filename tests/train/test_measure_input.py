"""How much of its time training waits for batches."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fit_runs import command, run, write_data

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def test_the_report_says_what_was_timed_and_how_long_training_waits():
    from train.measure_input import InputReport

    report = InputReport(
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
    assert report.waiting == pytest.approx(0.2)
    assert str(report).splitlines() == [
        "30 batches of 32 faces, 2 cores, load 0.3 before",
        "input alone    20.00 batches/s      50.0 ms",
        "step alone      2.50 batches/s     400.0 ms",
        "both            2.00 batches/s     500.0 ms",
        "training waits 20% of its time",
        "processor time: 60 ms for the input, 700 ms for the step",
    ]
    assert replace(report, both_s=0.39).waiting == 0.0


def test_the_command_prints_it(tmp_path):
    packed = write_data(tmp_path / "drawn")
    words = ["measure-input", str(packed), "--shape-model", str(packed / "shape.npz"), "--batches", "3"]
    text = run(command(*words, "--set", "network=tiny", "--set", "size=32", "--set", "batch=4"))
    assert "3 batches of 4 faces" in text
    assert "training waits" in text
    assert "ms for the step" in text
