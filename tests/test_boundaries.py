"""Import directions: benchmarks -> convert -> train -> sdk, and what the runtime must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("tensorflow", "keras", "tf_keras", "jax", "torch", "train", "convert", "benchmarks", "matplotlib")
ALLOWED = {
    "sdk": {"sdk"},
    "train": {"sdk", "train"},
    "convert": {"sdk", "train", "convert"},
    "benchmarks": {"sdk", "train", "convert", "benchmarks"},
}
OWN = set(ALLOWED) | {"tests", "bindings"}


def loaded_after(statement: str, names: tuple[str, ...] = HEAVY) -> list[str]:
    """Which of the modules a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys; print([m for m in {names!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return list(ast.literal_eval(done.stdout.strip().splitlines()[-1]))


def imports(path: Path) -> set[str]:
    """Top-level names of all imports of a file, those inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_sdk_loads_no_training_stack():
    assert loaded_after("import sdk") == []


def test_sdk_loads_neither_opencv_nor_an_interpreter_on_import():
    names = ("cv2", "ai_edge_litert", "tflite_runtime")
    assert loaded_after("import sdk", names) == []


def test_predicting_loads_no_training_stack():
    statement = "import numpy, sdk; sdk.FaceAligner().predict(numpy.zeros((64, 64, 3), numpy.uint8))"
    assert loaded_after(statement) == []


def test_the_probe_sees_what_is_loaded():
    assert loaded_after("import train.schedules") == ["train"]


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_import_direction(package):
    files = list((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        wrong = (imports(path) & OWN) - ALLOWED[package]
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_sdk_names_tensorflow_only_as_the_last_interpreter():
    allowed = {"numpy", "cv2", "sdk", *sys.stdlib_module_names}
    for path in (ROOT / "sdk").rglob("*.py"):
        if path.match("pyinstaller/hook-*.py"):
            continue  # PyInstaller alone imports it
        assert imports(path) <= allowed, f"{path.name} imports {imports(path) - allowed}"
