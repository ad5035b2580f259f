"""What is installed, and beside what."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def requirements(text: str) -> set[str]:
    return {line.split("#")[0].strip() for line in text.splitlines()} - {""}


def test_the_requirements_beside_an_own_opencv_are_the_package_s_without_opencv():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[\n(.*?)^\]", project, re.DOTALL | re.MULTILINE)[1]
    own = set(re.findall(r'^ *"([^"]+)"', block, re.MULTILINE))
    assert "opencv-python-headless>=4.10,<6" in own  # 4.9 breaks with numpy 2, to which pip may lift it
    listed = requirements((ROOT / "requirements-own-opencv.txt").read_text(encoding="utf-8"))
    assert listed == {name for name in own if not name.startswith("opencv")}


PROGRAM = """
import numpy as np
from sdk import FaceAligner, FaceTracker
from sdk.cli import main

frame = np.zeros((240, 320, 3), np.uint8)
aligner = FaceAligner()
face = aligner.align(frame, (50, 50, 200, 200))
print(aligner.predict(frame), face.landmarks.shape, FaceAligner("fast").model.name)
FaceTracker(aligner).update(frame)
raise SystemExit(main(["inspect"]))
"""


@pytest.mark.slow
def test_pyinstaller_makes_one_file_that_finds_faces(tmp_path):
    """With the hook that the installed package brings along, so not from an editable install of an older state."""
    pytest.importorskip("PyInstaller", reason="PyInstaller is not installed; .ci/run tests it")
    (tmp_path / "program.py").write_text(PROGRAM)
    build = [sys.executable, "-m", "PyInstaller", "--onefile", "--log-level=WARN", "program.py"]
    made = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    (program,) = (tmp_path / "dist").iterdir()
    done = subprocess.run([program], cwd=program.parent, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("[] (68, 2) fast_int8\n")
    assert '"scheme"' in done.stdout
