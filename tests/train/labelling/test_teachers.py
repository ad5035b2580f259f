"""Points of another network become landmarks, and what teachers agree on becomes a label with weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdk.errors import InputError
from sdk.schemes import IBUG68
from sdk.testing import rendered_face
from train.datasets import Sample
from train.labelling.consensus import consensus
from train.labelling.ridge import OutsideTeacher, Ridge, crossed, read_points


@pytest.fixture
def faces() -> np.ndarray:
    rng = np.random.default_rng(4)
    return np.stack([rendered_face(rng, size=96)[1] for _ in range(60)]).astype(np.float32)


@pytest.fixture
def other(faces) -> np.ndarray:
    """Another markup: middles of neighbouring points and some shift, (60, 67, 2)."""
    return ((faces[:, 1:] + faces[:, :-1]) / 2 + np.array([0.5, -1.0])).astype(np.float32)


def eyes(faces: np.ndarray) -> np.ndarray:
    return np.linalg.norm(faces[:, 45] - faces[:, 36], axis=1)


def test_a_ridge_finds_landmarks_of_faces_that_it_was_not_fitted_to(faces, other):
    ridge = Ridge.fit(other[:50], faces[:50], strength=1e-3)
    error = np.linalg.norm(ridge(other[50:]) - faces[50:], axis=2).mean(axis=1) / eyes(faces[50:])
    shape = faces[:50].mean(axis=0) - faces[:50].mean(axis=(0, 1))
    mean_shape = shape + faces[50:].mean(axis=1, keepdims=True)
    untold = np.linalg.norm(mean_shape - faces[50:], axis=2).mean(axis=1) / eyes(faces[50:])
    assert error.mean() < 0.25 * untold.mean()


def test_a_ridge_with_a_line_does_not_mind_how_a_face_lies(faces, other):
    ridge = Ridge.fit(other, faces, line=(36, 45))
    quarter = np.stack([-other[:, :, 1], other[:, :, 0]], axis=-1)
    turned = ridge(quarter)
    back = np.stack([turned[:, :, 1], -turned[:, :, 0]], axis=-1)
    np.testing.assert_allclose(back, ridge(other), atol=1e-3)


def test_crossed_ridges_never_saw_the_face(faces, other):
    wild = faces.copy()
    wild[0] += 50.0  # its own label is wrong; the others' are not
    found = crossed(other, wild, folds=10, strength=1e-3)
    assert np.linalg.norm(found[0] - faces[0], axis=1).mean() < np.linalg.norm(found[0] - wild[0], axis=1).mean()


def test_a_ridge_is_read_as_it_was_written(faces, other, tmp_path: Path):
    ridge = Ridge.fit(other, faces, line=(36, 45))
    ridge.save(tmp_path / "ridge.npz", data="drawn")
    np.testing.assert_allclose(Ridge.load(tmp_path / "ridge.npz")(other), ridge(other), atol=1e-3)


def test_an_outside_teacher_has_no_opinion_of_faces_not_found(faces, other, tmp_path: Path):
    points = other[:3].copy()
    points[1] = np.nan
    np.savez(
        tmp_path / "points.npz", files=np.array(["images/0.jpg", "images/1.jpg", "images/2.jpg"]), points=points
    )
    teacher = OutsideTeacher.read(tmp_path / "points.npz", Ridge.fit(other, faces))
    samples = [Sample(tmp_path / "images" / f"{i}.jpg", faces[i], "a", "a") for i in range(3)]
    found = [teacher(sample) for sample in samples]
    assert found[1] is None
    assert found[0] is not None
    assert np.linalg.norm(found[0] - faces[0], axis=1).mean() < 2.0


def test_points_of_another_network_than_the_ridges_are_refused(faces, other, tmp_path: Path):
    np.savez(tmp_path / "points.npz", files=np.array(["images/0.jpg"]), points=other[:1, :40])
    with pytest.raises(InputError, match="expected 67 points for this ridge"):
        OutsideTeacher.read(tmp_path / "points.npz", Ridge.fit(other, faces))


def test_a_file_without_points_is_refused(tmp_path: Path):
    np.savez(tmp_path / "points.npz", files=np.array(["images/0.jpg"]))
    with pytest.raises(InputError, match="files and points"):
        read_points(tmp_path / "points.npz")


def test_points_on_which_teachers_differ_weigh_less(faces):
    second = faces[0].copy()
    second[8, 1] += 0.06 * eyes(faces[:1])[0]
    mean, weights, apart = consensus([faces[0], second], IBUG68)
    np.testing.assert_allclose(mean, (faces[0] + second) / 2, atol=1e-4)
    assert weights[8] == pytest.approx(0.5, abs=0.01)
    assert (np.delete(weights, 8) > 0.999).all()
    assert apart == pytest.approx(0.06 / 68, rel=0.01)


def test_one_opinion_is_the_label(faces):
    mean, weights, apart = consensus([faces[0]], IBUG68)
    np.testing.assert_allclose(mean, faces[0], atol=1e-4)
    assert (weights == 1).all()
    assert apart == 0
