"""What the tables of cases start from: a folder with two photos and a clip, and asmnet as a user starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SIZE = (128, 152)


@pytest.fixture
def work(tmp_path, hopper, monkeypatch) -> Path:
    """A working directory with a.jpg, b.jpg, album/ of both, t.mp4 and long.mp4."""
    small = cv2.resize(hopper, SIZE, interpolation=cv2.INTER_AREA)
    (tmp_path / "album").mkdir()
    for name, picture in (("a.jpg", small), ("b.jpg", small[:, ::-1])):
        for folder in (tmp_path, tmp_path / "album"):
            assert cv2.imwrite(str(folder / name), picture)
    _write_clip(tmp_path / "t.mp4", small, 8)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def long_clip(work, hopper) -> Path:
    """More frames than a test waits for."""
    path = work / "long.mp4"
    _write_clip(path, cv2.resize(hopper, SIZE, interpolation=cv2.INTER_AREA), 3000)
    return path


def _write_clip(path: Path, picture: np.ndarray, count: int) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, SIZE)
    assert writer.isOpened()
    for i in range(count):
        writer.write(np.roll(picture, i % 5, axis=1))
    writer.release()


def environment(**more: str) -> dict[str, str]:
    """Of a subprocess that imports this tree."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **more}


def _default_signals() -> None:
    """As a shell in the foreground starts programs; a test run in the background ignores SIGINT."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


@pytest.fixture
def start(work) -> Callable[..., subprocess.Popen[bytes]]:
    """Start asmnet, or another module of this project by its name, in the working directory."""
    begun: list[subprocess.Popen[bytes]] = []

    def begin(*words: str, module: str = "sdk.cli", **more: object) -> subprocess.Popen[bytes]:
        options = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "env": environment(**more.pop("variables", {})),
            **more,
        }
        command = [sys.executable, "-m", module, *words]
        options.setdefault("preexec_fn", _default_signals)
        begun.append(subprocess.Popen(command, cwd=work, **options))  # type: ignore[call-overload]
        return begun[-1]

    yield begin
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def asmnet(start) -> Callable[..., tuple[int, str, str]]:
    """Run asmnet to its end: status, standard output and standard error, where these are pipes."""

    def run(*words: str, **more: object) -> tuple[int, str, str]:
        data = more.pop("input", None)
        if data is not None:
            more["stdin"] = subprocess.PIPE
        process = start(*words, **more)
        out, error = process.communicate(data, timeout=120)
        return process.returncode, (out or b"").decode(errors="replace"), (error or b"").decode(errors="replace")

    return run
