"""Landmark schemes: what a mirror does to them, and that their parts are where they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.errors import InputError
from sdk.schemes import AFLW19, COFW29, IBUG68, SCHEMES, WFLW98, LandmarkScheme, scheme_by_name

EVERY = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda s: s.name)


def sided(*names: str) -> list[str]:
    """Names with R and L for the subject's right and left side, M for the middle."""
    return list(names)


COFW_NAMES = sided(
    *("brow outer R", "brow outer L", "brow inner R", "brow inner L"),
    *("brow top R", "brow bottom R", "brow top L", "brow bottom L"),
    *("eye outer R", "eye outer L", "eye inner R", "eye inner L"),
    *("eye top R", "eye bottom R", "eye top L", "eye bottom L", "pupil R", "pupil L"),
    *("nose wing R", "nose wing L", "nose tip M", "nose base M", "mouth R", "mouth L"),
    *("upper lip top M", "upper lip bottom M", "lower lip top M", "lower lip bottom M", "chin M"),
)
AFLW_NAMES = sided(
    *("brow outer R", "brow middle R", "brow inner R", "brow inner L", "brow middle L", "brow outer L"),
    *("eye outer R", "eye middle R", "eye inner R", "eye inner L", "eye middle L", "eye outer L"),
    *("nose wing R", "nose tip M", "nose wing L", "mouth R", "mouth middle M", "mouth L", "chin M"),
)
SWAP = {"R": "L", "L": "R", "M": "M"}


@EVERY
def test_every_point_is_in_one_group(scheme):
    indices = [i for group in scheme.groups.values() for i in group]
    assert sorted(indices) == list(range(scheme.n_points))


@EVERY
def test_groups_of_one_side_mirror_to_the_other(scheme):
    for name, indices in scheme.groups.items():
        other = name.replace("right", "LEFT").replace("left", "right").replace("LEFT", "left")
        assert {scheme.mirror[i] for i in indices} == set(scheme.groups[other])


@EVERY
def test_eyes_and_their_corners_are_the_subjects_right_first(scheme):
    right, left = scheme.outer_eye_corners
    assert right in scheme.groups["subject_right_eye"]
    assert scheme.mirror[right] == left
    assert {scheme.mirror[i] for i in scheme.eyes[0]} == set(scheme.eyes[1])
    assert len({scheme.mirror[i] for i in scheme.rigid} ^ set(scheme.rigid)) == 0


@EVERY
@settings(deadline=None)  # a busy machine
@given(seed=st.integers(0, 2**32 - 1), axis_x=st.floats(-500, 500, width=32))
def test_mirroring_twice_changes_nothing(scheme, seed, axis_x):
    points = np.random.default_rng(seed).uniform(-100, 100, (scheme.n_points, 2)).astype(np.float32)
    twice = scheme.mirror_landmarks(scheme.mirror_landmarks(points, axis_x=axis_x), axis_x=axis_x)
    np.testing.assert_allclose(twice, points, atol=1e-3)  # float32 steps near 2 * 500 + 100


@pytest.mark.parametrize(
    ("scheme", "names"), [(COFW29, COFW_NAMES), (AFLW19, AFLW_NAMES)], ids=["cofw29", "aflw19"]
)
def test_named_points_swap_their_side(scheme, names):
    assert len(names) == scheme.n_points
    mirrored = [f"{name[:-1]}{SWAP[name[-1]]}" for name in names]
    assert [names[i] for i in scheme.mirror] == mirrored


def test_pupils_are_the_means_of_the_eyes_points():
    points = np.arange(136, dtype=np.float32).reshape(68, 2)
    expected = [points[36:42].mean(axis=0), points[42:48].mean(axis=0)]
    np.testing.assert_allclose(IBUG68.pupils(points), expected)
    assert IBUG68.pupils(points[None, None]).shape == (1, 1, 2, 2)
    np.testing.assert_allclose(WFLW98.pupils(np.arange(196.0).reshape(98, 2)), [[192, 193], [194, 195]])


def test_normalisers_are_the_published_ones():
    assert {s.name: s.normaliser for s in SCHEMES.values()} == {
        "ibug68": "outer_eye_corners",
        "wflw98": "outer_eye_corners",
        "cofw29": "outer_eye_corners",
        "aflw19": "face_box",
    }
    assert WFLW98.outer_eye_corners == (60, 72)


def test_a_mirror_that_does_not_undo_itself_is_refused():
    with pytest.raises(InputError, match=r"scheme odd: expected a mirror that undoes itself, got \(1, 2, 0\)"):
        LandmarkScheme("odd", {}, (1, 2, 0), (0, 1), ())
    with pytest.raises(InputError, match="undoes itself"):
        LandmarkScheme("odd", {}, (0, 5), (0, 1), ())


def test_a_scheme_without_eyes_has_no_pupils():
    with pytest.raises(InputError, match="scheme two: expected the points of both eyes"):
        LandmarkScheme("two", {}, (1, 0), (0, 1), ()).pupils(np.zeros((2, 2), np.float32))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match="expected one of aflw19, cofw29, ibug68, wflw98, got 'ibug'"):
        scheme_by_name("ibug")


@pytest.mark.data
def test_the_average_face_of_300w_is_its_own_mirror_image(data_root):
    with np.load(data_root / "300W" / "annotations.npz") as table:
        faces = table["landmarks"][table["split"] == "train"]
    centred = faces - faces.mean(axis=1, keepdims=True)
    mean = (centred / np.linalg.norm(centred, axis=(1, 2), keepdims=True)).mean(axis=0)
    eyes = np.linalg.norm(mean[36] - mean[45])
    apart = np.linalg.norm(mean - IBUG68.mirror_landmarks(mean), axis=1) / eyes
    assert apart.max() < 0.05  # people turn to both sides about equally; one wrong pair gives 0.1 and more
