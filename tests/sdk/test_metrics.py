"""Metrics against figures worked out by hand, and their invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdk import ModelFile
from sdk.errors import InputError
from sdk.geometry import Similarity
from sdk.metrics import (
    auc,
    ced,
    errors_interocular,
    failure_rate,
    nme_face_box,
    nme_interocular,
    nme_interpupil,
    pose_errors,
    pose_mae,
    sign_agreement,
)
from sdk.schemes import AFLW19, COFW29, IBUG68, WFLW98

MEAN = ModelFile.default().shape_model.mean


def test_nme_by_hand():
    truth = MEAN.copy()
    truth[36], truth[45] = (0.0, 0.0), (4.0, 3.0)  # eye corners 5 apart
    guess = truth.copy()
    guess[10] += (0.6, 0.8)  # one point off by 1
    assert nme_interocular(truth[None], guess[None])[0] == pytest.approx(100 * 1.0 / 68 / 5, rel=1e-5)


@given(st.floats(-3, 3), st.floats(0.1, 100), st.floats(-500, 500))
def test_nme_is_blind_to_similarity(angle, scale, shift):
    guess = MEAN + np.random.default_rng(0).normal(0, 0.05, MEAN.shape)
    s = Similarity(scale * complex(np.cos(angle), np.sin(angle)), complex(shift, shift / 2))
    before = nme_interocular(MEAN[None], guess[None])
    after = nme_interocular(s.apply(MEAN)[None], s.apply(guess)[None])
    np.testing.assert_allclose(after, before, rtol=1e-6)


def test_nme_by_face_box_by_hand():
    truth = np.zeros((2, 19, 2))
    guess = truth.copy()
    guess[0, 3] = (3.0, 4.0)
    guess[1] += (0.0, 2.0)
    np.testing.assert_allclose(nme_face_box(truth, guess, [10.0, 50.0], scheme=AFLW19), [100 * 5 / 19 / 10, 4.0])
    for sides in ([10.0], [10.0, 0.0]):
        with pytest.raises(InputError, match="sides: expected 2 positive numbers"):
            nme_face_box(truth, guess, sides, scheme=AFLW19)


def test_perfect_landmarks_have_no_error():
    assert nme_interocular(MEAN[None], MEAN[None])[0] == 0.0


def test_nme_refuses_other_shapes():
    with pytest.raises(InputError, match=r"expected two arrays \(faces, 68, 2\), got \(68, 2\)"):
        nme_interocular(MEAN, MEAN)


def test_nme_refuses_coinciding_eyes():
    with pytest.raises(InputError, match="eye corners coincide in face 1"):
        nme_interocular(np.stack([MEAN, np.zeros_like(MEAN)]), np.stack([MEAN, MEAN]))


def test_a_missed_face_is_a_failure():
    errors = [5.0, 15.0, float("inf"), float("nan")]
    assert failure_rate(errors) == 0.75
    assert auc(errors) == pytest.approx(0.5 / 4)


def test_auc_is_the_area_under_the_ced():
    errors = np.random.default_rng(0).gamma(4, 1.2, 500)
    thresholds, share = ced(errors, steps=20_000)
    area = float(((share[1:] + share[:-1]) / 2 * np.diff(thresholds)).sum()) / 10.0
    assert auc(errors) == pytest.approx(area, abs=1e-3)


def test_no_faces_is_an_error():
    with pytest.raises(InputError, match="at least one face"):
        auc([])


def test_pose_error_wraps_and_leaves_unknown_angles_out():
    truth = np.array([[179.0, 0.0, np.nan], [0.0, 10.0, 5.0]])
    guess = np.array([[-179.0, 0.0, 50.0], [0.0, 20.0, 9.0]])
    np.testing.assert_allclose(pose_mae(truth, guess), [1.0, 5.0, 4.0])


def test_interpupil_by_hand():
    truth = MEAN.copy()
    truth[36:42], truth[42:48] = (0.0, 0.0), (6.0, 8.0)  # pupils 10 apart
    truth[36], truth[39] = (-1.0, -1.0), (1.0, 1.0)  # corners: their mean is still the pupil
    guess = truth.copy()
    guess[10] += (0.6, 0.8)
    assert nme_interpupil(truth[None], guess[None])[0] == pytest.approx(100 * 1.0 / 68 / 10, rel=1e-5)


@pytest.mark.parametrize("scheme", [IBUG68, WFLW98, COFW29, AFLW19], ids=lambda s: s.name)
def test_the_two_normalisers_differ_by_the_ratio_of_their_distances(scheme):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(5, scheme.n_points, 2))
    guess = truth + rng.normal(0, 0.1, truth.shape)
    pupils, (right, left) = scheme.pupils(truth), scheme.outer_eye_corners
    ratio = np.linalg.norm(truth[:, right] - truth[:, left], axis=-1) / np.linalg.norm(
        pupils[:, 0] - pupils[:, 1], axis=-1
    )
    interpupil = nme_interpupil(truth, guess, scheme=scheme)
    np.testing.assert_allclose(interpupil, ratio * nme_interocular(truth, guess, scheme=scheme))


def test_interpupil_refuses_coinciding_eyes():
    with pytest.raises(InputError, match="pupils coincide in face 0"):
        nme_interpupil(np.zeros_like(MEAN)[None], MEAN[None])


def test_errors_per_point_say_where_the_error_is():
    guess = MEAN.copy()
    guess[list(IBUG68.groups["nose"])] += 0.1
    errors = errors_interocular(MEAN[None], guess[None])[0]
    assert (errors > 0).nonzero()[0].tolist() == list(IBUG68.groups["nose"])
    assert errors.mean() == pytest.approx(nme_interocular(MEAN[None], guess[None])[0])


def test_pose_errors_are_signed_and_go_the_short_way():
    np.testing.assert_allclose(pose_errors([170.0, -10.0, 5.0], [-170.0, -25.0, 9.0]), [20.0, -15.0, 4.0])


def test_signs_are_compared_away_from_zero_only():
    assert sign_agreement([30.0, -45.0, 60.0, 29.0, np.nan], [1.0, -2.0, -3.0, -9.0, 5.0]) == (2 / 3, 3)
    assert sign_agreement([40.0, -40.0], [-40.0, 40.0]) == (0.0, 2)
    share, faces = sign_agreement([3.0], [3.0])
    assert np.isnan(share)
    assert faces == 0
