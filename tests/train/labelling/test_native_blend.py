"""Points of another markup are refitted by other faces; labels are drawn to teachers where these are near."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdk.errors import InputError
from sdk.schemes import IBUG68
from sdk.testing import rendered_face
from train.labelling.native import native_points, refitted
from train.prepare import write_columns


@pytest.fixture
def faces() -> np.ndarray:
    rng = np.random.default_rng(6)
    return np.stack([rendered_face(rng, size=96)[1] for _ in range(60)]).astype(np.float32)


def test_refitted_points_keep_what_annotators_saw_and_take_the_teachers_markup(faces):
    eyes = np.linalg.norm(faces[:, 45] - faces[:, 36], axis=1)
    noise = np.random.default_rng(1).normal(0, 0.04, faces.shape) * eyes[:, None, None]
    teachers = faces + noise.astype(np.float32)
    native = (faces[:, 1:] + faces[:, :-1]) / 2
    points = [None if i == 7 else native[i] for i in range(60)]
    found = refitted(points, list(teachers))
    assert found[7] is None
    error, theirs = (
        np.mean([np.linalg.norm(p[i] - faces[i], axis=1).mean() / eyes[i] for i in range(60) if i != 7])
        for p in (found, teachers)
    )
    assert error < 0.7 * theirs


def test_too_few_faces_are_refused(faces):
    with pytest.raises(InputError, match="expected 20 faces or more that have them, got 3"):
        refitted(list(faces[:3]), list(faces[:3]))


def test_native_points_are_read_by_file_and_other_columns_are_named(faces, tmp_path: Path):
    table = {
        "file": np.array(["images/0.jpg", "images/1.jpg"]),
        "native68": faces[:2],
        "pose_deg": np.zeros((2, 3)),
    }
    table["native68"][1, 4] = np.nan
    write_columns(tmp_path / "annotations.npz", table)
    assert list(native_points(tmp_path, "native68")) == ["images/0.jpg"]
    for column in ("native86", "pose_deg"):
        with pytest.raises(InputError, match=rf"expected a column {column} of points .*are native68"):
            native_points(tmp_path, column)
    with pytest.raises(InputError, match="expected the table of a packed set"):
        native_points(tmp_path / "nowhere", "native68")


def test_a_blended_label_moves_the_less_the_further_teachers_are(faces):
    from train.labelling.blend import REACH, blended

    label = faces[0]
    eye = np.linalg.norm(label[45] - label[36])
    teachers = label.copy()
    teachers[8, 1] += 0.02 * eye
    teachers[30, 0] += 0.5 * eye
    moved = (blended(label, teachers, IBUG68, share=0.4) - label) / eye
    assert moved[8, 1] == pytest.approx(0.4 * 0.02 * np.exp(-((0.02 / REACH) ** 2)), rel=1e-2)
    assert np.abs(np.delete(moved, 8, axis=0)).max() < 1e-4
    with pytest.raises(InputError, match="expected teachers of the labels' scheme"):
        blended(label, teachers[:20], IBUG68)
