"""A package that is not installed is told with the extra that brings it."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sdk.missing import EXTRAS, how_to_install

ROOT = Path(__file__).parents[2]

WITHOUT = """
import sys
sys.modules[{module!r}] = None  # as if it were not installed
from {package} import main
sys.exit(main({words}))
"""


@pytest.mark.parametrize(
    ("module", "package", "words", "extra"),
    [
        ("keras", "train.__main__", ["fit", "DATA", "--out", "run"], "train"),
        ("jsonschema", "benchmarks.__main__", ["report", "--no-readme", "--out", "report.html"], "bench"),
    ],
)
def test_commands_name_the_extra(tmp_path, module, package, words, extra):
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})" + WITHOUT.format(
        module=module, package=package, words=words
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False)
    assert done.returncode == 2
    assert f"error: this needs {module}; install the extra {extra}: pip install '.[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_extras_are_those_of_the_project():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for module, extra in EXTRAS.items():
        listed = re.search(rf"^{extra} = \[(.*)\]", project, re.MULTILINE)[1]
        assert f'"{module.replace("_", "-")}' in listed, f"{extra} does not bring {module}"


def test_nothing_else_words_how_extras_are_installed():
    for package in ("sdk", "train", "convert", "benchmarks"):
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "missing.py":
                assert "asmnet-edge[" not in path.read_text(encoding="utf-8"), path.name
    assert "pip install '.[bench]' in a checkout" in how_to_install("bench")


def test_what_is_missing_for_another_reason_is_no_extra(capsys):
    from sdk.command import run_command

    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        run_command(lambda: importlib.import_module("no_such_module"))
