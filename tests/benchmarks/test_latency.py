"""The latency benchmark: rows, order and ratios."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import baselines, machine, timings
from benchmarks.__main__ import _parser, main
from benchmarks.c_library import STAGE, tracked_frame
from benchmarks.cold import cold_start
from benchmarks.flops import count, macs_of
from benchmarks.latency import (
    LatencyRow,
    frame_with_face,
    measure_networks,
    measure_stages,
    network_table,
    stage_table,
    summary_table,
    to_table,
)
from benchmarks.records import ROOT
from benchmarks.reference import emptied, filled, reference
from benchmarks.stages import STAGES, stages
from convert.graph import read_graph
from convert.timing import interleaved
from sdk import BackendError, FaceAligner, InputError, ModelFile
from sdk.interpreter import TfliteInterpreter

SHIPPED = ROOT / "sdk" / "models" / "accurate_int8.tflite"


def test_a_row_per_model_and_ratios_to_the_reference():
    rows = measure_networks({"a": ModelFile.default(), "b": ModelFile.default()}, "a", runs=5)
    assert [(r.stage, r.model) for r in rows] == [("network", "a"), ("network", "b")]
    assert all(0 < r.p50_ms <= r.p95_ms for r in rows)
    assert rows[0].ratio == 1.0
    assert math.isclose(rows[1].ratio, rows[1].p50_ms / rows[0].p50_ms)
    assert len(to_table(rows).splitlines()) == 2 + len(rows)


def test_the_summary_is_of_one_thread_and_what_users_call():
    def row(model, stage, threads):
        return LatencyRow(model, stage, threads, 9, 1.0, 2.0, 0.5)

    kept = [row("a_int8", "network", 1), row("b_float32", "predict", 1)]
    left_out = [row("a_int8", "network", 2), row("a_int8", "decode", 1), row("a_dynamic", "network", 1)]
    assert summary_table([*kept, *left_out]) == to_table(kept)


def test_tables_have_a_column_per_format_and_per_stage():
    def row(model, stage, threads, ms):
        return LatencyRow(model, stage, threads, 9, ms, 2 * ms, ms / 2)

    rows = [
        row("a_1_int8", "network", 1, 1.0),
        row("a_1_float32", "network", 1, 3.0),
        row("b_int8", "network", 2, 2.0),
    ]
    rows.append(row("a_1_int8", "crop", 1, 0.25))
    assert network_table(rows).splitlines() == [
        "| network | threads | float32 ms | float16 ms | dynamic ms | int8 ms |",
        "|---|---:|---:|---:|---:|---:|",
        "| a_1 | 1 | 3.00 (1.50) | - | - | 1.00 (0.50) |",
        "| b | 2 | - | - | - | 2.00 (1.00) |",
    ]
    assert stage_table(rows).splitlines()[2:] == ["| a_1_int8 | 1 | 1.00 | - | 0.25 | - | - | - | - |"]


def test_a_row_per_stage():
    rows = measure_stages(FaceAligner(), ModelFile.default(), runs=3, only=("crop", "track"))
    assert [(r.model, r.stage) for r in rows] == [("accurate_int8", "crop"), ("accurate_int8", "track")]


def test_every_stage_runs_and_gives_what_it_should():
    calls = stages(FaceAligner(), 1)
    assert set(calls) == set(STAGES)
    assert calls["crop"]().shape == (160, 160, 3)
    assert len(calls["predict"]()) == len(calls["detect"]()) == 1
    first, second = calls["track"](), calls["track"]()
    assert [t.id for t in first] == [t.id for t in second] == [1]
    face = calls["decode"]()
    assert abs(face.pose.yaw_deg) < 45
    assert face.box.overlap(calls["align"]().box) > 0.95


def test_turns_are_taken_and_warm_up_is_not_counted():
    order = []
    taken = interleaved({n: lambda n=n: order.append(n) for n in "ab"}, runs=3, warm_up=2)
    assert order == ["a", "b"] * 5
    assert {name: len(ms) for name, ms in taken.items()} == {"a": 3, "b": 3}


def test_the_frame_has_one_face_where_the_box_says():
    frame, box = frame_with_face()
    (face,) = FaceAligner().predict(frame)
    assert face.box.overlap(box) > 0.6
    assert frame.shape == (480, 640, 3)
    assert np.ptp(frame) > 100


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_the_reference_is_mobilenet_v2(kind):
    model = reference(kind)
    assert macs_of(count("m", model.flatbuffer)) / 1e6 == pytest.approx(299.7, abs=0.05)
    weights = [op.inputs[1] for op in read_graph(model.flatbuffer).operations if op.macs]
    assert all(np.any(t.values) and np.all(np.isfinite(t.values)) for t in weights)
    points, pose = TfliteInterpreter(model).run(np.zeros((224, 224, 3), np.uint8))
    assert np.isfinite(points).all()
    assert np.isfinite(pose).all()


def test_emptied_graphs_keep_all_but_their_weights():
    model = ModelFile.default().flatbuffer
    once = emptied(model)
    assert emptied(filled(once)) == once
    pairs = zip(read_graph(model).operations, read_graph(filled(once)).operations, strict=True)
    assert all((a.code, a.macs) == (b.code, b.macs) for a, b in pairs)


def test_an_unknown_reference_is_named():
    with pytest.raises(InputError, match="expected one of float32, int8"):
        reference("int4")


def test_a_reference_without_its_interpreter_says_what_to_do(monkeypatch):
    reference.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BackendError, match="needs ai-edge-litert to be opened"):
        reference("int8")


def test_pinning_keeps_to_as_many_processors():
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system has no pinning")
    allowed = machine.processors()
    pinned = machine.pin(1)
    assert pinned is None or (len(pinned) == 1 and os.sched_getaffinity(0) == set(pinned))
    assert machine.pin(10**6) is None
    machine.unpin(allowed)
    assert machine.processors() == allowed


def test_the_state_of_the_machine_is_plain_data():
    state = json.loads(json.dumps(machine.state()))
    assert set(state) == {"load_average", "governors", "frequencies_mhz", "temperatures_c"}
    assert machine.busy({"load_average": [0.1, 0, 0]}) is None
    assert "the load was 3.0" in machine.busy({"load_average": [3.0, 0, 0]})


def test_temperatures_and_governors_are_read(tmp_path, monkeypatch):
    zone, cpu = tmp_path / "thermal" / "thermal_zone0", tmp_path / "cpu" / "cpu0" / "cpufreq"
    zone.mkdir(parents=True)
    cpu.mkdir(parents=True)
    (zone / "temp").write_text("51200\n")
    (zone / "type").write_text("cpu-thermal\n")
    (cpu / "scaling_governor").write_text("ondemand\n")
    (cpu / "scaling_cur_freq").write_text("1800000\n")
    monkeypatch.setattr(machine, "THERMAL", tmp_path / "thermal")
    monkeypatch.setattr(machine, "SYS", tmp_path / "cpu")
    state = machine.state()
    assert state["temperatures_c"] == {"thermal_zone0 cpu-thermal": 51.2}
    assert (state["governors"], state["frequencies_mhz"]) == (["ondemand"], [1800])


def test_a_cold_start_is_measured_in_a_process_of_its_own():
    start = cold_start(SHIPPED, repeats=1)
    assert start.import_ms > 0
    assert start.total_ms > start.import_ms
    assert start.peak_rss_mb is None or start.peak_rss_mb >= start.modules_rss_mb > 10


def test_memory_is_that_of_the_process_alone_not_of_the_one_that_started_it():
    ballast = np.ones(40_000_000)  # 320 MB
    code = "from benchmarks.machine import peak_rss_mb; print(peak_rss_mb())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    own = machine.peak_rss_mb()
    if own is None or not Path("/proc/self/status").is_file():
        pytest.skip("this system shows no peak of a process alone")
    assert own > ballast.nbytes / 1e6
    assert 3 < float(done.stdout) < 100


def test_the_command_records_what_it_prints(capsys, tmp_path):
    out = tmp_path / "latency.json"
    call = ["latency", "--model", str(SHIPPED), "--threads", "1", "--runs", "2", "--no-cold", "--out", str(out)]
    assert main(call) == 0
    record = json.loads(out.read_text())
    assert {r["stage"] for r in record["rows"]} == set(STAGES)
    assert record["reference"] == "mobilenet_v2_224_int8"
    assert "| mobilenet_v2_224_int8 | network | 1 |" in capsys.readouterr().out
    assert main(["latency", "--runs", "0"]) == 2


def test_timings_are_one_sequence_of_the_documented_commands(capsys, tmp_path):
    call = ["timings", "--dry-run", "--results", str(tmp_path), "--data", "DATA", "--with", "predictor=p.dat"]
    assert main(call) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("== ")]
    names = [line[3:].partition(":")[0] for line in lines]
    assert names == ["models", "flops", "latency", "roofline", "limits", "hot paths", "ratios", "peers"]
    for name, line in zip(names, lines, strict=True):
        words = line.partition(": python -m ")[2].split()
        if words[0] == "benchmarks":  # a command that exists, with options that it has
            assert _parser().parse_args(words[1:]).run is not None, name
    assert main(["timings", "--dry-run"]) == 0
    assert "peers" not in capsys.readouterr().out


def test_result_files_come_at_the_end_so_that_every_record_names_a_clean_commit(tmp_path, monkeypatch, capfd):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text("before")
    write = "import sys; from pathlib import Path; print(*map(Path.exists, map(Path, sys.argv[1:])))\n"
    write += "Path(sys.argv[-1]).write_text('after')"
    monkeypatch.setattr(timings.Step, "command", property(lambda s: [sys.executable, "-c", write, *s.arguments]))
    both = [timings.Step("a", (str(new),), out=new), timings.Step("b", (str(new), str(old)), out=old)]
    monkeypatch.setattr(timings, "steps", lambda *_, **__: iter(both))
    assert main(["timings", "--results", str(tmp_path)]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith(("True", "False"))] == ["False", "False True"]
    assert (old.read_text(), new.read_text()) == ("after", "after")


def test_a_baseline_is_converted_anew_when_its_own_sources_change():
    names = {path.name for path in baselines._sources("asmnet")}
    assert {"mobilenet.py", "heads.py"} <= names
    assert not names & {"efficientnet.py", "registry.py"}
    assert {path.name for path in baselines._sources("efficientnet_b0")} >= {"efficientnet.py", "heads.py"}


def test_a_step_that_fails_ends_the_sequence(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(
        timings, "steps", lambda *_, **__: iter([timings.Step("x", ("benchmarks", "ratios", "no"))])
    )
    assert main(["timings", "--results", str(tmp_path)]) == 2
    assert "x: exit status 2" in capfd.readouterr().err


def test_every_shipped_model_is_measured(monkeypatch, tmp_path):
    """Whatever its name is, and beside the formats of the trained networks."""
    (tmp_path / "sdk" / "models").mkdir(parents=True)
    for name in ("fast_int8", "asmnet_128_int8"):
        (tmp_path / "sdk" / "models" / f"{name}.tflite").touch()
    monkeypatch.setattr(baselines, "ROOT", tmp_path)
    monkeypatch.setattr(baselines, "candidates", lambda: [baselines.Candidate("asmnet_128", "asmnet", 128)])
    monkeypatch.setattr(baselines, "model_path", lambda c, f: tmp_path / f"{c.name}_{f}")
    assert set(baselines.model_paths()) == {f"asmnet_128_{f}" for f in baselines.formats()} | {"fast_int8"}
    assert set(baselines.model_paths(chosen=["float32"])) == {"asmnet_128_float32"}
    assert set(baselines.model_paths(["asmnet_128"], ["int8"])) == {"asmnet_128_int8"}


def test_what_is_no_c_library_is_refused(tmp_path):
    file = tmp_path / "libasmnet_edge.so"
    file.write_bytes(b"no library")
    with pytest.raises(BackendError, match=r"libasmnet_edge\.so: expected the library of bindings/c"):
        tracked_frame(file, SHIPPED, *frame_with_face())


@pytest.mark.skipif("ASMNET_C_LIBRARY" not in os.environ, reason="ASMNET_C_LIBRARY names no libasmnet_edge.so")
def test_the_c_tracker_takes_its_turns():
    call = tracked_frame(Path(os.environ["ASMNET_C_LIBRARY"]), SHIPPED, *frame_with_face())
    rows = measure_stages(FaceAligner(), ModelFile.default(), runs=3, only=("track",), more={STAGE: call})
    assert [r.stage for r in rows] == ["track", "track in C"]
    assert all(r.p50_ms > 0 for r in rows)
