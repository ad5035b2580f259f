"""The pose benchmark: figures by hand, coefficients that are found again."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.pose import (
    PROFILE,
    Looked,
    bound,
    fit_expansion,
    plain,
    profile_row,
    read_pointing04,
    row,
    to_table,
    ways,
    with_expansion,
    worst_bias,
)
from sdk import FaceAligner, ModelFile
from sdk.pose import expanded_yaw

LOOKED = Looked.__dataclass_fields__


def seen(
    true: list[tuple[float, float]],
    network: list[tuple[float, float]],
    looks: float = 0.0,
    people: list[str] | None = None,
) -> Looked:
    angles = np.array([(*pair, 0.0) for pair in network])
    truth = np.array([(*pair, np.nan) for pair in true])
    who, ones = np.array(people or ["one"] * len(true)), np.ones(len(true))
    return Looked(truth, angles, angles + np.array([1.0, 0.0, 0.0]), ones, looks * ones, who)


def test_figures_by_hand():
    faces = seen([(30, 0), (-30, 15), (0, -15)], [(20, 0), (10, 15), (4, 5)])
    got = row("network", "set", faces, lambda network, _: network)
    assert (got.yaw_mae_deg, got.yaw_bias_deg) == pytest.approx(((10 + 40 + 4) / 3, (-10 + 40 + 4) / 3))
    assert (got.pitch_mae_deg, got.pitch_bias_deg) == pytest.approx((20 / 3, 20 / 3))
    assert (got.yaw_signs, got.pitch_signs) == (0.5, 0.5)
    other = row("landmarks", "set", faces, ways(faces, expansion=0.3)["landmarks (PnP)"])
    assert other.yaw_bias_deg == pytest.approx(got.yaw_bias_deg + 1)
    assert "| network | set | 3 | 18.0 | +11.3 | - | 50.0 % |" in to_table([got])
    assert got.roll_mae_deg is None


def test_the_bias_of_each_person_by_hand():
    """One holds the chin 4 degrees high, one 6 low; of the third there are too few faces to say."""
    people = ["high"] * 10 + ["low"] * 12 + ["rare"]
    found = [(1.0, 4.0)] * 10 + [(-2.0, -6.0)] * 12 + [(50.0, 50.0)]
    got = row("network", "set", seen([(0.0, 0.0)] * 23, found, people=people), lambda network, _: network)
    assert got.pitch_bias_by_person_deg == pytest.approx({"high": 4.0, "low": -6.0})
    assert got.yaw_bias_by_person_deg == pytest.approx({"high": 1.0, "low": -2.0})
    assert (worst_bias(got.yaw_bias_by_person_deg), worst_bias(got.pitch_bias_by_person_deg)) == (-2.0, -6.0)
    assert " | -2.0 | " in to_table([got])
    assert " | -6.0 | " in to_table([got])


def test_roll_is_measured_where_it_is_known():
    faces = seen([(0, 0)] * 2, [(0, 0)] * 2)
    turned = Looked(np.array([[0, 0, 10.0], [0, 0, 4.0]]), *(getattr(faces, n) for n in list(LOOKED)[1:]))
    got = row("network", "set", turned, lambda network, _: network)
    assert got.roll_mae_deg == pytest.approx(7.0)
    assert to_table([got]).endswith("| 7.0 |")


def test_the_expansion_that_was_lost_is_found():
    short = [(y, 0.0) for y in np.linspace(-40, 40, 33)]
    faces = seen([(expanded_yaw(y, 0.3), 0.0) for y, _ in short], short)
    assert fit_expansion(faces) == pytest.approx(0.3, abs=0.01)
    got = row("network, yaw expanded", "set", faces, ways(faces, expansion=0.3)["network, yaw expanded"])
    assert got.yaw_mae_deg < 0.5


def test_faces_far_from_the_front_are_left_out_of_the_near_part():
    faces = seen([(60, 60), (61, 0), (0, -61)], [(1, 1), (2, 2), (3, 3)])
    assert faces.near.network[:, 0].tolist() == [1.0]


def test_profile_faces_that_flip_are_counted_and_refused_where_the_looks_disagree():
    faces = [(90.0, 0.0), (-75.0, 0.0), (60.0, 0.0)]
    found = [(-10.0, 0.0), (-30.0, 0.0), (-50.0, 0.0)]
    assert profile_row("p", seen(faces, found, 0.05), limit=0.1).to_dict() == {
        "set": "p", "faces": 2, "flipped": 1, "passed": 2, "passed_flipped": 1,
    }  # fmt: skip
    assert profile_row("p", seen(faces, found, 0.5), limit=0.1).passed_flipped == 0


def test_a_model_is_written_with_its_expansion_and_nothing_else_changes():
    model = ModelFile.default()
    again = ModelFile.from_bytes(with_expansion(model, 0.2))
    assert again.yaw_expansion == 0.2
    assert again.flatbuffer == model.flatbuffer
    assert plain(again).yaw_expansion == 0.0
    kept = set(model.metadata) - {"yaw_expansion"}
    assert {k: again.metadata[k] for k in kept} == {k: model.metadata[k] for k in kept}


def test_a_line_fitted_to_the_faces_themselves_bounds_what_a_line_can_do():
    rng = np.random.default_rng(0)
    true = rng.uniform(-60, 60, (200, 2))
    faces = seen([tuple(t) for t in true], [tuple(t) for t in 0.5 * true + 7.0 + rng.normal(0, 1, true.shape)])
    got = bound("set", faces)
    assert got.yaw_mae_deg < 2.0  # noise of 1 degree, halved and doubled again
    assert got.pitch_mae_deg < 2.0
    assert row("network", "set", faces, lambda network, _: network).pitch_mae_deg > 10


@pytest.mark.data
def test_profile_faces_do_not_flip(data_root):
    """People who turned by 75 and 90 degrees keep their side wherever `predict` accepts them."""
    aligner = FaceAligner()
    faces = read_pointing04(aligner, data_root / "Pointing04", "test")
    got = profile_row("test", faces, limit=aligner.max_disagreement)
    assert got.faces == 168
    assert got.passed >= 140
    assert got.passed_flipped == 0
    side = faces.where((np.abs(faces.true[:, 0]) >= PROFILE) & (faces.looks <= aligner.max_disagreement))
    assert (np.sign(side.landmarks[:, 0]) == np.sign(side.true[:, 0])).all()
