"""The latency benchmark: rows, order and ratios."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.latency import frame_with_face, measure, to_table
from sdk import FaceAligner


def test_a_row_per_model_and_stage_and_ratios_to_the_first():
    aligners = {"a": FaceAligner(), "b": FaceAligner()}
    rows = measure(aligners, runs=5)
    assert [(r.stage, r.model) for r in rows] == [(s, m) for s in ("network", "align", "predict") for m in "ab"]
    assert all(0 < r.p50_ms <= r.p95_ms for r in rows)
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        assert first.ratio == 1.0
        assert math.isclose(second.ratio, second.p50_ms / first.p50_ms)
    assert len(to_table(rows).splitlines()) == 2 + len(rows)


def test_the_frame_has_one_face_where_the_box_says():
    frame, box = frame_with_face()
    (face,) = FaceAligner().predict(frame)
    assert face.box.overlap(box) > 0.6
    assert frame.shape == (480, 640, 3)
    assert np.ptp(frame) > 100
