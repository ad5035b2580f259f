"""A process held to a lesser class of processor."""

from __future__ import annotations

import json
import platform
import shutil
import sys

import pytest

from benchmarks import latency, lowered, machine, ratios
from benchmarks.machine import features, kind_of
from sdk.errors import InputError

CAN = sys.platform == "linux" and platform.machine() == "x86_64" and shutil.which("cc") and "avx512f" in features()

PROBE = """
import json, sys
from numpy._core._multiarray_umath import __cpu_features__ as has
from benchmarks import machine
json.dump([machine.kind(), has["AVX2"], has["AVX512F"]], open(sys.argv[1], "w"))
"""


@pytest.mark.skipif(not CAN, reason="needs x86-64 Linux, AVX-512 and a C compiler")
def test_libraries_see_the_lesser_processor(tmp_path):
    pytest.importorskip("numpy._core")
    (tmp_path / "probe.py").write_text(PROBE)
    status = lowered.run(["avx2", str(tmp_path / "probe.py"), str(tmp_path / "found.json")])
    if status == 77:
        pytest.skip("cpuid cannot be trapped here")
    assert status == 0
    assert json.loads((tmp_path / "found.json").read_text()) == ["x86_64-avx2", True, False]


@pytest.mark.parametrize("arguments", [["sse9", "x.py"], ["avx2"]])
def test_unknown_classes_and_missing_arguments_are_refused(arguments):
    with pytest.raises(InputError, match="avx2"):
        lowered.run(arguments)


def record(features_or_kind, ms):
    environment = {"device": {"machine": "x86_64", "cpu": "a cpu"}}
    rows = [{"model": "m_int8", "stage": "network", "threads": 1, "p50_ms": ms, "ratio": ms / 2, "path": "crop"}]
    if isinstance(features_or_kind, str):
        return {"environment": environment, "processor": features_or_kind, "rows": rows}
    return {"environment": environment, "machine": {"features": features_or_kind}, "rows": rows}


def test_a_result_file_tells_its_class_even_an_older_one():
    assert kind_of(record("aarch64-asimd", 1.0)) == "aarch64-asimd"
    assert kind_of(record(["avx2", "avx512f", "avx_vnni", "avx512_vnni"], 1.0)) == "x86_64-avx512_vnni"
    assert kind_of(record(["avx2"], 1.0)) == "x86_64-avx2"


def test_a_process_held_to_a_class_names_it(monkeypatch):
    monkeypatch.setattr(machine.platform, "machine", lambda: "x86_64")
    monkeypatch.setenv(machine.LOWERED_TO, "avx2")
    assert not {"avx512f", "avx512_vnni", "avx_vnni"} & set(machine.features())


def test_classes_lie_side_by_side():
    records = [record("x86_64-avx2", 4.0), record("x86_64-avx512_vnni", 1.0)]
    assert "| m_int8 | network | 4.00 (2.00) | 1.00 (0.50) |" in latency.class_table(records)
    assert "| crop | 2.00 | 0.50 |" in ratios.class_table(records)
