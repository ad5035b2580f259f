"""Hot paths as ratios to MobileNetV2 in the same run: what can be compared between days, and between machines of
one kind. tests/benchmarks/test_hot_paths.py measures them; the command compares what it saved.

Time is the process's own processor time, so that waiting for a shared machine does not count.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.records import RESULTS, read_record, write_record
from benchmarks.reference import reference
from benchmarks.stages import stages
from convert.timing import Call, interleaved
from sdk import FaceAligner
from sdk.errors import InputError
from sdk.interpreter import TfliteInterpreter
from sdk.targets import check_targets

PATHS = ("crop", "network", "decode", "track", "predict")
LIMIT = 1.25
"""A ratio that grew by more is a regression."""

ELSEWHERE = 2.0
"""A processor without a record of its kind is held to this many times the largest ratio on record. Slower integer
arithmetic makes MobileNetV2 slower, and so every ratio smaller: the largest is that of the fastest kind."""

ATTEMPTS = 3
"""A regression is one if it shows in each of so many measurements."""

ROUNDS = 30
timer = time.process_time


@dataclass(frozen=True, slots=True)
class RatioRow:
    """Median processor time of a hot path over that of MobileNetV2-224 int8, one thread, in turns."""

    path: str
    ratio: float
    rounds: int


@contextmanager
def hot_paths(aligner: FaceAligner | None = None) -> Iterator[tuple[dict[str, Call], Call]]:
    """Calls by name and the reference's call; OpenCV keeps to one thread meanwhile."""
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        calls = stages(aligner or FaceAligner(), 1)
        yield {name: calls[name] for name in PATHS}, reference_call()
    finally:
        cv2.setNumThreads(threads)


def reference_call() -> Call:
    """MobileNetV2 on noise."""
    model = reference("int8")
    network = TfliteInterpreter(model)
    crop = np.random.default_rng(0).integers(0, 256, (model.input_size, model.input_size, 3)).astype(np.uint8)
    return lambda: network.run(crop)


def measure_ratio(call: Call, against: Call, *, rounds: int = ROUNDS) -> float:
    """Median over median, A B A B."""
    taken = interleaved({"a": call, "b": against}, runs=rounds, warm_up=3, timer=timer)
    return float(np.median(taken["a"]) / np.median(taken["b"]))


def lowest_ratio(first: float, again: Callable[[], float], limit: float) -> float:
    """The ratio, measured again while it is above the limit: noise passes, a regression stays."""
    ratio = first
    for _ in range(ATTEMPTS - 1):
        if ratio <= limit:
            break
        ratio = min(ratio, again())
    return ratio


def baseline_path(folder: Path = RESULTS) -> Path:
    """The committed ratios of this kind of processor."""
    return folder / f"ratios--{machine.kind()}.json"


def baseline(path: Path) -> dict[str, float]:
    """Ratios by path of a result file."""
    return {row["path"]: float(row["ratio"]) for row in read_record(path)["rows"]}


def bounds(own: Path, folder: Path = RESULTS) -> dict[str, float]:
    """What the ratio of each hot path may be: by the record `own`, else by those of other kinds in the folder."""
    if own.is_file():
        return {path: LIMIT * ratio for path, ratio in baseline(own).items()}
    found = [baseline(path) for path in sorted(folder.glob("ratios--*.json"))]
    return {path: ELSEWHERE * max((f[path] for f in found), default=np.inf) for path in PATHS}


def class_table(records: Sequence[Mapping[str, Any]]) -> str:
    """Ratios of several classes of processors, a column each, as a Markdown table."""
    columns = {machine.kind_of(r): {row["path"]: row["ratio"] for row in r["rows"]} for r in records}
    lines = [f"| path | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    for path in PATHS:
        cells = (f"{found[path]:.2f}" if path in found else "-" for found in columns.values())
        lines.append(f"| {path} | {' | '.join(cells)} |")
    return "\n".join(lines)


def read_saved(path: Path) -> list[RatioRow]:
    """Ratios that test_hot_paths.py left in a file of pytest-benchmark.

    Raises:
        InputError: it is no such file.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["benchmarks"]
        rows = [
            RatioRow(b["extra_info"]["path"], float(b["extra_info"]["ratio"]), int(b["stats"]["rounds"]))
            for b in found
            if "ratio" in b["extra_info"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: expected the file of --benchmark-json ({error})") from error
    if not rows:
        raise InputError(f"{path}: holds no ratios; was tests/benchmarks/test_hot_paths.py run?")
    return rows


def regressions(rows: Sequence[RatioRow], before: Mapping[str, float], limit: float = LIMIT) -> list[str]:
    """A sentence for each ratio that grew by more than the limit."""
    return [
        f"{r.path}: {r.ratio:.3f} of MobileNetV2, was {before[r.path]:.3f}: {r.ratio / before[r.path]:.2f} times"
        for r in rows
        if r.path in before and r.ratio > limit * before[r.path]
    ]


def add_parser(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "ratios",
        help="compare saved hot paths with the committed ratios",
        description="SAVED is what `python -m pytest tests/benchmarks/test_hot_paths.py --benchmark-json SAVED` "
        f"wrote. Exit status 2 where a ratio to MobileNetV2 grew by more than {LIMIT - 1:.0%}.",
    )
    parser.add_argument("saved", type=Path, metavar="SAVED")
    parser.add_argument("--baseline", type=Path, help=f"default: {baseline_path().name} in benchmarks/results")
    parser.add_argument("--update", action="store_true", help="make SAVED the committed ratios")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the comparison; raise InputError where a ratio grew."""
    rows = read_saved(options.saved)
    path = options.baseline or baseline_path()
    if options.update:
        check_targets([("--baseline", path)], [("saved", options.saved)])
        kept = [asdict(r) for r in rows]
        write_record(path, "ratios", kept, machine=machine.state())
        return
    before = baseline(path) if path.is_file() else {}
    if not before:
        print(f"no committed ratios for this kind of processor: {path.name}; --update makes them")
    for row in rows:
        was = f"{before[row.path]:.3f}" if row.path in before else "-"
        print(f"{row.path:10s} {row.ratio:8.3f}   was {was}")
    if grown := regressions(rows, before):
        raise InputError("; ".join(grown))
