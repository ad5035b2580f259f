"""Fitting recovers a shape model and a 3D head that are known."""

from __future__ import annotations

import numpy as np
import pytest

from sdk import IBUG68, HeadPose, InputError, ModelFile
from sdk.geometry import Similarity
from sdk.pose import rotation_from_pose
from sdk.pose_fit import pose_from_landmarks
from train.fit_shape import fit_mean_3d, fit_shape_model, procrustes

SHIPPED = ModelFile.default().shape_model


def faces(n: int, seed: int = 0) -> np.ndarray:
    """Shapes of the shipped model's first 5 modes under random similarities."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(n):
        b = np.zeros(SHIPPED.n_modes)
        b[:5] = rng.normal(size=5) * np.sqrt(SHIPPED.eigenvalues[:5])
        move = Similarity(complex(*rng.normal(0, 30, 2)), complex(*rng.normal(0, 99, 2)))
        out.append(move.apply(SHIPPED.reconstruct(b)))
    return np.array(out)


def views(n: int, seed: int = 0) -> tuple[np.ndarray, list[HeadPose]]:
    """Orthographic views of the shipped 3D mean, and their poses; pitch averages about 0."""
    rng = np.random.default_rng(seed)
    poses = [
        HeadPose(*(float(v) for v in angles))
        for angles in np.stack([rng.normal(0, 20, n), rng.normal(0, 12, n), rng.normal(0, 10, n)], axis=1)
    ]
    heads = [(SHIPPED.mean_3d @ rotation_from_pose(p).T)[:, :2] * 40 + 100 for p in poses]
    return np.array(heads), poses


def test_five_modes_are_enough_for_shapes_of_five_modes():
    model = fit_shape_model(faces(200), variance=0.999)
    # the mirror images of asymmetric modes, and the curvature of Procrustes alignment, add a few
    assert 5 <= model.n_modes <= 12
    shape, _ = model.align(faces(1, seed=9)[0])
    np.testing.assert_allclose(model.reconstruct(model.parameters(shape, limit=None)), shape, atol=0.03)


def test_the_mean_is_normalised_symmetric_and_upright():
    upright = np.array([SHIPPED.mean * 50 + np.random.default_rng(i).normal(0, 2, (68, 2)) for i in range(30)])
    model = fit_shape_model(upright)
    np.testing.assert_allclose(model.mean.mean(axis=0), 0, atol=1e-5)
    assert (model.mean**2).sum(axis=1).mean() == pytest.approx(1.0, abs=1e-4)
    np.testing.assert_allclose(IBUG68.mirror_landmarks(model.mean), model.mean, atol=1e-3)
    assert abs(model.mean[36, 1] - model.mean[45, 1]) < 1e-3


def test_more_variance_keeps_more_modes():
    shapes = faces(100)
    assert fit_shape_model(shapes, variance=0.5).n_modes < fit_shape_model(shapes, variance=0.99).n_modes


def test_alignment_removes_similarity():
    one = SHIPPED.mean.astype(np.float64)
    moved = np.array([Similarity(complex(2, i), complex(i, 5)).apply(one) for i in range(5)])
    _, aligned = procrustes(moved)
    np.testing.assert_allclose(aligned, np.broadcast_to(aligned[0], aligned.shape), atol=1e-9)


def test_factorisation_recovers_the_head_and_its_depth():
    shapes, poses = views(150)
    head = fit_mean_3d(shapes, scheme=IBUG68)
    tilt = np.mean([p.pitch_deg for p in poses])  # pitch 0 is the mean pitch of the views
    expected = SHIPPED.mean_3d @ rotation_from_pose(HeadPose(0, float(tilt), 0)).T
    expected = expected / np.sqrt((expected[:, :2] ** 2).sum(axis=1).mean())
    np.testing.assert_allclose(head, expected, atol=0.06)
    assert head[30, 2] < head[[0, 16], 2].min()  # the nose is nearer than the ears


@pytest.mark.parametrize("yaw", [-40, 0, 40])
@pytest.mark.parametrize("pitch", [-25, 0, 25])
@pytest.mark.parametrize("roll", [-30, 0, 30])
def test_pose_labels_recover_the_pose(yaw, pitch, roll):
    shape = (SHIPPED.mean_3d @ rotation_from_pose(HeadPose(yaw, pitch, roll)).T)[:, :2] * 60 + 200
    found = pose_from_landmarks(shape, SHIPPED)
    # the label's camera stands 20 head radii away, the views here are orthographic
    assert found.yaw_deg == pytest.approx(yaw, abs=2.5)
    assert found.pitch_deg == pytest.approx(pitch, abs=2.5)
    assert found.roll_deg == pytest.approx(roll, abs=2.5)


def test_wrong_shapes_are_refused():
    with pytest.raises(InputError, match=r"expected \(faces, 68, 2\).*got \(68, 2\)"):
        fit_shape_model(SHIPPED.mean)
    with pytest.raises(InputError, match="3 faces or more"):
        fit_shape_model(SHIPPED.mean[None])


@pytest.mark.data
def test_the_shipped_shape_model_is_the_fit_to_300w_train(data_root):
    from train.datasets import read_packed

    samples = read_packed(data_root / "300W", split="train")
    fitted = fit_shape_model(np.stack([s.landmarks for s in samples]))
    np.testing.assert_allclose(fitted.mean, SHIPPED.mean, atol=1e-4)
    np.testing.assert_allclose(fitted.eigenvalues, SHIPPED.eigenvalues, rtol=1e-3)
    np.testing.assert_allclose(fitted.mean_3d, SHIPPED.mean_3d, atol=1e-3)


@pytest.mark.data
def test_pose_labels_agree_with_fitted_3d_models(data_root):
    """AFLW2000's poses come from another model and another markup of the jaw: near, not equal."""
    table = np.load(data_root / "AFLW2000_16" / "annotations.npz")
    errors = []
    for landmarks, truth in zip(table["landmarks"], table["pose_deg"], strict=True):
        pose = pose_from_landmarks(landmarks, SHIPPED)
        errors.append([pose.yaw_deg - truth[0], pose.pitch_deg - truth[1]])
    assert np.median(np.abs(errors), axis=0).max() < 5.0  # degrees
