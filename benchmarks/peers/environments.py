"""A virtual environment per peer, made from a pinned requirements file and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.baselines import cache_folder
from benchmarks.records import ROOT
from sdk.errors import SdkError

REQUIREMENTS = Path(__file__).with_name("requirements")
RUNTIME = "asmnet_edge"
"""The environment that holds this project itself: its runtime dependencies, from pyproject.toml."""


def environment_for(name: str) -> Path:
    """The Python of a peer's environment, which is made first if it is not there.

    Raises:
        SdkError: installing failed; the message ends with pip's own. Nothing half made stays.
    """
    folder = cache_folder() / "peers" / f"{name}-{_digest(name)}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "complete").is_file():
        print(f"making the environment of {name} in {folder} ...", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)])
        wanted = [str(ROOT)] if name == RUNTIME else ["-r", str(REQUIREMENTS / f"{name}.txt")]
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted])
        (folder / "complete").touch()
    return python


def install_mb(python: Path) -> float:
    """Size of the packages of an environment, pip and setuptools left out; compiled bytecode too."""
    (packages,) = [p for p in python.parents[1].rglob("site-packages") if p.is_dir()][:1]
    kept = [
        p for p in packages.iterdir() if not p.name.startswith(("pip", "setuptools", "_distutils", "distutils"))
    ]
    files = [f for p in kept for f in ([p] if p.is_file() else p.rglob("*")) if f.suffix != ".pyc"]
    return sum(f.stat().st_size for f in files if f.is_file()) / 1e6


def _digest(name: str) -> str:
    content = sys.version.encode()
    if name == RUNTIME:
        content += b"".join(
            p.read_bytes() for p in (ROOT / "pyproject.toml", *sorted((ROOT / "sdk").rglob("*.py")))
        )
        content += b"".join(p.read_bytes() for p in sorted((ROOT / "sdk" / "models").glob("*.tflite")))
    else:
        content += (REQUIREMENTS / f"{name}.txt").read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SdkError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-1500:]}")
