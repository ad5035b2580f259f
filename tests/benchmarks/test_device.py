"""The file that devices send back."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks import device
from benchmarks.__main__ import main
from benchmarks.records import ROOT, read_record


def test_the_file_is_complete_and_as_the_schema_says(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(device.latency, "measure_stages", lambda *a, **k: [])  # has a test of its own
    out = tmp_path / "sent.json"
    assert main(["device", "--threads", "1", "--runs", "2", "--out", str(out)]) == 0
    record = read_record(out)
    assert {r["model"] for r in record["rows"]} >= {"accurate_int8", "mobilenet_v2_224_int8"}
    assert record["models"][0]["file_bytes"] > 500_000
    assert record["environment"]["device"]["model"]
    assert "please send it" in capsys.readouterr().out


def test_boards_and_phones_are_named(tmp_path, monkeypatch):
    (tmp_path / "model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    monkeypatch.setattr(device, "MODEL_FILES", (tmp_path / "missing", tmp_path / "model"))
    assert device.device_name() == "Raspberry Pi 5 Model B Rev 1.0"
    assert device.file_name(device.device_name()) == "latency--raspberry-pi-5-model-b-rev-1-0.json"
    assert device.file_name("???") == "latency--device.json"


@pytest.mark.parametrize("command", ["device", "latency"])
def test_wrong_counts_are_refused(command, capsys):
    assert main([command, "--runs", "0"]) == 2
    assert main([command, "--threads", "0"]) == 2
    assert "of 1 or more, got" in capsys.readouterr().err


def test_it_loads_the_runtime_alone():
    heavy = ("tensorflow", "keras", "jax", "scipy", "matplotlib", "jsonschema", "pytest_benchmark")
    code = (
        "import sys; from benchmarks.__main__ import main\n"
        "import benchmarks.device, benchmarks.readme, benchmarks.reference\n"
        f"benchmarks.reference.reference('int8'); print([m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
