"""The video benchmark: motion that is known, and rows that can be trusted."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.video import HEIGHT, WIDTH, _lag, clip, measure, motion, to_table
from sdk import FaceAligner

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.packed_set import write_packed_set
from train.datasets import read_packed


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    root = write_packed_set(tmp_path_factory.mktemp("set") / "300W", train=1, val=1, test=1, size=288)
    return read_packed(root, split="val")[0]


def test_motion_starts_at_rest_and_keeps_its_bounds():
    corners = np.array([[WIDTH / 2, HEIGHT / 2]])
    places = np.array([motion(i, moving=True).apply(corners)[0] for i in range(60)])
    np.testing.assert_allclose(places[0], corners[0])
    assert 25 < np.abs(places - corners).max() <= 30.5
    np.testing.assert_array_equal(motion(7, moving=False).apply(corners), corners)


def test_clips_show_the_face_where_the_truth_says(sample):
    for frame, truth in clip(sample, frames=3, moving=True, seed=0):
        assert frame.shape == (HEIGHT, WIDTH, 3)
        assert (truth > 0).all()
        assert (truth < (WIDTH, HEIGHT)).all()


def test_a_delay_of_a_frame_is_a_lag_of_one():
    t = np.arange(40)[:, None, None] * 0.2
    true = 50 * np.concatenate([np.sin(t), np.cos(t)], axis=2) + np.zeros((1, 68, 1))
    assert _lag(true[1:], true[:-1]) == pytest.approx(1.0, abs=0.05)
    assert _lag(true, true) == 0.0


def test_rows_cover_every_way_and_motion(sample):
    rows = measure(FaceAligner(), [sample], frames=8)
    assert [(r.name, r.motion) for r in rows] == [
        (name, motion)
        for name in ("two looks a frame", "tracker, raw", "tracker, smoothed")
        for motion in ("still", "moving")
    ]
    for row in rows:
        assert row.lost > 0 or row.jitter >= 0
    name = FaceAligner().model.name
    assert all(row.model == name for row in rows)
    assert f"| {name}: tracker, raw | still | 1 |" in to_table(rows)


def test_the_command_follows_with_each_model_that_is_named(tmp_path, capsys):
    write_packed_set(tmp_path / "300W", train=1, val=1, test=1, size=288)
    models = Path(__file__).resolve().parents[2] / "sdk" / "models"
    named = [word for name in ("accurate", "fast") for word in ("--model", str(models / f"{name}_int8.tflite"))]
    assert main(["video", "--data", str(tmp_path), "--clips", "1", "--frames", "5", *named]) == 0
    printed = capsys.readouterr().out
    assert "| accurate_int8: tracker, raw | still | 1 |" in printed
    assert "| fast_int8: tracker, raw | still | 1 |" in printed
