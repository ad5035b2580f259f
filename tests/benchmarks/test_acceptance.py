"""Fitting the rule of acceptance on hits whose truth is known, and on drawn photos."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.acceptance import Hits, fit, row, to_table
from sdk import InputError, ModelFile
from tests.detection_photos import write_set
from tests.packed_set import write_table


def hits(count: int = 400, *, seed: int = 0) -> Hits:
    """Faces have a smaller last distance and a greater confidence; the first distance tells little."""
    rng = np.random.default_rng(seed)
    faces = rng.random(count) < 0.7
    means = np.where(faces[:, None], [1.0, -2.6, -4.0, 3.0, -0.5], [0.5, -2.0, -2.0, -1.0, -4.0])
    return Hits(means + rng.normal(0.0, 0.7, (count, 5)), faces)


def test_the_fitted_rule_keeps_more_faces_for_as_many_others():
    seen = hits()
    rule = fit(seen)
    limit, fitted = row(None, "drawn", seen), row(rule, "drawn", seen)
    assert fitted.kept_others <= max(1, limit.kept_others)
    assert fitted.kept_faces > limit.kept_faces
    assert rule.last < 0 < rule.confidence
    other = row(fit(seen, false=5), "others", hits(seed=1))
    assert other.kept_faces > 0.9 * other.faces
    assert other.kept_others < 0.2 * other.others


@pytest.mark.parametrize("allowed", [0, 1, 5])
def test_no_more_hits_on_nothing_are_kept_than_are_allowed(allowed):
    seen = hits()
    assert row(fit(seen, false=allowed), "drawn", seen).kept_others <= allowed


def test_hits_of_one_kind_are_not_enough():
    seen = hits()
    with pytest.raises(InputError, match="expected hits on faces and on nothing"):
        fit(Hits(seen.inputs[seen.faces], seen.faces[seen.faces]))


def test_the_table_has_a_line_per_rule():
    seen = Hits(np.zeros((3, 5)), np.array([True, True, False]))
    assert to_table([row(None, "some", seen)]).splitlines()[-1] == (
        "| disagreement up to 0.1 | some | 2 | 0 | 1 | 0 |"
    )


def test_the_command_writes_the_rule_into_the_file(tmp_path, hopper, capsys):
    (tmp_path / "detection").mkdir()
    write_set(tmp_path / "detection", counts={"val": 1})
    folder = tmp_path / "NonFace"
    folder.mkdir()
    files = [f"{i}.png" for i in range(4)]
    for file in files:
        cv2.imwrite(str(folder / file), hopper)  # a face in a photo that is said to have none
    write_table(folder, file=np.array(files), false_box=np.full((4, 4), np.nan, np.float32))
    photo = tmp_path / "detection" / "images" / "0_0.png"
    cv2.imwrite(str(photo), hopper)  # and the same where one is listed
    table = json.loads((tmp_path / "detection" / "annotations.json").read_text())
    table["images"][0]["faces"][0]["box_xyxy"] = [172.0, 157.0, 350.0, 334.0]
    (tmp_path / "detection" / "annotations.json").write_text(json.dumps(table))
    model = tmp_path / "mine.tflite"
    model.write_bytes(ModelFile.default().repacked(ModelFile.default().metadata))
    arguments = ["acceptance", "--data", str(tmp_path), "--turns", "0", "--write-into", str(model)]
    assert main(arguments) == 0
    assert "| fitted | NonFace, kept out | 0 |" in capsys.readouterr().out
    assert ModelFile.load(model).acceptance is not None
