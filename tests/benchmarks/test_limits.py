"""The benchmark of limits: its probes run, its rows say what holds."""

from __future__ import annotations

import numpy as np

from benchmarks.limits import COLUMNS, ROWS, LimitRow, _probe, crowd_of, to_table
from benchmarks.limits_probe import read_portrait, resident_mb
from benchmarks.quality import QualityRow, spoiled
from benchmarks.quality import to_table as quality_table
from sdk import FaceAligner


def test_probes_give_figures_of_a_fresh_process():
    assert 0 < _probe("import")["import_cpu_s"] < 5
    first = _probe("first")
    assert first["open_s"] > 0
    assert first["predict_s"] > 0


def test_a_prediction_adds_little_memory():
    assert 0 < _probe("memory")["added_mb"] <= 60


def test_memory_that_is_held_is_seen():
    before = resident_mb()
    held = np.ones((64 << 20,), np.uint8)
    assert 50 < resident_mb() - before < 80
    del held


def test_the_crowd_has_a_face_in_every_box():
    aligner = FaceAligner()
    crowd, boxes = crowd_of(read_portrait(), aligner)
    assert len(boxes) == ROWS * COLUMNS
    faces = [aligner.align(crowd, box) for box in (boxes[0], boxes[-1])]
    np.testing.assert_allclose(
        faces[0].landmarks - (boxes[0].left, boxes[0].top),
        faces[1].landmarks - (boxes[-1].left, boxes[-1].top),
        atol=2.0,
    )


def test_what_misses_its_limit_is_marked():
    held, missed, free = (LimitRow("x", 2.0, "s", limit, "") for limit in (3.0, 1.0, None))
    assert (held.holds, missed.holds, free.holds) == (True, False, None)
    table = to_table([held, missed, free])
    assert table.count("**missed**") == 1


def test_spoiling_blurs_and_adds_noise():
    rng = np.random.default_rng(0)
    stripes = np.tile(np.uint8([0, 255]), (64, 32))[..., None].repeat(3, axis=2)
    assert spoiled(stripes, 4.0, 0.0, rng).std() < 10
    flat = np.full((64, 64, 3), 128, np.uint8)
    assert 5 < spoiled(flat, 0.0, 6.0, rng).astype(float).std() < 7
    assert "| 2 | 6 | 0.10, 0.20, 0.30 | 4.5 |" in quality_table([QualityRow(0.02, 6.0, 1, 0.1, 0.2, 0.3, 4.5)])
