"""Pose-based data balancing: which mode is yaw, and how often each face is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdk import InputError, ModelFile
from sdk.pose import rotation_from_pose
from sdk.results import HeadPose
from sdk.schemes import IBUG68
from train.balance import balanced_indices, yaw_mode
from train.fit_shape import fit_shape_model

SHAPE_MODEL = ModelFile.default().shape_model


def turned(coefficients: list[float]) -> np.ndarray:
    """Faces whose yaw mode has the given coefficients, and no other mode any."""
    mode = yaw_mode(SHAPE_MODEL)
    b = np.zeros((len(coefficients), SHAPE_MODEL.n_modes))
    b[:, mode] = coefficients
    return np.stack([SHAPE_MODEL.reconstruct(row) for row in b])


def shown(coefficients: list[float], *, bins: int) -> list[int]:
    """How often each face is shown."""
    return np.bincount(balanced_indices(turned(coefficients), SHAPE_MODEL, bins=bins)).tolist()


def test_the_yaw_mode_is_the_one_that_turning_the_head_moves():
    rng = np.random.default_rng(0)
    heads = [
        SHAPE_MODEL.mean_3d @ rotation_from_pose(HeadPose(rng.uniform(-50, 50), rng.uniform(-5, 5), 0)).T
        for _ in range(60)
    ]
    model = fit_shape_model(np.stack(heads)[..., :2])
    left, right = (SHAPE_MODEL.mean_3d @ rotation_from_pose(HeadPose(yaw, 0, 0)).T for yaw in (40, -40))
    b = [model.parameters(model.align(head[:, :2])[0], limit=None) for head in (left, right)]
    mode = yaw_mode(model)
    assert b[0][mode] * b[1][mode] < 0
    assert np.argmax(np.abs(b[0])) == mode


def test_a_model_without_mirror_images_is_refused():
    modes = SHAPE_MODEL.eigenvectors.reshape(SHAPE_MODEL.n_modes, -1, 2)
    symmetric = (modes + IBUG68.mirror_landmarks(modes)).reshape(SHAPE_MODEL.n_modes, -1)
    keep = np.linalg.norm(symmetric, axis=1) > 1.0
    rows = np.linalg.qr(symmetric[keep].T)[0].T.astype(np.float32)
    one_sided = replace(SHAPE_MODEL, eigenvectors=rows, eigenvalues=SHAPE_MODEL.eigenvalues[: len(rows)])
    with pytest.raises(InputError, match="expected a mode of yaw; was it fitted without mirror images"):
        yaw_mode(one_sided)


def test_rare_poses_are_repeated_round_of_max_over_n():
    coefficients = [0.05, -0.05, 0.1, 0.02, 0.06, 0.55, -0.6, 1.0]  # bins of width 0.25: 5, 0, 2, 1
    assert shown(coefficients, bins=4) == [1, 1, 1, 1, 1, 2, 2, 5]  # round(5/2) is 2: halves go to even


def test_left_and_right_count_as_one():
    assert shown([1.0, -1.0, 0.9, -0.9], bins=2) == [1, 1, 1, 1]


def test_a_face_on_a_shared_edge_is_in_one_bin_only():
    counts = shown([0.0, 0.25, 0.5, 0.75, 1.0], bins=4)
    assert len(counts) == 5
    assert min(counts) >= 1
    assert sum(counts) <= 10  # in two bins at once, a face would be shown more than max/n times


def test_the_upper_edge_is_in_the_last_bin():
    assert shown([0.01, 0.02, 0.9, 1.0], bins=3) == [1, 1, 1, 1]


def test_one_bin_and_equal_faces_change_nothing():
    assert shown([0.1, 0.5, 1.0], bins=1) == [1, 1, 1]
    assert shown([0.4, 0.4], bins=9) == [1, 1]


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=12), st.integers(1, 12))
def test_every_face_is_shown_in_order(coefficients, bins):
    indices = balanced_indices(turned(coefficients), SHAPE_MODEL, bins=bins)
    assert sorted(set(indices.tolist())) == list(range(len(coefficients)))
    assert (np.diff(indices) >= 0).all()
    assert np.bincount(indices).max() <= len(coefficients)


@pytest.mark.parametrize(("shape", "bins"), [((0, 68, 2), 9), ((68, 2), 9), ((3, 68, 2), 0)])
def test_wrong_input_is_named(shape, bins):
    with pytest.raises(InputError, match=r"expected landmarks \(faces, n, 2\) and bins >= 1"):
        balanced_indices(np.ones(shape), SHAPE_MODEL, bins=bins)
