"""The side that annotators lean to: found where it is, taken off whatever the face's size and roll."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdk.errors import InputError
from sdk.geometry import to_complex
from sdk.schemes import IBUG68
from sdk.testing import rendered_face
from train.datasets import Sample
from train.eyes import eye_line
from train.labelling.side_shift import SideShift


@pytest.fixture
def faces() -> np.ndarray:
    """Landmarks (12, 68, 2) of drawn faces of several sizes, turned by up to ±60 degrees."""
    rng = np.random.default_rng(3)
    drawn = np.stack([rendered_face(rng, size=96)[1] for _ in range(12)]).astype(np.float64)
    turns = np.exp(1j * np.radians(rng.uniform(-60, 60, 12))) * rng.uniform(0.5, 3.0, 12)
    z = to_complex(drawn) * turns[:, None]
    return np.stack([z.real, z.imag], axis=-1).astype(np.float32)


def moved(faces: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    z = to_complex(faces)
    z = z + offsets * eye_line(z, IBUG68)[:, None]
    return np.stack([z.real, z.imag], axis=-1).astype(np.float32)


def test_a_shift_to_one_side_is_found_in_eye_distances(faces):
    shift = SideShift.between(moved(faces, np.full(68, 0.01)), faces, IBUG68, data="drawn")
    np.testing.assert_allclose(shift.offsets, 0.01, atol=1e-5)


def test_errors_that_a_mirror_keeps_are_no_shift(faces):
    own = np.random.default_rng(1).normal(0, 0.02, 68) + 0j
    own = (own - own[list(IBUG68.mirror)].conj()) / 2  # of a network that answers alike in the mirror
    shift = SideShift.between(faces, moved(faces, own), IBUG68, data="drawn")
    np.testing.assert_allclose(shift.offsets, 0, atol=1e-5)


def test_partners_have_mirrored_shifts(faces):
    rng = np.random.default_rng(2)
    shift = SideShift.between(
        faces + rng.normal(0, 1, faces.shape).astype(np.float32), faces, IBUG68, data="drawn"
    )
    np.testing.assert_allclose(shift.offsets[list(IBUG68.mirror)], shift.offsets.conj(), atol=1e-12)


def test_what_is_found_is_taken_off(faces):
    leaning = moved(faces, np.full(68, 0.008))
    shift = SideShift.between(leaning, faces, IBUG68, data="drawn")
    np.testing.assert_allclose(shift.removed_from(leaning), faces, atol=0.01)  # 1e-4 of the eyes' distance


def test_it_is_read_as_it_was_written(faces, tmp_path: Path):
    shift = SideShift.between(moved(faces, np.full(68, 0.01)), faces, IBUG68, data="drawn")
    shift.save(tmp_path / "shift.npz")
    again = SideShift.load(tmp_path / "shift.npz")
    np.testing.assert_array_equal(again.offsets, shift.offsets)
    assert (again.data, again.faces, again.scheme.name) == ("drawn", 12, "ibug68")


def test_samples_of_another_scheme_are_refused(faces):
    shift = SideShift.between(faces, faces, IBUG68, data="drawn")
    other = Sample(Path("a.jpg"), np.zeros((98, 2), np.float32), "a", "a", scheme="wflw98")
    with pytest.raises(InputError, match=r"a\.jpg has wflw98"):
        shift.without([other])


def test_labels_and_answers_of_different_faces_are_refused(faces):
    with pytest.raises(InputError, match="labels and answers alike"):
        SideShift.between(faces, faces[1:], IBUG68, data="drawn")
