"""The Python SDK replays the golden contract, as every binding does."""

from __future__ import annotations

import hashlib
from importlib import metadata, resources

import numpy as np
import pytest

from sdk import ModelFile
from sdk.geometry import Crop
from sdk.interpreter import TfliteInterpreter
from sdk.model_file import DEFAULT_MODEL
from sdk.shape_model import LIMIT
from tests.golden.contract import FILE, NO_FRAME, Recorder, Watched, floats, read_cases, read_frame, run

HEAD, CASES = read_cases(FILE.read_text(encoding="ascii"))
NAMES = [case.name for case, _ in CASES]
WITH_FRAME = [case.name for case, _ in CASES if case.frame != NO_FRAME]


@pytest.fixture(scope="module")
def aligner():
    model = ModelFile.default()
    return Watched(model, interpreter=Recorder(TfliteInterpreter(model)))


def test_the_contract_belongs_to_the_shipped_model():
    content = (resources.files("sdk") / "models" / DEFAULT_MODEL).read_bytes()
    assert HEAD["model"] == [DEFAULT_MODEL, hashlib.sha256(content).hexdigest()], "python -m tests.golden.make"


def test_the_contract_covers_what_goes_wrong():
    frames = {case.frame: read_frame(case.frame).shape for case, _ in CASES if case.frame != NO_FRAME}
    boxes = {case.name: case.box for case, _ in CASES}
    outside = [n for n, (left, top, _, _) in boxes.items() if left < -0.5 or top < -0.5]
    tiny = [n for n, (left, _, right, _) in boxes.items() if right - left < 10]
    turned = [n for (case, fields) in CASES if abs(float(fields["crop"][3])) > 10 for n in [case.name]]
    assert len(WITH_FRAME) >= 8
    assert len(frames) >= 2
    assert outside
    assert tiny
    assert turned


def test_most_shape_parameters_are_free_and_some_at_their_limit():
    bound = LIMIT * np.sqrt(ModelFile.default().shape_model.eigenvalues)
    b = np.stack([floats(fields["shape_parameters"]) for _, fields in CASES])
    clamped = (np.abs(b) >= bound * 0.999999).mean()
    assert 0.01 < clamped < 0.3


@pytest.mark.parametrize("name", WITH_FRAME)
def test_replay(aligner, name):
    case, fields = CASES[NAMES.index(name)]
    got = run(case, read_frame(case.frame), aligner)
    words = {key: rest.split(" ") for key, _, rest in (line.partition(" ") for line in got.lines())}
    if allowed_steps() and case.refine:
        return  # another first look, another crop
    assert words["crop"] == fields["crop"]
    assert words["crop_sha256"] == fields["crop_sha256"]
    steps = [float(word) for word in HEAD["raw_step"]]
    for key, step in zip(("raw_landmarks", "raw_pose"), steps, strict=True):
        difference = np.abs(floats(words[key]) - floats(fields[key]))
        assert difference.max() <= allowed_steps() * step
    if allowed_steps() == 0:
        assert words["outputs_sha256"] == fields["outputs_sha256"]
        for key, most in (("landmarks", 1e-4), ("pose", 1e-4), ("shape_parameters", 2e-6), ("plausibility", 1e-5)):
            np.testing.assert_allclose(floats(words[key]), floats(fields[key]), rtol=0, atol=most, err_msg=key)
        expected = float(fields["confidence"][0]) if "confidence" in fields else None
        assert got.face.confidence == pytest.approx(expected, abs=1e-5)
        assert (got.face.point_errors is None) == ("point_errors" not in fields)
        if got.face.point_errors is not None:
            np.testing.assert_allclose(got.face.point_errors, floats(fields["point_errors"]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_stages_fit_together(name):
    case, fields = CASES[NAMES.index(name)]
    model = ModelFile.default()
    center_x, center_y, side, angle = (float(word) for word in fields["crop"])
    crop = Crop(center_x, center_y, side, model.input_size, angle)
    if case.frame != NO_FRAME:
        pixels = crop.extract(read_frame(case.frame))[..., ::-1]
        hashes = [hashlib.sha256(np.ascontiguousarray(p).tobytes()).hexdigest() for p in (pixels, pixels[:, ::-1])]
        assert fields["crop_sha256"][0] in (
            hashes if case.refine else hashes[:1]
        )  # a second look is in the mirror
    if case.refine:
        return  # its landmarks are the mean of this look and of the one before it
    landmarks = crop.to_image(floats(fields["raw_landmarks"]).reshape(-1, 2))
    np.testing.assert_array_equal(landmarks.ravel(), floats(fields["landmarks"]))
    shape, _ = model.shape_model.align(landmarks)
    np.testing.assert_allclose(model.shape_model.parameters(shape), floats(fields["shape_parameters"]), atol=1e-6)


def allowed_steps() -> int:
    """LiteRT 2.1 and later agree on every processor; older interpreters round some sums differently."""
    try:
        version = metadata.version("ai-edge-litert")
    except metadata.PackageNotFoundError:
        return 3
    return 0 if tuple(int(part) for part in version.split(".")[:2]) >= (2, 1) else 3
