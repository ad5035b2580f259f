"""Knowledge distillation in the loop: teachers see each augmented batch, the student learns from both."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sdk import InputError, ModelFile
from sdk.schemes import IBUG68
from tests.fit_runs import TINY, fit_here, history, write_data
from train.checkpoint import CheckpointError
from train.config import load_config

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    return write_data(tmp_path_factory.mktemp("data") / "drawn")


@pytest.fixture(scope="module")
def teachers(packed, tmp_path_factory) -> list[str]:
    """Settings that name a tough teacher, trained on the truth, and a tolerant one, on the smooth truth."""
    out = tmp_path_factory.mktemp("teachers")
    fit_here(packed, out / "tough", "landmarks.loss=l2", "landmarks.weight=100", "epochs=2")
    fit_here(packed, out / "tolerant", "landmarks.loss=softened", "landmarks.weight=100", "epochs=2", "seed=2")
    named = [f"teachers.{name}={out / name / 'best.npz'}" for name in ("tough", "tolerant")]
    return ["landmarks.loss=kd", "landmarks.weight=10", *named]


def test_a_student_learns_and_the_same_way_each_time(packed, teachers, tmp_path):
    fit_here(packed, tmp_path / "whole", *teachers, "epochs=6")
    curve = history(tmp_path / "whole")
    assert curve[-1, 1] < 0.9 * curve[0, 1]  # of a small network
    fit_here(packed, tmp_path / "again", *teachers, "epochs=6")
    np.testing.assert_allclose(history(tmp_path / "again"), curve, rtol=1e-4)  # float32 sums in another order


def test_the_truth_is_packed_with_what_each_teacher_says_of_the_same_crops(packed, teachers):
    from train.datasets import read_packed
    from train.loop import load_trained
    from train.setup import make_batches

    config = load_config(None, [*TINY, *teachers])
    batches = make_batches(read_packed(packed, split="train"), ModelFile.default().shape_model, config, IBUG68)
    images, (labels, _) = batches[1]
    assert labels.shape == (4, 3, 136)
    for row, path in ((1, config.teachers.tough), (2, config.teachers.tolerant)):
        network, _, _ = load_trained(Path(path))
        said = np.asarray(network.predict(images, verbose=0)[0])
        np.testing.assert_allclose(labels[:, row], said, atol=1e-5)  # another batch size of the same sums
    assert np.abs(labels[:, 1] - labels[:, 2]).max() > 1e-3


def test_teachers_of_another_size_are_refused(packed, teachers, tmp_path):
    with pytest.raises(InputError, match=r"teacher .*expected landmarks, size and margin \(68, 64, 1\.3\)"):
        fit_here(packed, tmp_path / "no", *teachers, "size=64")


def test_a_missing_teacher_is_named(packed, teachers, tmp_path):
    with pytest.raises(CheckpointError, match=r"nobody\.npz: not found"):
        fit_here(packed, tmp_path / "no", *teachers, "teachers.tough=nobody.npz")
