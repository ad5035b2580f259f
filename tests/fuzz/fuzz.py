"""Fuzzes the reader of model files: python tests/fuzz/fuzz.py --count 20000, or --seconds 600.

Every file is loaded in a child process, and run on LiteRT where it is accepted, so that a crash is seen and
counted. Prints what came of each kind of mutation. Exit status 1: something other than an SdkError left the
reader, or a process crashed or hung. `--only NUMBER` makes that one file again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MODELS = tuple(
    ROOT / "sdk" / "models" / name
    for name in ("accurate_int8.tflite", "fast_int8.tflite", "detectors/face_detector_416_int8.tflite")
)
BAD = ("foreign", "crashed", "hung")
PATIENCE = 60.0
"""Seconds for one file, on a busy machine; a second is usual at most."""


class Worker:
    """A child process that is started again when it ends."""

    def __init__(self, seed: int, *, run: bool, models: tuple[Path, ...] = MODELS) -> None:
        self._command = [sys.executable, "-u", str(Path(__file__).with_name("worker.py")), *map(str, models)]
        self._command += ["--seed", str(seed), *(["--run"] if run else [])]
        self._start()

    def _start(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(self._command, text=True, env=environment, **pipes)
        self._answers: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(self._process, self._answers), daemon=True)
        self._reader.start()

    @staticmethod
    def _read(process: Any, answers: queue.Queue[str]) -> None:
        for line in process.stdout:
            answers.put(line)
        answers.put("")

    def try_file(self, number: int) -> dict[str, Any]:
        """What came of one file."""
        try:
            print(number, file=self._process.stdin, flush=True)
            line = self._answers.get(timeout=PATIENCE)
        except (queue.Empty, OSError):
            line = None if self._process.poll() is None else ""
        if line:
            return dict(json.loads(line))
        self._process.kill()
        status = self._process.wait()
        self._close_pipes()
        self._start()
        outcome = "hung" if line is None else "crashed"
        return {
            "number": number,
            "file": "",
            "mutation": "?",
            "outcome": outcome,
            "stage": "run",
            "error": f"status {status}",
        }

    def close(self) -> None:
        """End the child."""
        self._process.stdin.close()
        self._process.wait(timeout=PATIENCE)
        self._close_pipes()

    def _close_pipes(self) -> None:
        self._reader.join(timeout=PATIENCE)
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what was not written yet
                pipe.close()


def fuzz(numbers: Iterator[int], *, seed: int, run: bool = True) -> Iterator[dict[str, Any]]:
    """What came of each file."""
    worker = Worker(seed, run=run)
    try:
        for number in numbers:
            yield worker.try_file(number)
    finally:
        worker.close()


def main() -> int:
    """Run, print a table and everything that is bad."""
    options = _options()
    outcomes: Counter[tuple[str, str]] = Counter()
    slowest, started = 0.0, time.monotonic()
    for answer in fuzz(_numbers(options, started), seed=options.seed, run=not options.load_only):
        outcomes[answer["mutation"], answer["outcome"]] += 1
        slowest = max(slowest, answer.get("seconds", 0.0))
        if answer["outcome"] in BAD or options.only is not None:
            print(json.dumps(answer), flush=True)
    _print_table(outcomes)
    bad = sum(count for (_, outcome), count in outcomes.items() if outcome in BAD)
    total = outcomes.total()
    print(
        f"{total} files in {time.monotonic() - started:.0f} s, slowest {slowest:.2f} s: "
        + ", ".join(
            f"{sum(n for (_, o), n in outcomes.items() if o == kind)} {kind}"
            for kind in ("refused", "accepted", *BAD)
        )
    )
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20_000, help="files to try (default %(default)s)")
    parser.add_argument("--seconds", type=float, help="stop after so long, whatever the count")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="this file alone")
    parser.add_argument("--load-only", action="store_true", help="do not run networks")
    return parser.parse_args()


def _numbers(options: argparse.Namespace, started: float) -> Iterator[int]:
    if options.only is not None:
        yield options.only
        return
    number = 0
    while time.monotonic() - started < options.seconds if options.seconds else number < options.count:
        yield number
        number += 1


def _print_table(outcomes: Counter[tuple[str, str]]) -> None:
    kinds = ("refused", "accepted", *BAD)
    print(f"{'mutation':30s}" + "".join(f"{kind:>10s}" for kind in kinds))
    for name in sorted({name for name, _ in outcomes}):
        print(f"{name:30s}" + "".join(f"{outcomes[name, kind]:10d}" for kind in kinds))


if __name__ == "__main__":
    sys.exit(main())
