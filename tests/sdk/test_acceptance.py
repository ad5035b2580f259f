"""The rule by which a detection is a face: its inputs, its place in the model file, and what predict does."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from sdk import BBox, Face, FaceAligner, HeadPose, ModelFile, ModelFileError
from sdk.acceptance import Acceptance, inputs_of
from sdk.aligner import disagreement
from sdk.testing import FixedDetector

MODEL = ModelFile.default()
NONE = dict.fromkeys((f.name for f in dataclasses.fields(Acceptance)), 0.0)
POINTS = np.asarray(MODEL.shape_model.mean * 50.0 + 100.0, np.float32)


def face(score: float = 0.5, confidence: float = 0.5, plausibility: float = 1.0) -> Face:
    parameters, box = np.zeros(3, np.float32), BBox.around(POINTS)
    return Face(POINTS, HeadPose(0, 0, 0), box, score, parameters, plausibility, False, confidence)


def with_rule(**weights: float) -> ModelFile:
    """The shipped model with a rule of these weights, the others 0."""
    rule = Acceptance(**(NONE | weights))
    return ModelFile.from_bytes(MODEL.repacked({**MODEL.metadata, "acceptance": rule.to_dict()}))


@pytest.mark.parametrize(
    ("weights", "better", "worse"),
    [
        ({"score": 1.0}, {"score": 0.51}, {"score": 0.49}),
        ({"confidence": 1.0}, {"confidence": 0.51}, {"confidence": 0.49}),
        ({"plausibility": 1.0, "bias": math.log(100)}, {"plausibility": 0.011}, {"plausibility": 0.009}),
        ({"first": -1.0, "bias": math.log(0.1)}, {"first": 0.099}, {"first": 0.101}),
        ({"last": -1.0, "bias": math.log(0.1)}, {"last": 0.099}, {"last": 0.101}),
    ],
)
def test_each_input_counts_by_its_weight(weights, better, worse):
    def value(change):
        distances = {"first": 1.0, "last": 1.0} | {k: v for k, v in change.items() if k in ("first", "last")}
        shown = face(**{k: v for k, v in change.items() if k not in distances})
        return Acceptance(**(NONE | weights)).value(inputs_of(shown, **distances))

    assert value(better) > 0 > value(worse)


def test_inputs_stay_finite_at_their_ends():
    for score, confidence, plausibility, distance in ((0.0, 0.0, 0.0, math.inf), (1.0, 1.0, 1.0, 0.0)):
        got = inputs_of(face(score, confidence, plausibility), first=distance, last=distance)
        assert all(math.isfinite(v) for v in got)
        assert abs(got[0]) == pytest.approx(math.log(99))


def test_a_rule_survives_its_file_and_files_without_one_have_none():
    assert with_rule(bias=1.5, last=-2.0).acceptance == Acceptance(**(NONE | {"bias": 1.5, "last": -2.0}))
    without = {k: v for k, v in MODEL.metadata.items() if k != "acceptance"}
    assert ModelFile.from_bytes(MODEL.repacked(without)).acceptance is None


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({k: v for k, v in NONE.items() if k != "last"}, "last: expected float from -1000 to 1000, got None"),
        (NONE | {"bias": 2e3}, "bias: expected float"),
        (NONE | {"score": "much"}, "score: expected float"),
        (3, "expected an object, got int"),
    ],
)
def test_a_damaged_rule_is_named(rule, words):
    with pytest.raises(ModelFileError, match=f"acceptance: {words}"):
        MODEL.repacked({**MODEL.metadata, "acceptance": rule})


def test_the_rule_decides_where_the_limit_is_left_alone(hopper):
    assert len(FaceAligner(with_rule(bias=1.0)).predict(hopper)) == 1
    assert FaceAligner(with_rule(bias=-1.0)).predict(hopper) == []
    assert len(FaceAligner(with_rule(bias=-1.0), max_disagreement=0.2).predict(hopper)) == 1


def test_a_face_whose_last_looks_agree_can_be_kept_though_the_first_was_off(hopper):
    (seen,) = FaceAligner(max_disagreement=math.inf).predict(hopper)
    box = seen.box
    off = BBox(box.left - 0.6 * box.width, box.top, box.right - 0.6 * box.width, box.bottom)
    detector = FixedDetector(off)
    aligner = FaceAligner(with_rule(last=-1.0, bias=math.log(0.1)), detector=detector)
    first, second = aligner._two_looks(hopper, detector(hopper)[0])
    assert disagreement(first, second) > aligner.max_disagreement
    assert FaceAligner(detector=detector, max_disagreement=aligner.max_disagreement + 1e-9).predict(hopper) == []
    (kept,) = aligner.predict(hopper)
    assert np.hypot(*(kept.landmarks - seen.landmarks).T).mean() < 0.05 * box.width
