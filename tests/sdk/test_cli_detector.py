"""The command line's detector options."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import cv2
import pytest

from sdk.cli import main
from sdk.detector_file import DEFAULT_DETECTOR

DETECTOR = Path(str(resources.files("sdk") / "models" / "detectors" / DEFAULT_DETECTOR))


@pytest.fixture
def photo(tmp_path, hopper) -> Path:
    path = tmp_path / "hopper.png"
    cv2.imwrite(str(path), hopper)
    return path


def test_inspect_prints_a_detectors_metadata(capsys):
    assert main(["inspect", str(DETECTOR)]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "face_detector"


def test_a_detector_of_ones_own_is_used(photo, tmp_path, capsys):
    own = tmp_path / "own.tflite"
    own.write_bytes(DETECTOR.read_bytes())
    assert main(["predict", str(photo), "--detector", str(own), "--out", str(tmp_path / "out.png")]) == 0
    assert "1 face" in capsys.readouterr().out


def test_a_high_score_leaves_no_face(photo, tmp_path):
    assert main(["predict", str(photo), "--min-score", "0.999", "--out", str(tmp_path / "out.png")]) == 1


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--min-score", "7", "min_score: expected a number between 0 and 1"),
        ("--detector", "no.tflite", "cannot be"),
    ],
)
def test_wrong_options_are_explained(photo, tmp_path, capsys, option, value, words):
    assert main(["predict", str(photo), option, value, "--out", str(tmp_path / "out.png")]) == 2
    assert words in capsys.readouterr().err


def test_an_aligner_is_no_detector(photo, tmp_path, capsys):
    aligner = Path(str(resources.files("sdk") / "models" / "accurate_int8.tflite"))
    assert main(["predict", str(photo), "--detector", str(aligner), "--out", str(tmp_path / "out.png")]) == 2
    assert "expected a face_detector, got kind 'face_aligner'" in capsys.readouterr().err
