"""Run Python as on a lesser processor: python -m benchmarks.lowered avx2 -m benchmarks latency.

XNNPACK chooses its kernels by what the processor says it can do, and has no setting for it. On x86-64 Linux that
question, the instruction cpuid, can be trapped, and a small library in C answers it without the newer features. So
the kernels are those of the lesser class; clock, caches and memory stay those of this processor.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import LOWERED, LOWERED_TO, features
from sdk.command import run_command
from sdk.errors import BackendError, InputError

SOURCE = Path(__file__).with_suffix(".c")
USAGE = f"python -m benchmarks.lowered {' | '.join(LOWERED)} ARGUMENTS OF PYTHON"


def environment(kind: str, folder: Path) -> dict[str, str]:
    """Variables of a process that takes this processor for one of a lesser class.

    Args:
        kind: avx2 or avx_vnni.
        folder: where the library is built; it must last as long as the process.
    Raises:
        InputError: there is no such class, or this processor is not above it.
        BackendError: not x86-64 Linux, no C compiler, or it fails.
    """
    if kind not in LOWERED:
        raise InputError(f"expected a class of {', '.join(LOWERED)}, got {kind!r}")
    if kind not in features():
        raise InputError(f"{kind}: this processor lacks it")
    return {**os.environ, LOWERED_TO: kind, "LD_PRELOAD": str(_library(folder))}


def _library(folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if sys.platform != "linux" or platform.machine() != "x86_64" or compiler is None:
        raise BackendError("a lesser class needs x86-64, Linux and a C compiler (apt install gcc)")
    library = folder / "lowered.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackendError(f"{SOURCE.name}: {compiler} does not compile it: {done.stderr.strip()}")
    return library


def run(arguments: Sequence[str]) -> int:
    """Run Python with arguments after the class; returns its exit status, 77 where cpuid cannot be trapped."""
    if len(arguments) < 2:
        raise InputError(f"expected {USAGE}")
    with tempfile.TemporaryDirectory() as folder:
        variables = environment(arguments[0], Path(folder))
        return subprocess.run([sys.executable, *arguments[1:]], env=variables, check=False).returncode


def main() -> int:
    """The command line; returns the exit status."""
    statuses: list[int] = []
    status = run_command(lambda: statuses.append(run(sys.argv[1:])))
    return status or statuses[0]


if __name__ == "__main__":
    sys.exit(main())
