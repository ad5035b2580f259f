"""Digests of the shipped models: those of the committed files, and compared when a preset is loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sdk import DetectorFile, FaceAligner, ModelFile, ModelFileError, pins, write_pins
from sdk.detector_file import DEFAULT_DETECTOR
from sdk.model_file import PRESETS

MODELS = Path(pins.__file__).parent / "models"


def test_the_pins_are_those_of_the_committed_files(capsys):
    """Where this fails after models were exchanged: python -m sdk.write_pins."""
    assert write_pins.main(["--check"]) == 0, capsys.readouterr().out
    assert set(pins.parse((MODELS / pins.PINS_NAME).read_text())) == {
        *PRESETS.values(),
        f"detectors/{DEFAULT_DETECTOR}",
    }


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """The shipped models in another folder, where they may be changed."""
    folder = tmp_path / "models"
    shutil.copytree(MODELS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for module in (pins, write_pins):
        monkeypatch.setattr(module, "folder", lambda: folder)
    pins._pins.cache_clear()
    yield folder
    pins._pins.cache_clear()


def exchanged(path: Path) -> None:
    """Another valid model in the place of a shipped one, its own checksums right."""
    model = ModelFile.load(path)
    path.write_bytes(model.repacked({**model.metadata, "crop_margin": 1.31}))


def test_a_preset_that_was_exchanged_is_refused_and_pinned_by_one_command(copies, capsys):
    exchanged(copies / "fast_int8.tflite")
    with pytest.raises(
        ModelFileError, match=r"fast_int8\.tflite: its SHA-256 is .* SHA256SUMS says .*sdk\.write_pins"
    ):
        FaceAligner("fast")
    assert ModelFile.default().name.startswith("accurate")
    assert ModelFile.load(copies / "fast_int8.tflite").margin == 1.31  # by its path it is a file like any other
    assert write_pins.main(["--check"]) == 1
    assert write_pins.main([]) == 0
    assert "3 models, as pinned" in capsys.readouterr().out
    pins._pins.cache_clear()
    assert ModelFile.preset("fast").margin == 1.31


def test_a_detector_that_was_exchanged_is_refused(copies):
    path = copies / "detectors" / DEFAULT_DETECTOR
    path.write_bytes((copies / "fast_int8.tflite").read_bytes())
    with pytest.raises(ModelFileError, match=f"{DEFAULT_DETECTOR}: its SHA-256 is"):
        DetectorFile.default()


def test_models_and_pins_that_are_missing_are_named(copies):
    (copies / "accurate_int8.tflite").unlink()
    with pytest.raises(ModelFileError, match=r"accurate_int8\.tflite: cannot be read .*reinstall"):
        ModelFile.default()
    (copies / pins.PINS_NAME).unlink()
    with pytest.raises(ModelFileError, match="SHA256SUMS of the shipped models: cannot be read"):
        ModelFile.preset("fast")


def test_lines_are_those_of_sha256sum():
    table = {"a.tflite": "0" * 64, "b/c d.tflite": "f" * 64}
    assert pins.parse(write_pins.text_of(table)) == table
    assert pins.parse(f"{'1' * 64} *binary.tflite\n\n") == {"binary.tflite": "1" * 64}
