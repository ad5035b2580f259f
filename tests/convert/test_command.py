"""python -m convert: refuses before it works, and says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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


def test_answers_are_recorded_and_held_to(tmp_path):
    from convert.expected import Expected
    from sdk import InputError, ModelFile
    from sdk.interpreter import TfliteInterpreter
    from sdk.testing import FakeInterpreter

    model = ModelFile.preset("fast")
    source = Path(__file__).resolve().parents[2] / "sdk" / "models" / "fast_int8.tflite"
    assert main(["expect", str(source), "--out", str(tmp_path)]) == 0
    known = Expected.load(tmp_path / "fast_int8_answers.npz")
    assert known.distance(model, TfliteInterpreter(model)) == 0.0
    assert known.distance(model, FakeInterpreter(known.landmarks[0], known.pose[0])) > 2.0
    write_arrays(tmp_path / "other.npz", {"crops": known.crops}, {})
    with pytest.raises(InputError, match="expected a file of python -m convert expect, got one without landmarks"):
        Expected.load(tmp_path / "other.npz")
    small = replace(known, crops=known.crops[:, :64, :64])
    with pytest.raises(InputError, match="crops of 64 pixels, but fast_int8 takes 96"):
        small.distance(model, TfliteInterpreter(model))


def test_answers_go_into_a_folder(tmp_path, capsys):
    assert main(["expect", "a.tflite", "--out", str(tmp_path / "answers.npz")]) == 2
    assert "expected a folder, got the name of a file" in capsys.readouterr().err


@pytest.mark.parametrize("given", [False, True])
def test_the_gate_says_which_limits_it_took(tmp_path, capsys, monkeypatch, given):
    from convert.checks import at_most
    from convert.gate import Gate

    root = Path(__file__).resolve().parents[2]
    monkeypatch.setattr(
        Gate, "checks", lambda gate, model: iter([at_most("bytes", 2e5, gate.limits_of(model).bytes)])
    )
    (tmp_path / "tight.toml").write_text("[tool.asmnet_edge.gates]\nbytes = 1000\n")
    words = [str(root / "sdk/models/fast_int8.tflite"), "--reference", str(root / "models/fast_float32.tflite")]
    more = ["--limits", str(tmp_path / "tight.toml")] if given else []
    assert main(["gate", *words, *more]) == int(given)
    printed = capsys.readouterr()
    assert ("tight.toml\n" if given else "fast_int8.limits.toml\n") in printed.out
    assert ("gate: bytes: 200000.0, limit 1000" in printed.err) == given
