"""Every figure that depends on the machine, measured anew in one go: python -m benchmarks timings."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine, ratios
from benchmarks.records import RESULTS, ROOT
from sdk.command import run_process
from sdk.errors import SdkError
from sdk.outputs import write_file

HOT_PATHS = "tests/benchmarks/test_hot_paths.py"


@dataclass(frozen=True, slots=True)
class Step:
    """A command, run in a process of its own; `times`: what it measures suffers from other programs;
    `out`: its result file."""

    name: str
    arguments: tuple[str, ...]
    times: bool = True
    out: Path | None = None

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", *self.arguments]


def steps(folder: Path, scratch: Path, *, data: Path | None, given: Sequence[str]) -> Iterator[Step]:
    """What runs, in order.

    Args:
        folder: of the result files.
        scratch: for files that are not kept.
        data: folder of the face data; without it no other libraries are run.
        given: files of theirs, NAME=VALUE.
    """
    kind, here = machine.kind(), platform.machine().lower()
    folder = folder.resolve()
    folder = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder  # as records name it
    saved = str(scratch / "speed.json")
    yield Step("models", ("benchmarks", "models"), times=False)
    named = {"flops": "all", "latency": kind, "roofline": kind, "limits": here}
    for name, file in ((name, f"{name}--{where}") for name, where in named.items()):
        out = folder / f"{file}.json"
        yield Step(name, ("benchmarks", name, "--out", str(out)), times=name != "flops", out=out)
    yield Step("hot paths", ("pytest", HOT_PATHS, "--benchmark-only", "--benchmark-json", saved))
    out = ratios.baseline_path(folder)
    yield Step("ratios", ("benchmarks", "ratios", saved, "--update", "--baseline", str(out)), times=False, out=out)
    if data is not None:
        extra = [word for pair in given for word in ("--with", pair)]
        out = folder / f"peers--300w-{kind}.json"
        yield Step("peers", ("benchmarks", "peers", "--data", str(data), *extra, "--out", str(out)), out=out)


def add_parser(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "timings",
        help="latency, roofline, limits, ratios and peers, measured anew on this machine",
        description="Converts what is missing, then runs latency, roofline, limits, the hot paths and, with "
        "--data, peers, one after the other, into benchmarks/results/. Takes about ten minutes: close other "
        "programs, and leave the machine alone.",
    )
    parser.add_argument("--data", type=Path, help="folder of the face data, for peers")
    parser.add_argument(
        "--with", dest="given", action="append", default=[], metavar="NAME=VALUE", help="see peers"
    )
    parser.add_argument("--only", action="append", metavar="STEP", help="a step by name; repeat for more")
    parser.add_argument("--dry-run", action="store_true", help="print the commands alone")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where to (default: benchmarks/results)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Run the steps; say how long each took and on how busy a machine.

    Raises:
        SdkError: a step failed; its own message is above.
    """
    found: dict[Path, bytes] = {}
    try:
        _run_all(options, found)
    finally:
        for path, content in found.items():
            write_file(path, content)


def _run_all(options: argparse.Namespace, found: dict[Path, bytes]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for step in steps(options.results, Path(scratch), data=options.data, given=options.given):
            if options.only and step.name not in options.only:
                continue
            print(f"== {step.name}: python {' '.join(step.command[1:])}", flush=True)
            if options.dry_run:
                continue
            before, begun = machine.state(), time.monotonic()
            status = _run(step, found)
            if status and step.name != "hot paths":  # a ratio that grew becomes the committed one
                raise SdkError(f"{step.name}: exit status {status}")
            warning = machine.busy(before) if step.times else None
            print(
                f"== {step.name}: {time.monotonic() - begun:.0f} s" + (f"; {warning}" if warning else ""),
                flush=True,
            )


def _run(step: Step, found: dict[Path, bytes]) -> int:
    """Run a step and take its result file out of the way: with it, later records would name a changed commit."""
    path = None if step.out is None else ROOT / step.out
    former = path.read_bytes() if path is not None and path.is_file() else None
    status = run_process(step.command, folder=ROOT)
    if path is not None and path.is_file() and not status:
        found[path] = path.read_bytes()
        path.unlink()
        if former is not None:
            write_file(path, former)
    return status
