"""Where a figure was measured: enough to print it again."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

PACKAGES = (
    "asmnet-edge",
    "numpy",
    "opencv-python-headless",
    "ai-edge-litert",
    "tflite-runtime",
    "tensorflow",
    "keras",
    "jax",
)


def environment(command: str) -> dict[str, Any]:
    """Device, versions and commit of this process, and the command that is to print the figures again."""
    return {
        "command": command,
        "commit": commit(),
        "device": {
            "cpu": _cpu_name(),
            "cores": os.cpu_count(),
            "machine": platform.machine(),
            "system": platform.system(),
        },
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES if _version(name)},
    }


@cache
def commit() -> str:
    """`git describe` of the code that runs, with -dirty where files were changed; or unknown.

    Asked once: the checkout of a long process may move on, what it has loaded does not.
    """
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).resolve().parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:  # no git on this machine
        return "unknown"
    return done.stdout.strip() or "unknown"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return names[0] if names else platform.processor() or "unknown"
