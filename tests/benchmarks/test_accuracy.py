"""The accuracy benchmark on drawn faces with answers that are known."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import measure, to_table
from benchmarks.sheets import contact_sheet
from sdk import BBox, FaceAligner, ModelFile
from sdk.errors import InputError
from sdk.testing import FixedDetector
from train.evaluation.boxes import JITTER, jittered_box

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.packed_set import write_packed_set

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"


@pytest.fixture
def packed(tmp_path) -> Path:
    return write_packed_set(tmp_path / "300W", train=1, val=1, test=3)


def test_missed_faces_are_counted_as_failures(packed):
    blind = FaceAligner(detector=FixedDetector())
    rows = measure(blind, "sha", packed, ["test_common"])
    by_boxes = {row.boxes: row for row in rows}
    assert (by_boxes["detector"].missed, by_boxes["detector"].failure_rate_at_10) == (3, 1.0)
    assert by_boxes["detector"].auc_at_10 == 0.0
    assert np.isnan(by_boxes["detector"].nme_interocular)
    assert by_boxes["jittered"].missed == 0
    assert np.isfinite(by_boxes["jittered"].nme_interocular)


def test_distributions_rise_to_the_share_without_failures(packed):
    for row in measure(FaceAligner(detector=FixedDetector()), "sha", packed, ["test_common"]):
        assert len(row.ced) == 41
        assert list(row.ced) == sorted(row.ced)
        assert row.ced[-1] == 1 - row.failure_rate_at_10


def test_the_same_seed_gives_the_same_figures(packed):
    aligner = FaceAligner(detector=FixedDetector())
    first, again, other = (measure(aligner, "sha", packed, ["test_common"], seed=seed)[0] for seed in (0, 0, 1))
    assert first == again
    assert first.nme_interocular != other.nme_interocular


def test_a_detection_elsewhere_is_a_miss(packed):
    wrong = FaceAligner(detector=FixedDetector(BBox(0, 0, 12, 12)))
    row = next(r for r in measure(wrong, "sha", packed, ["test_common"]) if r.boxes == "detector")
    assert row.missed == 3


def test_jitter_is_within_its_limit_and_centred():
    landmarks = ModelFile.default().shape_model.mean * 50 + 100
    true = BBox.around(landmarks)
    boxes = [jittered_box(landmarks, np.random.default_rng(i)) for i in range(400)]
    longer = max(true.width, true.height)
    shifts = np.array([(b.center_x - true.center_x, b.center_y - true.center_y) for b in boxes]) / longer
    scales = np.array([b.width / true.width for b in boxes])
    assert np.abs(shifts).max() <= JITTER + 1e-6
    assert np.abs(shifts).max() > 0.9 * JITTER
    assert np.abs(shifts.mean(axis=0)).max() < 0.02
    assert 0.9 <= scales.min() < 0.91
    assert 1.09 < scales.max() <= 1.1


def test_the_table_has_a_line_per_row(packed):
    rows = measure(FaceAligner(detector=FixedDetector()), "sha", packed, ["test_common", "val"])
    assert len(to_table(rows).splitlines()) == 2 + 6


def test_contact_sheets_hold_every_picture():
    pictures = [np.full((10 + i, 20, 3), 40 * i, np.uint8) for i in range(1, 6)]
    assert contact_sheet(pictures, tile=32, columns=3).shape == (64, 96, 3)
    with pytest.raises(InputError, match="at least one picture"):
        contact_sheet([], tile=32, columns=3)


@pytest.mark.parametrize("path", sorted(RESULTS.glob("accuracy--*.json")), ids=lambda p: p.stem)
def test_committed_results_say_where_they_come_from(path):
    record = json.loads(path.read_text())
    assert record["suite"] == "accuracy"
    assert set(record["environment"]) >= {"command", "commit", "device", "python", "versions"}
    for row in record["rows"]:
        assert row["faces"] >= row["missed"] >= 0
        assert 0 < row["nme_interocular"] < 100
        assert len(row["model_sha256"]) == 64
