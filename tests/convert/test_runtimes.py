"""The shipped model gives the answers on record here, and on tflite-runtime 2.14, the last one of the old name."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convert.expected import NAMES, Expected

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "sdk" / "models" / "accurate_int8.tflite"
EXPECTED = ROOT / "models" / "accurate_int8_answers.npz"
PACKAGES = ("tflite-runtime==2.14.0", "numpy<2")


def same_answers(python: str | Path, expected: Path, *, steps: float = 2) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).with_name("same_answers.py")
    words = [str(word) for word in (python, script, expected, MODEL, steps)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def old_python(request) -> Path:
    """Python 3.11 with tflite-runtime, kept between test runs."""
    base = shutil.which("python3.11") or (sys.executable if sys.version_info[:2] == (3, 11) else None)
    if base is None:
        pytest.skip("tflite-runtime 2.14 needs Python 3.11, which is not here")
    folder = Path(request.config.cache.mkdir("tflite_runtime_2_14"))
    python = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        for words in ([base, "-m", "venv", "--clear", folder], [python, "-m", "pip", "install", "-q", *PACKAGES]):
            done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"no environment with tflite-runtime: {(done.stderr or done.stdout).strip()[-200:]}")
        (folder / "ready").touch()
    return python


@pytest.mark.slow
def test_the_old_interpreter_gives_the_answers_on_record(old_python):
    done = same_answers(old_python, EXPECTED, steps=3)  # its kernels round some integers otherwise
    assert "tflite_runtime on" in done.stdout
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


def test_this_interpreter_gives_the_answers_on_record():
    done = same_answers(sys.executable, EXPECTED)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


def test_other_answers_are_noticed(tmp_path):
    known = Expected.load(EXPECTED)
    arrays = {name: getattr(known, name).copy() for name in NAMES}
    arrays["landmarks"][1, 30, 0] += 3 / 256
    np.savez(tmp_path / "other.npz", **arrays)
    assert same_answers(sys.executable, tmp_path / "other.npz").returncode == 1
