"""Answers on record: point errors are compared where the record has them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.records import ROOT
from convert.expected import Expected, answers_record
from convert.limits import Limits
from convert.product import REFINED_EVERY, Answers


@pytest.fixture(scope="module")
def answers() -> Answers:
    """Those of two faces, all the same."""
    sizes = {
        "landmarks": (2, 68, 2),
        "refined": (-(-2 // REFINED_EVERY), 68, 2),
        "found": (1, 68, 2),
        "errors": (2, 68),
    }
    sizes |= {"poses": (2, 3), "landmark_poses": (2, 3), "refined_poses": (1, 3), "found_poses": (1, 3)}
    return Answers(**{name: np.full(sizes.get(name, (2,)), 0.05) for name in Answers.names()})


def failed(known: Answers, found: Answers) -> list[str]:
    return [check.name for check in answers_record(known, found, Limits()) if not check.passed]


def test_errors_that_changed_or_are_gone_break_the_record(answers):
    assert failed(answers, answers) == []
    name = "on record: point errors, mean difference %"
    assert failed(answers, replace(answers, errors=1.0 - answers.errors)) == [name]
    assert failed(answers, replace(answers, errors=np.full((2, 68), np.nan))) == [name]


def test_a_record_of_an_earlier_version_is_read_and_compared_without_them(answers, tmp_path):
    known = Expected.load(ROOT / "models" / "fast_int8_answers.npz")
    known.save(tmp_path / "again.npz")
    arrays = known.answers.arrays()
    assert arrays["landmarks"].shape[1:] == (68, 2)
    old = replace(answers, errors=np.empty(0))
    assert failed(old, answers) == []
    path = tmp_path / "old.npz"
    with np.load(tmp_path / "again.npz") as table:
        np.savez(path, **{key: table[key] for key in table.files if key != "answers/errors"})
    assert Expected.load(path).answers.errors.size == 0
