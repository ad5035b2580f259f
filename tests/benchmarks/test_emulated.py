"""Instructions on emulated processors."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.emulated import REFERENCE, SOURCE, EmulatedRow, measure, to_table

FILES = {
    "network": {"small": Path("small"), REFERENCE: Path("reference")},
    "track": {"small": Path("small.tflite")},
}


def count(cpu: str, stage: str, path: Path, calls: int) -> int:
    """Of a processor whose start-up takes far more than a call."""
    each = {"small": 3, "reference": 12, "small.tflite": 6}[path.name]
    return 10**9 + calls * each * 10**6


def test_start_up_drops_out_and_ratios_are_to_the_reference():
    rows = {(r.model, r.stage): r for r in measure(count, FILES, ("cortex-a72",))}
    assert rows["small", "network"] == EmulatedRow("cortex-a72", "small", "network", 3.0, 0.25)
    assert rows[REFERENCE, "network"].ratio == 1.0
    assert rows["small", "track"] == EmulatedRow("cortex-a72", "small", "track", 6.0, 0.5)
    assert "| cortex-a72 | small | track | 6.0 | 0.50 |" in to_table(list(rows.values()))


def test_a_missing_emulator_and_folder_are_named(tmp_path, capsys):
    assert main(["emulated", "--arm", str(tmp_path)]) == 2
    assert "tests/arm/run.sh FOLDER" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_plugin_compiles_without_a_warning(tmp_path):
    command = [
        "cc",
        "-shared",
        "-fPIC",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        str(tmp_path / "count.so"),
        str(SOURCE),
    ]
    subprocess.run(command, check=True)
