"""Times of models and of the steps of `predict`, as ratios to MobileNetV2 timed in the same turns."""

from __future__ import annotations

import argparse
import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from benchmarks import c_library
from benchmarks.stages import STAGES, frame_with_face, stages
from convert.timing import WARM_UP, Call, interleaved
from sdk import FaceAligner, ModelFile
from sdk.errors import InputError
from sdk.interpreter import TfliteInterpreter

__all__ = [
    "WARM_UP",
    "LatencyRow",
    "add_parser",
    "frame_with_face",
    "measure_networks",
    "measure_stages",
    "summary_table",
    "to_table",
]

IN_SUMMARY = ("network", "align", "track", "predict")


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """Milliseconds of one stage of one model; ratio: median over that of the reference's network."""

    model: str
    stage: str
    threads: int
    runs: int
    p50_ms: float
    p95_ms: float
    ratio: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model's file, and what its first use costs in a fresh process: modules loaded, model opened, one run."""

    model: str
    sha256: str
    file_bytes: int
    cold_start_ms: float
    import_ms: float
    peak_rss_mb: float | None
    modules_rss_mb: float | None


def measure_networks(
    models: Mapping[str, ModelFile],
    reference: str,
    *,
    threads: int = 1,
    runs: int = 200,
    timer: Callable[[], float] = time.perf_counter,
) -> list[LatencyRow]:
    """A row per model: its network alone, on noise. The runs of all models alternate."""
    calls = {name: _network(model, threads) for name, model in models.items()}
    taken = interleaved(calls, runs=runs, timer=timer)
    first = float(np.median(taken[reference]))
    return [_row(name, "network", threads, ms, first) for name, ms in taken.items()]


def measure_stages(
    aligner: FaceAligner,
    reference: ModelFile,
    *,
    threads: int = 1,
    runs: int = 200,
    only: Sequence[str] = (),
    more: Mapping[str, Call] = MappingProxyType({}),
    timer: Callable[[], float] = time.perf_counter,
) -> list[LatencyRow]:
    """A row per stage of STAGES but the network's own, and of `more`; the reference's network takes part in the
    turns."""
    calls = {s: call for s, call in stages(aligner, threads).items() if s != "network" and s in (only or STAGES)}
    taken = interleaved({"": _network(reference, threads), **calls, **more}, runs=runs, timer=timer)
    first = float(np.median(taken.pop("")))
    return [_row(aligner.model.name, stage, threads, ms, first) for stage, ms in taken.items()]


def _network(model: ModelFile, threads: int) -> Call:
    interpreter = TfliteInterpreter(model, num_threads=threads)
    side = model.input_size
    crop = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    return lambda: interpreter.run(crop)


def _row(model: str, stage: str, threads: int, ms: np.ndarray, reference_ms: float) -> LatencyRow:
    p50, p95 = (float(v) for v in np.percentile(ms, (50, 95)))
    return LatencyRow(model, stage, threads, len(ms), p50, p95, p50 / reference_ms)


def model_rows(paths: Mapping[str, Path]) -> list[ModelRow]:
    """File size, cold start and memory of each model file."""
    from benchmarks.cold import cold_start

    rows = []
    for name, path in paths.items():
        content = path.read_bytes()
        start = cold_start(path)
        digest = hashlib.sha256(content).hexdigest()
        rows.append(
            ModelRow(
                name,
                digest,
                len(content),
                start.total_ms,
                start.import_ms,
                start.peak_rss_mb,
                start.modules_rss_mb,
            )
        )
    return rows


def to_table(rows: Sequence[LatencyRow]) -> str:
    """The rows as a Markdown table."""
    lines = ["| model | stage | threads | median ms | p95 ms | ratio |", "|---|---|---:|---:|---:|---:|"]
    lines += [
        f"| {r.model} | {r.stage} | {r.threads} | {r.p50_ms:.2f} | {r.p95_ms:.2f} | {r.ratio:.2f} |" for r in rows
    ]
    return "\n".join(lines)


def summary_table(rows: Sequence[LatencyRow]) -> str:
    """What README.md shows: one thread, networks in int8 and float32, and what a user calls."""
    kept = [r for r in rows if r.threads == 1 and r.stage in IN_SUMMARY and r.model.endswith(("int8", "float32"))]
    return to_table(kept)


def class_table(records: Sequence[Mapping[str, Any]]) -> str:
    """One thread on several classes of processors as a Markdown table: a row per model and stage, for each class
    the milliseconds and, in brackets, the ratio. Rows that a single class has are left out."""
    from benchmarks.machine import kind_of

    found = {kind_of(r): {(w["model"], w["stage"]): w for w in r["rows"] if w["threads"] == 1} for r in records}
    lines = [
        f"| model | stage | {' | '.join(f'{kind} ms' for kind in found)} |",
        f"|---|---|{'---:|' * len(found)}",
    ]
    for model, stage in dict.fromkeys(key for rows in found.values() for key in rows):
        cells = [rows.get((model, stage)) for rows in found.values()]
        if stage in IN_SUMMARY and sum(cell is not None for cell in cells) > min(1, len(found) - 1):
            texts = ["-" if w is None else f"{w['p50_ms']:.2f} ({w['ratio']:.2f})" for w in cells]
            lines.append(f"| {model} | {stage} | {' | '.join(texts)} |")
    return "\n".join(lines)


def network_table(rows: Sequence[LatencyRow]) -> str:
    """Networks alone as a Markdown table: median milliseconds and, in brackets, the ratio, a column per format."""
    from benchmarks.baselines import RECIPE_OF

    found = {(*_named(r.model), r.threads): r for r in rows if r.stage == "network"}
    lines = [
        f"| network | threads | {' | '.join(f'{f} ms' for f in RECIPE_OF)} |",
        f"|---|---:|{'---:|' * len(RECIPE_OF)}",
    ]
    for network, threads in sorted({(key[0], key[2]) for key in found}, key=lambda pair: pair[1]):
        cells = [found.get((network, f, threads)) for f in RECIPE_OF]
        texts = ["-" if r is None else f"{r.p50_ms:.2f} ({r.ratio:.2f})" for r in cells]
        lines.append(f"| {network} | {threads} | {' | '.join(texts)} |")
    return "\n".join(lines)


def _named(model: str) -> tuple[str, str]:
    """Network and format of a model's name."""
    network, _, kind = model.rpartition("_")
    return network, kind


def stage_table(rows: Sequence[LatencyRow]) -> str:
    """The steps of `predict` as a Markdown table: median milliseconds, a column per stage."""
    found = {(r.model, r.threads, r.stage): r.p50_ms for r in rows}
    own = dict.fromkeys((r.model, r.threads) for r in rows if r.stage != "network")
    lines = [
        f"| model | threads | {' | '.join(f'{s} ms' for s in STAGES)} |",
        f"|---|---:|{'---:|' * len(STAGES)}",
    ]
    for pair in own:
        taken = [found.get((*pair, stage)) for stage in STAGES]
        texts = ["-" if ms is None else f"{ms:.2f}" for ms in taken]
        lines.append(f"| {pair[0]} | {pair[1]} | {' | '.join(texts)} |")
    return "\n".join(lines)


def model_table(rows: Sequence[ModelRow]) -> str:
    """Files and first uses as a Markdown table."""
    lines = ["| model | file MB | cold start ms | of it imports ms | peak RSS MB |", "|---|---:|---:|---:|---:|"]
    for r in rows:
        peak = "-" if r.peak_rss_mb is None else f"{r.peak_rss_mb:.0f}"
        lines.append(
            f"| {r.model} | {r.file_bytes / 1e6:.2f} | {r.cold_start_ms:.0f} | {r.import_ms:.0f} | {peak} |"
        )
    return "\n".join(lines)


def _in_c(library: Path | None, model: Path, threads: int) -> dict[str, Call]:
    if library is None:
        return {}
    return {c_library.STAGE: c_library.tracked_frame(library, model, *frame_with_face(), threads=threads)}


def add_parser(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "latency",
        help="times of models in every format, and of the steps of predict",
        description="Times on a drawn face in a 640 x 480 frame; needs no data. Networks of all models take turns "
        "(A B A B), after a warm-up, on pinned processors where the system allows it; ratios are to MobileNetV2 "
        "at 224 in int8, timed in the same turns. Then the steps of predict of each model given or shipped.",
    )
    parser.add_argument(
        "--model",
        type=Path,
        action="append",
        help="a model file; repeat for more (default: shipped and baselines)",
    )
    parser.add_argument("--name", action="append", help="a name that `models` lists; repeat for more")
    parser.add_argument("--format", action="append", help="float32, float16, dynamic or int8 (default: all)")
    parser.add_argument("--threads", type=int, help="from 1 to this many (default: all processors, at most 4)")
    parser.add_argument("--runs", type=int, default=200, help="timed calls each (default %(default)s)")
    parser.add_argument(
        "--c-library", type=Path, metavar="FILE", help="libasmnet_edge.so: its tracker takes turns with Python's"
    )
    parser.add_argument(
        "--busy", action="store_true", help="take this process's processor time: other programs are at work"
    )
    parser.add_argument("--no-pin", action="store_true", help="let the system choose processors")
    parser.add_argument("--no-cold", action="store_true", help="leave out cold start and memory")
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure, print, record."""
    from benchmarks import machine
    from benchmarks.baselines import REFERENCE, model_paths
    from benchmarks.records import ROOT, write_record
    from benchmarks.reference import reference

    most = min(4, os.cpu_count() or 1) if options.threads is None else options.threads
    if options.runs < 1 or most < 1:
        raise InputError(f"expected --runs and --threads of 1 or more, got {options.runs} and {most}")
    paths = {path.stem: path for path in options.model or ()} or model_paths(options.name, options.format)
    models = {name: ModelFile.load(path) for name, path in paths.items()}
    if REFERENCE not in models:
        models[REFERENCE] = reference("int8")
    own = paths if options.model else {n: p for n, p in paths.items() if p.is_relative_to(ROOT)}
    before, rows, pinned, allowed = machine.state(), [], {}, machine.processors()
    timer = time.process_time if options.busy else time.perf_counter
    for threads in range(1, most + 1):
        pinned[threads] = None if options.no_pin else machine.pin(threads)
        rows += measure_networks(models, REFERENCE, threads=threads, runs=options.runs, timer=timer)
        for name in own:
            aligner = FaceAligner(models[name], num_threads=threads)
            more = _in_c(options.c_library, paths[name], threads)
            rows += measure_stages(
                aligner, models[REFERENCE], threads=threads, runs=options.runs, more=more, timer=timer
            )
        machine.unpin(allowed)
    print(to_table(rows))
    cold = [] if options.no_cold else model_rows(paths)
    if cold:
        print(model_table(cold))
    if warning := machine.busy(before):
        print(f"warning: {warning}")
    write_record(
        options.out,
        "latency",
        [r.to_dict() for r in rows],
        reference=REFERENCE,
        clock="processor time" if options.busy else "elapsed time",
        stages=STAGES,
        machine={"features": machine.features(), "pinned": pinned, "before": before, "after": machine.state()},
        models=[asdict(r) for r in cold],
    )
