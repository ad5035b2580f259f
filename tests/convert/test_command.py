"""python -m convert: refuses before it works, and says why."""

from __future__ import annotations

import numpy as np
import pytest

from convert.__main__ import main
from train.checkpoint import write_arrays


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{dir}/none.npz", "--recipe", "float32"], "none.npz: not found"),
        (["{dir}/none.npz", "--recipe", "int3"], "recipe: expected one of"),
        (["{dir}/none.npz"], "expected --data"),
        (["{dir}/shape.npz", "--recipe", "float32"], "config"),
    ],
)
def test_bad_input_is_status_2_and_explained(tmp_path, capsys, arguments, message):
    write_arrays(tmp_path / "shape.npz", {"x": np.zeros(3)}, {})
    filled = [a.format(dir=tmp_path) for a in arguments]
    out = tmp_path / "out.tflite"
    assert main([*filled, "--shape-model", str(tmp_path / "shape.npz"), "--out", str(out)]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()
