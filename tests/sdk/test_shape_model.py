"""Laws of the active shape model."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk import InputError, ModelFile, ShapeModel
from sdk.geometry import Similarity
from sdk.shape_model import _chi_square_tail
from sdk.testing import toy_shape_model

SHIPPED = ModelFile.default().shape_model
SEEDS = st.integers(0, 10_000)


def scatter(seed: int, spread: float = 0.5) -> np.ndarray:
    return SHIPPED.mean + np.random.default_rng(seed).normal(0, spread, SHIPPED.mean.shape)


@given(SEEDS)
def test_parameters_stay_within_three_standard_deviations(seed):
    b = SHIPPED.parameters(SHIPPED.align(scatter(seed, 2.0))[0])
    assert (np.abs(b) <= 3 * np.sqrt(SHIPPED.eigenvalues) * (1 + 1e-6)).all()


@given(SEEDS)
def test_parameters_of_a_reconstruction_are_the_parameters(seed):
    b = np.random.default_rng(seed).normal(size=SHIPPED.n_modes) * np.sqrt(SHIPPED.eigenvalues)
    b = np.clip(b, -3 * np.sqrt(SHIPPED.eigenvalues), 3 * np.sqrt(SHIPPED.eigenvalues))
    np.testing.assert_allclose(SHIPPED.parameters(SHIPPED.reconstruct(b)), b, atol=2e-5)


@settings(deadline=None)
@given(SEEDS, st.floats(-3, 3), st.floats(0.1, 50), st.floats(-99, 99))
def test_regularise_moves_with_the_face(seed, angle, scale, shift):
    shape = scatter(seed, 0.1)
    similarity = Similarity(scale * complex(math.cos(angle), math.sin(angle)), complex(shift, -shift))
    once = SHIPPED.regularise(similarity.apply(shape))
    expected = similarity.apply(SHIPPED.regularise(shape))
    np.testing.assert_allclose(once, expected, atol=1e-4 * scale + 1e-4)


def test_regularise_changes_a_plausible_shape_little_and_a_wild_one_a_lot():
    model = SHIPPED
    b = 0.5 * np.sqrt(model.eigenvalues)
    shape = model.reconstruct(b)
    assert np.abs(model.regularise(shape) - shape).max() < 0.02
    assert np.abs(model.regularise(scatter(3, 1.0)) - scatter(3, 1.0)).max() > 0.5


def test_plausibility_is_one_at_the_mean_falls_with_distance_and_ignores_the_frame():
    model = SHIPPED
    steps = [model.plausibility(model.reconstruct(t * np.sqrt(model.eigenvalues))) for t in (0.0, 0.7, 1.0, 2.0)]
    assert steps[0] > 0.999
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] < 1e-3
    turned = Similarity(7j, 100 + 50j).apply(model.reconstruct(np.sqrt(model.eigenvalues)))
    assert model.plausibility(turned) == pytest.approx(steps[2], abs=1e-3)


def test_described_is_parameters_and_plausibility():
    shape = SHIPPED.align(scatter(1, 0.1))[0]
    b, plausibility = SHIPPED.described(shape)
    np.testing.assert_array_equal(b, SHIPPED.parameters(shape))
    assert plausibility == SHIPPED.plausibility_of(shape)


def test_a_pickled_model_is_the_same_model():
    again, face = pickle.loads(pickle.dumps(SHIPPED)), scatter(2, 0.1)
    np.testing.assert_array_equal(again.regularise(face), SHIPPED.regularise(face))


def test_plausibility_of_nonsense_is_zero():
    rng = np.random.default_rng(0)
    assert SHIPPED.plausibility(rng.normal(size=(68, 2))) < 1e-9
    assert SHIPPED.plausibility(np.zeros((68, 2))) == 0.0


@pytest.mark.parametrize(
    ("value", "degrees", "expected"),
    [(3.841, 1, 0.05), (5.991, 2, 0.05), (11.07, 5, 0.05), (18.31, 10, 0.05), (9.342, 10, 0.5), (23.21, 10, 0.01)],
)
def test_chi_square_tail_follows_the_printed_tables(value, degrees, expected):
    assert _chi_square_tail(value, degrees) == pytest.approx(expected, abs=0.01)


def test_truncated_keeps_the_total_variation():
    small = SHIPPED.truncated(0.9)
    assert small.n_modes < SHIPPED.n_modes
    total = SHIPPED.eigenvalues.sum() + SHIPPED.residual_moments[0]
    assert small.eigenvalues.sum() + small.residual_moments[0] == pytest.approx(total, rel=1e-5)
    assert small.eigenvalues.sum() / total >= 0.9
    assert small.eigenvalues[:-1].sum() / total < 0.9


def test_the_shipped_model_is_orthonormal_and_symmetric():
    modes = SHIPPED.eigenvectors
    np.testing.assert_allclose(modes @ modes.T, np.eye(len(modes)), atol=1e-5)
    from sdk import IBUG68

    np.testing.assert_allclose(IBUG68.mirror_landmarks(SHIPPED.mean), SHIPPED.mean, atol=1e-3)


def test_arrays_make_the_same_model():
    again = ShapeModel.from_arrays(SHIPPED.arrays())
    for name, array in SHIPPED.arrays().items():
        np.testing.assert_array_equal(getattr(again, name), array)


def changed(**arrays: np.ndarray) -> dict[str, np.ndarray]:
    return {**toy_shape_model().arrays(), **arrays}


def test_modes_as_columns_are_recognised():
    with pytest.raises(
        InputError, match=r"expected shape \(4, 136\).*got \(136, 4\); are the modes stored as columns"
    ):
        ShapeModel.from_arrays(changed(eigenvectors=toy_shape_model().eigenvectors.T))


def test_ascending_eigenvalues_are_refused():
    with pytest.raises(InputError, match="descending"):
        ShapeModel.from_arrays(changed(eigenvalues=np.array([0.1, 0.2, 0.3, 0.4], np.float32)))


def test_nan_is_refused():
    with pytest.raises(InputError, match="mean: expected finite"):
        ShapeModel.from_arrays(changed(mean=np.full((68, 2), np.nan, np.float32)))


def test_a_missing_array_is_named():
    arrays = changed()
    del arrays["eigenvalues"]
    with pytest.raises(InputError, match=r"missing.*eigenvalues"):
        ShapeModel.from_arrays(arrays)


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5])
def test_truncated_needs_a_share(share):
    with pytest.raises(InputError, match="variance"):
        SHIPPED.truncated(share)
