"""The gate on the committed models: what passes, what a user's own network is held to, and what is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import convert.graph
from convert.checks import Check, at_least, at_most
from convert.claims import INFORMS, READ, unread
from convert.expected import Expected, answers_record, reading_record
from convert.gate import Gate
from convert.graph import Operation, Tensor, read_graph
from convert.inspection import stray_floats
from convert.limits import Limits, limits_beside, limits_from, load_limits
from convert.own_limits import is_complete
from convert.product import Answers, Reading
from convert.relative import DRAWN, Seen, jitter_checks, relative_checks
from convert.sampling import Estimate, estimate, mean, ratio_of_means
from convert.scenes import FILE, make, scenes
from sdk import BackendError, InputError, ModelFile
from sdk.arrays import array_bytes
from sdk.interpreter import TfliteInterpreter
from sdk.model_file import ARRAY_NAME, HEAD_NAME, pack
from sdk.packing import pack_file
from sdk.shape_model import ShapeModel
from tests.convert import damage
from tests.convert.damage_table import PRESETS, Bench

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "sdk" / "models"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorFlow's own, where it is installed


@pytest.fixture(scope="module")
def benches() -> dict[str, Bench]:
    return {name: Bench(name) for name in PRESETS}


@pytest.fixture(scope="module")
def asmnet() -> tuple[ModelFile, ModelFile]:
    """ASMNet in int8 and float32: a network of the user's own, without limits beside it."""
    int8, float32 = (ModelFile.load(ROOT / "models" / f"asmnet_128_{kind}.tflite") for kind in ("int8", "float32"))
    return int8, float32


def broken(checks: Sequence[Check]) -> set[str]:
    return {check.name for check in checks if not check.passed}


@pytest.mark.parametrize("name", PRESETS)
def test_shipped_models_pass_and_their_graphs_are_read_once(benches, name, monkeypatch):
    read, unpacked = [], convert.graph.unpacked
    monkeypatch.setattr(convert.graph, "unpacked", lambda content: read.append(len(content)) or unpacked(content))
    read_graph.cache_clear()
    bench = Bench(name)
    checks = list(bench.gate(bench.reference).checks(bench.model))
    assert broken(checks) == set()
    assert len(checks) > 60
    assert len(read) == 2  # the model's and the reference's


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_shipped_models_pass_on_every_third_face_of_300w(benches, name, data_root):
    """What a limit says must not depend on which faces were taken."""
    from convert.faces import packed_faces

    bench, limits = benches[name], load_limits(SHIPPED / f"{name}_int8.limits.toml")
    faces = packed_faces(data_root / "300W", "test_common+test_challenging")
    sets = {f"300W {first}": faces[first::3] for first in range(3)}
    real, seen = (Seen(m, TfliteInterpreter(m), sets) for m in (bench.reference, bench.model))
    assert broken(list(relative_checks(real, seen, limits))) == set()


def test_jitter_passes_whichever_faces_are_taken(benches):
    """Without data: each third of some drawn faces."""
    bench, limits = benches["fast"], load_limits(SHIPPED / "fast_int8.limits.toml")
    sets = {f"{DRAWN} {first}": scenes().drawn[first::6] for first in range(3)}
    real, seen = (Seen(m, TfliteInterpreter(m), sets) for m in (bench.reference, bench.model))
    checks = list(jitter_checks(real, seen, replace(limits, jitter_ratio=limits.free_jitter_ratio)))
    assert len(checks) == 3
    assert broken(checks) == set()


def test_an_interval_holds_what_other_faces_give():
    rng = np.random.default_rng(1)
    rows = rng.gamma(2.0, size=(400, 2)) * (1.2, 1.0)
    found = [estimate(ratio_of_means, *rows[i::20].T) for i in range(20)]
    inside = sum(each.low <= 1.2 <= each.high for each in found)
    assert 14 <= inside <= 20  # nine of ten are promised
    whole = estimate(ratio_of_means, *rows.T)
    assert whole.high - whole.low < 0.5 * (found[0].high - found[0].low)
    assert estimate(mean, np.full(5, 2.0)) == Estimate(2.0, 2.0, 2.0)


def test_an_estimate_breaks_a_limit_that_its_whole_interval_is_above():
    assert at_most("x", Estimate(1.3, 1.1, 1.5), 1.2).passed
    assert not at_most("x", Estimate(1.4, 1.25, 1.5), 1.2).passed
    assert not at_most("x", estimate(mean, np.array([np.nan])), 1.0).passed


def test_what_is_not_a_number_breaks_every_limit():
    assert not at_most("x", float("nan"), 1.0).passed
    assert not at_least("x", float("nan"), 1.0).passed


def test_a_users_asmnet_is_held_to_limits_of_its_own_network(asmnet):
    """The shipped model's bytes and work are no limits for another network."""
    model, reference = asmnet
    assert limits_beside(ROOT / "models" / "asmnet_128_int8.tflite") is None
    gate = Gate(reference, Limits())
    limits = gate.limits_of(model)
    assert limits.bytes is not None
    assert 2_000_000 < limits.bytes < 3_000_000
    assert limits.poses_apart_deg is not None
    assert is_complete(limits)
    assert not is_complete(Limits())
    assert broken(list(gate.checks(model))) == set()
    twice = damage.damaged(model, damage.dead_weight)
    assert next(check.name for check in gate.checks(twice) if not check.passed) == "bytes"


KEPT = [17, 19, 21, 22, 24, 26, 36, 37, 39, 42, 44, 45, 31, 30, 35, 48, 62, 54, 8]
"""Points of a network of the scheme aflw19, made of one of ibug68."""


def nineteen_points(model: ModelFile) -> ModelFile:
    def fewer(tree) -> None:
        for place in (1, 2):
            tensor = damage.tensor_of(tree, "landmarks", place)
            values = damage.values_of(tree, tensor)[[c for i in KEPT for c in (2 * i, 2 * i + 1)]]
            tensor.shape = list(values.shape)
            damage.set_values(tree, tensor, values)
        for tensor in tree.subgraphs[0].tensors:
            if tensor.shape is not None and list(tensor.shape) == [1, 136]:
                tensor.shape, tensor.shapeSignature = [1, 38], None

    shape = model.shape_model
    mean = shape.mean[KEPT] - shape.mean[KEPT].mean(axis=0)
    modes = shape.eigenvectors[:6].reshape(6, -1, 2)[:, KEPT].reshape(6, -1).astype(float)
    modes = np.ascontiguousarray(np.linalg.qr(modes.T)[0].T, np.float32)
    mean /= np.sqrt((mean**2).sum(axis=1).mean())
    small = ShapeModel(mean, modes, shape.eigenvalues[:6], shape.residual_moments, shape.mean_3d[KEPT])
    tree = convert.graph.unpacked(model.flatbuffer)
    fewer(tree)
    return ModelFile.from_bytes(pack(convert.graph.packed(tree), small, {**model.metadata, "scheme": "aflw19"}))


def test_a_network_of_another_scheme_is_held_to_its_float_model(asmnet):
    """The pictures' landmarks are of ibug68; differences need none."""
    model, reference = (nineteen_points(each) for each in asmnet)
    checks = list(Gate(reference, Limits()).checks(model))
    assert broken(checks) == set()
    assert any(check.name == "portraits: jitter ratio" for check in checks)
    assert not any(check.name.startswith("predict") for check in checks)


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
def test_a_damaged_model_without_a_head_fails(asmnet, change, expected):
    checks = Gate(asmnet[1], Limits(drawn_times=1.0)).checks(damage.damaged(asmnet[0], change))
    assert any(check.name == expected and not check.passed for check in checks)  # as far as it has to go


def test_a_model_that_no_interpreter_runs_is_a_broken_limit(benches):
    bench = benches["fast"]
    gate = bench.gate(bench.reference)

    def refuse(_: object) -> None:
        raise BackendError("not this one")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("convert.gate.TfliteInterpreter", refuse)
        checks = list(gate.checks(bench.model))
    assert (checks[-1].name, checks[-1].value) == ("runs in FaceAligner", "not this one")


def test_every_field_of_the_shipped_models_is_known():
    for name in PRESETS:
        assert unread(ModelFile.preset(name)) == []
    page = (ROOT / "docs" / "model_format.md").read_text()
    assert [name for name in (*READ, *INFORMS) if f"`{name}`" not in page] == []


def test_fields_that_convert_writes_are_known():
    from convert.pack import describe
    from convert.recipes import INT8_QAT
    from train.config import TrainConfig

    note = {"epoch": 1, "val_nme": 4.0, "fine_tuning": {}, "terms": ""}
    table = describe(TrainConfig(), INT8_QAT, name="mine", training=note, data="mine", faces=1)
    assert set(table) <= {*READ, *INFORMS}


def test_fields_and_members_that_nothing_reads_are_reported():
    model = ModelFile.preset("fast")
    members = {ARRAY_NAME.format(n): array_bytes(a) for n, a in model.shape_model.arrays().items()}
    assert model.head is not None
    members |= {HEAD_NAME.format(n): array_bytes(a) for n, a in model.head.arrays().items()}
    table = {**model.metadata, "crop_margn": 1.5, "head": {**model.head.settings(), "maps_scal": 1.0}}
    content = pack_file(model.flatbuffer, table, {**members, "head/score.npy": b"1"}, version=2)
    assert unread(ModelFile.from_bytes(content)) == ["crop_margn", "head.maps_scal", "head/score.npy"]


@pytest.mark.parametrize("name", PRESETS)
def test_other_kernels_keep_the_answers_on_record(benches, name):
    """LiteRT without its delegate rounds otherwise: as far apart as two interpreters are."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    bench = benches[name]
    runner = TfliteInterpreter(bench.model)
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    runner._tflite = Interpreter(model_content=bench.model.flatbuffer, experimental_op_resolver_type=plain)
    runner._tflite.allocate_tensors()
    known = Expected.load(ROOT / "models" / f"{name}_int8_answers.npz")
    found = Answers.of(bench.model, scenes(), interpreter=runner)
    checks = list(answers_record(known.answers, found, load_limits(SHIPPED / f"{name}_int8.limits.toml")))
    assert broken(checks) == set()
    assert any(check.value != 0.0 for check in checks)


def test_answers_of_another_shape_model_are_refused_in_words(benches):
    known = Expected.load(ROOT / "models" / "fast_int8_answers.npz").reading
    small = replace(known, parameters=known.parameters[:, :3])
    (check,) = reading_record(known, small, Limits())
    assert (check.value, check.passed) == ("parameters", False)


def test_reading_needs_no_network(benches, monkeypatch):
    monkeypatch.setattr("sdk.interpreter.open_tflite", None)
    model = benches["fast"].model
    found = Reading.of(model, scenes())
    assert found.true_chances.min() > 0.5
    assert found.chances.max() < 1e-6


def test_scenes_are_those_that_the_command_makes():
    """But for what the shape model of the day draws."""
    pytest.importorskip("skimage")
    made, kept = make(), np.load(ROOT / "convert" / FILE)
    assert {name: array.shape for name, array in made.items()} == {name: kept[name].shape for name in kept.files}
    apart = made["portraits"].astype(int) - kept["portraits"]
    assert np.abs(apart).mean() < 1.0  # decoders of JPEG round otherwise


def test_limits_name_what_they_know(tmp_path):
    with pytest.raises(InputError, match="unknown speed; known are bytes"):
        limits_from({"speed": 1.0}, origin="here")
    with pytest.raises(InputError, match="bytes: expected a number, got 'many'"):
        limits_from({"bytes": "many"}, origin="here")
    with pytest.raises(InputError, match="not found"):
        load_limits(tmp_path / "none.toml")
    (tmp_path / "a.toml").write_text("[tool.asmnet_edge.gates]\njitter_ratio = 1.5\n")
    assert load_limits(tmp_path / "a.toml") == Limits(jitter_ratio=1.5)
    (tmp_path / "b.toml").write_text("[tool.asmnet_edge.gate]\njitter_ratio = 1.5\n")
    with pytest.raises(InputError, match=r"expected a section \[tool\.asmnet_edge\.gates\], found none"):
        load_limits(tmp_path / "b.toml")


def test_limits_lie_beside_each_shipped_model_and_in_the_wheel():
    from importlib import resources

    for name in PRESETS:
        path = limits_beside(SHIPPED / f"{name}_int8.tflite")
        assert path is not None
        assert (resources.files("sdk.models") / path.name).is_file()
        assert is_complete(load_limits(path))
    data = (ROOT / "pyproject.toml").read_text()
    assert '"sdk.models" = ["*.tflite", "*.md", "*.toml"' in data
    assert '"convert" = ["*.npz"' in data


def test_a_float_operation_between_integer_ones_is_seen(benches):
    graph = read_graph(benches["accurate"].model.flatbuffer)
    last = graph.operations[3].outputs[0]
    stray = Operation("ADD", (last,), (Tensor(999, "asmnet/added_1/Add", last.shape, "FLOAT32"),))
    operations = (*graph.operations[:4], stray, *graph.operations[4:])
    assert stray_floats(graph) == []
    assert stray_floats(replace(graph, operations=operations)) == ["ADD (asmnet/added_1/Add)"]
