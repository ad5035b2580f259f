"""The gate on the committed models, and on ones that were ruined on purpose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from convert.faces import drawn_faces, portraits
from convert.gate import Check, Limits, gate, limits_from, load_limits
from convert.graph import Operation, Tensor, read_graph
from convert.inspection import stray_floats
from sdk import InputError, ModelFile
from tests.convert import damage

ROOT = Path(__file__).resolve().parents[2]
FACES = {"drawn": drawn_faces(6)}

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorFlow's own, where it is installed


@pytest.fixture(scope="module")
def shipped() -> ModelFile:
    return ModelFile.default()


@pytest.fixture(scope="module")
def reference() -> ModelFile:
    return ModelFile.load(ROOT / "models" / "accurate_float32.tflite")


@pytest.fixture(scope="module")
def asmnet() -> tuple[ModelFile, ModelFile]:
    """ASMNet in int8 and float32, whose layers `damage` knows."""
    int8, float32 = (ModelFile.load(ROOT / "models" / f"asmnet_128_{kind}.tflite") for kind in ("int8", "float32"))
    return int8, float32


@pytest.fixture(scope="module")
def limits() -> Limits:
    return load_limits(ROOT / "pyproject.toml")


def broken(checks: list[Check]) -> set[str]:
    return {check.name for check in checks if not check.passed}


def test_the_shipped_model_passes(shipped, reference, limits):
    checks = gate(shipped, reference, {**FACES, "portraits": portraits()}, limits)
    assert broken(checks) == set()
    assert len(checks) > 15


@pytest.mark.data
@pytest.mark.slow
def test_the_shipped_model_passes_on_300w(shipped, reference, limits, data_root):
    from convert.faces import packed_faces

    sets = {**FACES, "300W test": packed_faces(data_root / "300W", "test_common+test_challenging")}
    assert broken(gate(shipped, reference, sets, limits)) == set()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (damage.perturbed_weights, "drawn: landmarks, mean difference %"),
        (damage.wrong_input_zero_point, "drawn: landmarks, mean difference %"),
        (damage.wrong_zero_point, "drawn: landmarks, mean difference %"),
        (damage.mirrored_landmarks, "drawn: NME % of asmnet_128_int8"),
        (damage.swapped_eyes, "drawn: NME % of asmnet_128_int8"),
    ],
)
def test_a_damaged_model_fails(asmnet, limits, change, expected):
    ruined = damage.damaged(asmnet[0], change)
    assert expected in broken(gate(ruined, asmnet[1], FACES, replace(limits, drawn_times=1.0)))


def test_damage_to_both_models_fails_too(asmnet, limits):
    pair = [damage.damaged(model, damage.mirrored_landmarks) for model in asmnet]
    failed = broken(gate(*pair, FACES, limits))
    assert {"drawn: NME % of asmnet_128_int8", "drawn: NME % of asmnet_128_float32"} <= failed


def test_denormal_weights_fail(asmnet, limits):
    ruined = damage.damaged(asmnet[1], damage.denormal_weight)
    larger = replace(limits, bytes=2_100_000)  # than what ships
    assert broken(gate(asmnet[0], ruined, FACES, larger)) == {"denormal weights of asmnet_128_float32"}


def test_another_trainings_model_fails(shipped, reference, limits):
    other = replace(shipped, metadata={**shipped.metadata, "training": {}})
    assert broken(gate(other, reference, FACES, limits)) == {"of the reference's training"}


def test_size_and_work_are_limited(shipped, reference):
    tight = Limits(bytes=500_000, mmacs=50.0)
    assert {"bytes", "million multiply-accumulates"} <= broken(gate(shipped, reference, FACES, tight))


def test_what_is_not_a_number_is_above_every_limit():
    from convert.gate import _most

    assert not _most("x", float("nan"), 1.0).passed


def test_limits_name_what_they_know(tmp_path):
    with pytest.raises(InputError, match="unknown speed; known are bytes"):
        limits_from({"speed": 1.0}, origin="here")
    with pytest.raises(InputError, match="bytes: expected a number, got 'many'"):
        limits_from({"bytes": "many"}, origin="here")
    with pytest.raises(InputError, match="not found"):
        load_limits(tmp_path / "none.toml")
    (tmp_path / "a.toml").write_text("[tool.asmnet_edge.gates]\njitter_ratio = 1.5\n")
    assert load_limits(tmp_path / "a.toml") == Limits(jitter_ratio=1.5)


def test_a_float_operation_between_integer_ones_is_seen(shipped):
    graph = read_graph(shipped.flatbuffer)
    last = graph.operations[3].outputs[0]
    stray = Operation("ADD", (last,), (Tensor(999, "asmnet/added_1/Add", last.shape, "FLOAT32"),))
    operations = (*graph.operations[:4], stray, *graph.operations[4:])
    assert stray_floats(graph) == []
    assert stray_floats(replace(graph, operations=operations)) == ["ADD (asmnet/added_1/Add)"]
