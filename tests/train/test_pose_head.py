"""A pose layer fitted anew: least squares of what it sees, and nothing else of the network changes."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest

from sdk.pose import POSE_UNIT_DEG
from tests.fit_runs import fit_here, write_data
from train.pose_head import Views, ridge

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_ridge_finds_the_layer_that_made_the_poses_and_leaves_dead_features_alone():
    rng = np.random.default_rng(0)
    features = rng.normal(3.0, (1.0, 5.0, 0.2, 0.0), (500, 4))
    kernel, bias = rng.normal(0, 0.1, (4, 3)), np.array([0.1, -0.2, 0.0])
    kernel[3] = 0.0
    views = Views(features, features @ kernel + bias)
    found = ridge(views, 1e-9)
    np.testing.assert_allclose(found[0], kernel, atol=1e-5)
    np.testing.assert_allclose(found[1], bias, atol=1e-4)
    assert max(views.mae_deg(*found)) < 1e-3 * POSE_UNIT_DEG
    assert views.mae_deg(found[0], found[1] + np.float32(0.1))[0] == pytest.approx(0.1 * POSE_UNIT_DEG, rel=1e-2)
    assert np.abs(ridge(views, 10.0)[0]).sum() < np.abs(kernel).sum()


def test_the_command_changes_the_pose_layer_alone(tmp_path, capsys):
    from train.__main__ import main
    from train.checkpoint import read_arrays

    data = write_data(tmp_path / "drawn")
    fit_here(data, tmp_path / "run", "epochs=2")
    best, out = tmp_path / "run" / "best.npz", tmp_path / "posed.npz"
    asked = [str(best), str(data), "--shape-model", str(data / "shape.npz"), "--extra", str(data)]
    assert main(["fit-pose", *asked, "--out", str(out)]) == 0
    before, after = (
        [float(v.rstrip(",")) for v in line.split()[5:8]]
        for line in capsys.readouterr().out.splitlines()
        if "MAE" in line
    )
    assert sum(after) < sum(before)
    (old, _), (new, note) = read_arrays(best), read_arrays(out)
    assert set(old) == set(new)
    assert [name for name in old if not np.array_equal(old[name], new[name])] == ["pose/0", "pose/1"]
    assert note["pose_fit"] == {"extra": "drawn", "faces": 12, "share": 1.0, "ridge": 1e-3}
    fit_here(data, tmp_path / "six", "epochs=2", "pose.loss=geodesic_6d")
    assert main(["fit-pose", str(tmp_path / "six" / "best.npz"), *asked[1:], "--out", str(out)]) == 2
    assert "expected a network trained with pose_mse" in capsys.readouterr().err
