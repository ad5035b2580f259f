"""The One-Euro filter: laws, and what each parameter does."""

from __future__ import annotations

import numpy as np
import pytest

from sdk import InputError, ModelFile, OneEuro
from sdk.geometry import Similarity
from sdk.smoothing import LandmarkFilter, OneEuroFilter

STEP = 1 / 30


def run(values: np.ndarray, parameters: OneEuro, *, unit: float = 1.0) -> np.ndarray:
    smooth = OneEuroFilter(parameters)
    return np.array([smooth(v, STEP, unit=unit) for v in values])


def noise(n: int = 300) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.01, (n, 4, 2))


def test_a_constant_passes_unchanged():
    np.testing.assert_allclose(run(np.ones((20, 3, 2)), OneEuro()), 1.0)


def test_noise_at_rest_is_reduced():
    raw = noise()
    smooth = run(raw, OneEuro())
    assert np.diff(smooth[30:], axis=0).std() < 0.6 * np.diff(raw[30:], axis=0).std()


def test_with_beta_0_it_is_the_low_pass_of_the_source():
    values = noise(5)
    tau = 1 / (2 * np.pi * 1.5)
    share = 1 / (1 + tau / STEP)
    expected = [values[0]]
    for v in values[1:]:
        expected.append(share * v + (1 - share) * expected[-1])
    np.testing.assert_allclose(run(values, OneEuro(min_cutoff_hz=1.5, beta=0.0)), expected)


def test_a_higher_beta_lags_less():
    ramp = np.arange(60.0)[:, None, None] * np.array([[0.1, 0.0]])
    lags = [(ramp - run(ramp, OneEuro(beta=beta)))[-1, 0, 0] for beta in (0.0, 1.0, 24.0)]
    assert lags[0] > lags[1] > lags[2] > 0


def test_the_unit_makes_near_and_far_faces_alike():
    ramp = noise(50) + np.arange(50.0)[:, None, None] * 0.05
    np.testing.assert_allclose(run(ramp * 80, OneEuro(), unit=80.0), run(ramp, OneEuro()) * 80, rtol=1e-9)


def test_time_that_stands_still_passes_the_value():
    smooth = OneEuroFilter(OneEuro())
    smooth([[0.0, 0.0]], STEP)
    np.testing.assert_array_equal(smooth([[5.0, 5.0]], 0.0), [[5.0, 5.0]])


@pytest.mark.parametrize("wrong", [{"min_cutoff_hz": 0}, {"beta": -1}, {"speed_cutoff_hz": float("nan")}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(InputError, match="OneEuro: expected positive cut-offs"):
        OneEuro(**wrong)


FACE = 50 * ModelFile.default().shape_model.mean.astype(np.float64)
EYES = float(np.linalg.norm(FACE[36] - FACE[45]))


def swaying(n: int) -> np.ndarray:
    """A face that sways, turns and comes closer, (n, 68, 2)."""
    t = np.arange(n) / 10
    moves = [
        Similarity(complex((1 + 0.05 * np.sin(x)) * np.exp(0.15j * np.sin(x))), complex(30 * np.sin(x))) for x in t
    ]
    return np.array([move.apply(FACE) for move in moves])


def followed(
    faces: np.ndarray, filter_class: type = LandmarkFilter, parameters: OneEuro | None = None
) -> np.ndarray:
    smooth = filter_class(parameters or OneEuro())
    return np.array([smooth(face, STEP, unit=EYES) for face in faces])


def test_landmarks_at_rest_pass_unchanged():
    np.testing.assert_allclose(followed(np.array([FACE] * 9)), [FACE] * 9, atol=1e-9)


def test_motion_of_the_whole_face_lags_less_than_point_by_point_at_no_more_jitter():
    rng = np.random.default_rng(0)
    still = FACE + rng.normal(0, 0.01 * EYES, (200, 68, 2))
    jitter = {c: np.diff(followed(still, c)[30:], axis=0).std() for c in (LandmarkFilter, OneEuroFilter)}
    assert jitter[LandmarkFilter] < 1.1 * jitter[OneEuroFilter]
    assert jitter[LandmarkFilter] < 0.5 * np.diff(still, axis=0).std()
    moving = swaying(90)
    noisy = moving + rng.normal(0, 0.01 * EYES, moving.shape)
    error = {c: np.abs(followed(noisy, c) - moving).mean() for c in (LandmarkFilter, OneEuroFilter)}
    assert error[LandmarkFilter] < 0.8 * error[OneEuroFilter]


def test_a_similarity_of_all_frames_is_one_of_all_answers():
    turn = Similarity(2.0 * np.exp(0.7j), 100 - 30j)
    faces = swaying(20)
    smooth = LandmarkFilter(OneEuro())
    there = [smooth(turn.apply(face), STEP, unit=2 * EYES) for face in faces]
    np.testing.assert_allclose(there, turn.apply(followed(faces)), atol=1e-8)


def test_a_blink_comes_through():
    faces = np.array([FACE] * 30)
    faces[15:18, [37, 38, 43, 44], 1] += 0.06 * EYES
    closed = (followed(faces) - FACE)[15:18, 37, 1].max() / (0.06 * EYES)
    assert closed > 0.75


@pytest.mark.parametrize("place", [0.0, 0.1, 1234.567])  # the mean of many 0.1 is not 0.1
def test_a_face_after_points_in_one_place_passes_as_it_is(place):
    smooth = LandmarkFilter(OneEuro())
    smooth(np.full((68, 2), place), STEP, unit=1.0)
    np.testing.assert_array_equal(smooth(FACE + 100.3, STEP, unit=EYES), FACE + 100.3)
