"""What a choice of convention can move is taken off errors, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.offsets import nme_without_own_shift, nme_without_side
from sdk.metrics import nme_interocular
from sdk.schemes import IBUG68
from sdk.testing import rendered_face
from train.eyes import differences
from train.labelling.side_shift import SideShift


@pytest.fixture
def faces() -> np.ndarray:
    rng = np.random.default_rng(6)
    return np.stack([rendered_face(rng, size=128)[1] for _ in range(40)]).astype(np.float32)


def with_noise(faces: np.ndarray, percent: float) -> np.ndarray:
    eyes = np.linalg.norm(faces[:, 45] - faces[:, 36], axis=1)[:, None, None]
    noise = np.random.default_rng(7).normal(0, percent / 100, faces.shape)
    return (faces + noise * eyes).astype(np.float32)


def moved(faces: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """By shares of the outer-eye distance, along and across the eyes' line."""
    line = faces[:, 45] - faces[:, 36]
    across = np.stack([-line[:, 1], line[:, 0]], axis=1)
    return (faces + (dx * line + dy * across)[:, None]).astype(np.float32)


def test_absolute_differences_are_the_nme(faces):
    found = with_noise(faces, 3)
    nme = nme_interocular(faces, found)
    np.testing.assert_allclose(100 * np.abs(differences(faces, found, IBUG68)).mean(axis=1), nme, rtol=1e-4)


def test_a_constant_shift_of_a_network_costs_nothing_without_it(faces):
    found = with_noise(faces, 3)
    plain = nme_without_own_shift(differences(faces, found, IBUG68))
    shifted = differences(faces, moved(found, 0.02, -0.015), IBUG68)
    assert 100 * np.abs(shifted).mean() > plain + 0.5
    assert nme_without_own_shift(shifted) == pytest.approx(plain, abs=0.01)


def test_a_face_that_fails_does_not_move_the_others(faces):
    found = with_noise(faces, 3)
    plain = nme_without_own_shift(differences(faces, found, IBUG68))
    found[4] = found[4][::-1]
    with_failure = differences(faces, found, IBUG68)
    failed = 100 * np.abs(with_failure[4]).mean() / len(faces)
    assert failed > 1
    assert nme_without_own_shift(with_failure) == pytest.approx(plain + failed, abs=0.15)
    assert np.isfinite(nme_without_own_shift(with_failure[4:5].repeat(2, axis=0)))  # failures alone


def test_errors_of_single_faces_stay(faces):
    rng = np.random.default_rng(8)
    found = np.concatenate([moved(faces[i : i + 1], *rng.normal(0, 0.03, 2)) for i in range(len(faces))])
    errors = differences(faces, found, IBUG68)
    assert nme_without_own_shift(errors) > 0.9 * 100 * np.abs(errors).mean()


def test_the_shift_of_another_split_is_taken_off_as_it_is(faces):
    errors = differences(faces, moved(faces, 0.02, 0.0), IBUG68)
    assert nme_without_own_shift(errors, errors) == pytest.approx(0, abs=0.01)
    assert nme_without_own_shift(errors, 0 * errors) == pytest.approx(2, abs=0.01)


def test_points_that_a_network_lacks_do_not_count(faces):
    errors = differences(faces, with_noise(faces, 3), IBUG68)
    part = errors.copy()
    part[:, 17:] = np.nan
    assert nme_without_own_shift(part) == pytest.approx(nme_without_own_shift(errors[:, :17]))


def test_labels_that_lean_to_one_side_cost_nothing_without_it(faces):
    leaning = moved(faces, 0.008, 0.0)
    shift = SideShift.between(leaning, faces, IBUG68, data="drawn")
    assert nme_without_side(differences(leaning, faces, IBUG68), shift) == pytest.approx(0, abs=0.01)
