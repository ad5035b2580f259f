"""Hard faces are drawn more often, by as much as the rule says, and nobody is forgotten."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.errors import InputError
from train.config import Sampling, config_from_dict
from train.difficulty import difficulty, drawn_faces


def test_turned_faces_and_those_that_teachers_part_on_are_hard():
    found = difficulty([0, -30, 30, 90, 0, 30], [1, 1, 1, 1, 0.6, 0.2])
    np.testing.assert_allclose(found, [0, 0.5, 0.5, 1, 0.4, 0.8])


def test_faces_come_as_often_as_their_hardness_says():
    hardness = 1.0 + 1.0 * np.array([0, 0, 0, 0, 0.5, 1.0])
    rng = np.random.default_rng(1)
    counts = sum(np.bincount(drawn_faces(np.arange(6), hardness, 60, rng), minlength=6) for _ in range(50)) / 50
    np.testing.assert_allclose(counts, 60 * hardness / hardness.sum(), atol=0.3)


def test_a_draw_rounds_each_share_up_or_down():
    hardness = np.array([1.0, 1.0, 1.5, 2.0])
    for seed in range(20):
        counts = np.bincount(drawn_faces(np.arange(4), hardness, 11, np.random.default_rng(seed)), minlength=4)
        shares = 11 * hardness / hardness.sum()
        assert counts.sum() == 11
        assert (np.abs(counts - shares) < 1).all()


def test_equal_faces_come_once_each():
    faces = np.array([4, 7, 9, 9, 12])
    assert sorted(drawn_faces(faces, np.ones(5), 5, np.random.default_rng(0)).tolist()) == faces.tolist()


def test_sampling_is_a_table_of_the_configuration():
    assert config_from_dict({"sampling": {"hard": 2}}).sampling == Sampling(2.0)
    assert config_from_dict({}).sampling.hard == 0.0
    with pytest.raises(InputError, match=r"sampling\.hard: expected 0\.0 to 100\.0, got -1"):
        Sampling(-1.0)
