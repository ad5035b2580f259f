"""Packages of OpenCV: several at once, and a broken one."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from sdk import opencv
from sdk.doctor import report

ROOT = Path(__file__).parents[2]


@pytest.fixture
def packages(monkeypatch):
    """Lets importlib.metadata see these packages of OpenCV and no other."""

    def pretend(**found: str) -> None:
        def version(name: str) -> str:
            try:
                return found[name.replace("-", "_")]
            except KeyError:
                raise metadata.PackageNotFoundError(name) from None

        monkeypatch.setattr(opencv.metadata, "version", version)

    return pretend


def doctor() -> str:
    """What the report says of the packages; what follows, the timing, is not made."""
    return next(value for name, value in report() if name == "opencv packages")


def test_doctor_names_several_packages_and_what_to_do(packages):
    packages(opencv_python_headless="4.10.0.84", opencv_contrib_python="4.9.0.80")
    said = doctor()
    assert "opencv-python-headless 4.10.0.84, opencv-contrib-python 4.9.0.80: they overwrite" in said
    assert (
        "pip uninstall -y opencv-python-headless opencv-contrib-python, then pip install the one you need" in said
    )


def test_doctor_names_one_package_or_says_that_pip_has_none(packages):
    packages(opencv_contrib_python="5.1.0.95")
    assert doctor() == "opencv-contrib-python 5.1.0.95"
    packages()
    assert "none of pip's" in doctor()


def test_what_is_installed_here_is_found():
    assert list(opencv.installed()) == ["opencv-python-headless"]


@pytest.mark.parametrize(
    "command", [["doctor"], ["predict", "photo.ppm", "--json", "-"]], ids=lambda words: words[0]
)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("raise ImportError('numpy.core.multiarray failed to import')", "numpy.core.multiarray failed to import"),
        ("", "has no attribute"),  # what is left of a package where another one was uninstalled
    ],
)
def test_an_opencv_that_cannot_be_imported_is_told_in_words(tmp_path, command, content, reason):
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").write_text(content)
    (tmp_path / "photo.ppm").write_bytes(b"P6 2 2 255\n" + bytes(12))
    path = [str(tmp_path), str(ROOT)]
    script = f"import sys; sys.path[:0] = {path}; from sdk.cli import main; sys.exit(main())"
    words = [sys.executable, "-c", script, *command]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: OpenCV cannot be imported (")
    assert reason in done.stderr
    assert "pip install --force-reinstall --no-deps opencv-python-headless" in done.stderr
    assert "Traceback" not in done.stderr
