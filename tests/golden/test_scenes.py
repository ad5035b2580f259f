"""The Python SDK replays the golden contract of whole frames, as every binding does."""

from __future__ import annotations

import hashlib
from importlib import resources

import numpy as np
import pytest

from sdk import FaceAligner, FaceDetector
from sdk.detector_file import DEFAULT_DETECTOR
from sdk.model_file import DEFAULT_MODEL
from tests.golden.scenes import FILE, read_scenes, see
from tests.golden.test_golden import allowed_steps

HEAD, SCENES = read_scenes(FILE.read_text(encoding="ascii"))
NAMES = [scene.name for scene, _ in SCENES]


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


@pytest.fixture(scope="module")
def aligner(detector):
    return FaceAligner(detector=detector)


@pytest.mark.parametrize(
    ("key", "file"), [("model", DEFAULT_MODEL), ("detector", f"detectors/{DEFAULT_DETECTOR}")]
)
def test_the_contract_belongs_to_the_shipped_models(key, file):
    content = (resources.files("sdk") / "models" / file).read_bytes()
    assert HEAD[key][1] == hashlib.sha256(content).hexdigest(), "python -m tests.golden.make"


def test_the_contract_covers_what_goes_wrong():
    frames = [scene.image().shape for scene, _ in SCENES]
    turned = [found for _, fields in SCENES for found in fields["detection"] if abs(float(found[5])) > 30]
    assert any(not fields["detection"] for _, fields in SCENES), "a frame without faces"
    assert any(len(fields["detection"]) > len(fields["face"]) for _, fields in SCENES), "no face"
    assert any(len(fields["face"]) > 1 for _, fields in SCENES), "several faces"
    assert any(max(shape) >= 2 * int(HEAD["input_size"][0]) for shape in frames), "a frame that is halved first"
    assert any(shape[0] % 2 and shape[1] % 2 for shape in frames)
    assert turned


@pytest.mark.parametrize("name", NAMES)
def test_replay(detector, aligner, name):
    scene, fields = SCENES[NAMES.index(name)]
    got = see(scene, detector, aligner)
    assert [hashlib.sha256(got.pixels.tobytes()).hexdigest()] == fields["input_sha256"][0]
    if allowed_steps():
        return  # an older interpreter rounds some sums of the detector differently
    lines = [line.split(" ") for line in got.lines()]
    detections = [words[1:] for words in lines if words[0] == "detection"]
    faces = [words[1:] for words in lines if words[0] == "face"]
    assert [d[:4] for d in detections] == [d[:4] for d in fields["detection"]]
    assert len(faces) == len(fields["face"])
    for rows, expected, tolerance in ((detections, fields["detection"], 1e-5), (faces, fields["face"], 1e-4)):
        np.testing.assert_allclose(np.array(rows, float), np.array(expected, float), rtol=0, atol=tolerance)
