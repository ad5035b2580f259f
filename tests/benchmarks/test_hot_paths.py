"""Speed of what runs in every frame, as ratios to MobileNetV2 in turns with it. The suite of pytest-benchmark:

python -m pytest tests/benchmarks/test_hot_paths.py --benchmark-json saved.json
python -m benchmarks ratios saved.json
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks import ratios
from benchmarks.__main__ import main
from benchmarks.ratios import LIMIT, PATHS, ROUNDS, hot_paths, lowest_ratio, measure_ratio, timer
from benchmarks.records import ROOT
from convert.timing import Call
from sdk import InputError


@pytest.fixture(scope="module")
def calls() -> Iterator[tuple[dict[str, Call], Call]]:
    with hot_paths() as found:
        yield found


@pytest.mark.benchmark(timer=timer, group="hot paths")
@pytest.mark.parametrize("path", PATHS)
def test_hot_path(benchmark, calls, path):
    call, against = calls[0][path], calls[1]
    reference_s = []

    def turn() -> None:
        started = timer()
        against()
        reference_s.append(timer() - started)

    benchmark.pedantic(call, setup=turn, rounds=ROUNDS, warmup_rounds=3)
    if benchmark.stats is None:
        pytest.skip("benchmarks are disabled")
    first = benchmark.stats.stats.median / float(np.median(reference_s[-ROUNDS:]))
    bound = ratios.bounds(ratios.baseline_path())[path]
    ratio = lowest_ratio(first, lambda: measure_ratio(call, against), bound)
    benchmark.extra_info.update(path=path, ratio=ratio)
    assert ratio <= bound, f"{path}: {ratio:.3f} of MobileNetV2, expected at most {bound:.3f}"


def test_a_processor_without_a_record_is_held_to_those_of_the_others(saved, tmp_path):
    for name, crop in (("a", 0.1), ("b", 0.3)):
        rows = saved(f"{name}.json", **dict.fromkeys(PATHS, crop))
        assert main(["ratios", str(rows), "--baseline", str(tmp_path / f"ratios--{name}.json"), "--update"]) == 0
    own, none = tmp_path / "ratios--a.json", tmp_path / "ratios--c.json"
    assert ratios.bounds(own, tmp_path) == pytest.approx(dict.fromkeys(PATHS, LIMIT * 0.1))
    assert ratios.bounds(none, tmp_path) == pytest.approx(dict.fromkeys(PATHS, ratios.ELSEWHERE * 0.3))
    assert all(np.isfinite(bound) for bound in ratios.bounds(none).values())  # with the committed records


def spin(milliseconds: float) -> None:
    started = timer()
    while timer() - started < 1e-3 * milliseconds:
        pass


def test_a_ratio_is_of_processor_times():
    ratio = measure_ratio(lambda: spin(2.0), lambda: spin(1.0), rounds=9)
    assert ratio == pytest.approx(2.0, rel=0.25)


def test_noise_passes_and_a_regression_stays():
    answers = iter([1.4, 1.1])
    assert lowest_ratio(1.5, lambda: next(answers), 1.25) == 1.1
    assert lowest_ratio(1.2, lambda: pytest.fail("not asked again"), 1.25) == 1.2
    assert lowest_ratio(1.5, lambda: 1.6, 1.25) == 1.5


@pytest.fixture
def saved(tmp_path):
    def save(name: str, **found: float):
        benchmarks = [
            {"extra_info": {"path": path, "ratio": ratio}, "stats": {"rounds": 5}} for path, ratio in found.items()
        ]
        (tmp_path / name).write_text(json.dumps({"benchmarks": benchmarks}))
        return tmp_path / name

    return save


def test_the_command_flags_a_ratio_that_grew(saved, tmp_path, capsys):
    base = str(tmp_path / "ratios--here.json")
    before, same, slower = saved("a", crop=0.1, track=0.4), saved("b", crop=0.12), saved("c", crop=0.1, track=0.51)
    assert main(["ratios", str(before), "--baseline", base, "--update"]) == 0
    assert main(["ratios", str(same), "--baseline", base]) == 0
    assert main(["ratios", str(slower), "--baseline", base]) == 2
    errors = capsys.readouterr().err
    assert "track: 0.510 of MobileNetV2, was 0.400" in errors
    assert "crop" not in errors


def test_other_files_are_refused(tmp_path, saved):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(InputError, match="expected the file of --benchmark-json"):
        ratios.read_saved(tmp_path / "x.json")
    with pytest.raises(InputError, match="holds no ratios"):
        ratios.read_saved(saved("empty"))


SLOW = """
from pathlib import Path
from benchmarks import ratios
from sdk.geometry import Crop

extract = Crop.extract
ratios.baseline_path = lambda: Path({baseline!r})
if {slow}:
    Crop.extract = lambda *crop, **more: (extract(*crop, **more), extract(*crop, **more))[1]
"""


def test_a_crop_that_takes_twice_as_long_fails_the_suite_and_the_comparison(tmp_path):
    """As CI runs it: a process of its own, with and without the change."""
    baseline, saved = tmp_path / "ratios--here.json", tmp_path / "saved.json"
    suite = ["pytest", str(Path(__file__)), "-k", "test_hot_path and crop", "--benchmark-only", "-p", "change"]

    def module(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-m", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    def suite_with(slow: bool) -> subprocess.CompletedProcess[str]:
        (tmp_path / "change.py").write_text(SLOW.format(baseline=str(baseline), slow=slow))
        return module(*suite, "--benchmark-json", str(saved))

    first = suite_with(slow=False)
    assert first.returncode == 0, first.stdout  # without a record of this kind
    assert module("benchmarks", "ratios", str(saved), "--baseline", str(baseline), "--update").returncode == 0
    second = suite_with(slow=True)
    assert second.returncode == 1
    assert "of MobileNetV2, expected at most" in second.stdout
    third = module("benchmarks", "ratios", str(saved), "--baseline", str(baseline))
    assert third.returncode == 2
    assert "error: crop: " in third.stderr
