"""Counting: graphs small enough to count by hand, and the figures of the papers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.flops import count, macs_of, parameters_of, read_model, to_table
from benchmarks.graphs import convolution, single_operation
from benchmarks.reference import reference
from convert.graph import read_graph
from sdk import InputError, ModelFile

ROOT = Path(__file__).resolve().parents[2]
FLOAT = ROOT / "models" / "accurate_float32.tflite"


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_a_convolution_counted_by_hand(kind):
    (row,) = count("c", convolution(kind, side=5, channels=3, filters=7, kernel=3))
    assert row.op == "CONV_2D"
    assert row.macs == 5 * 5 * 7 * 3 * 3 * 3
    assert row.parameters == 7 * 3 * 3 * 3 + 7
    assert row.written == 5 * 5 * 7


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_a_depthwise_convolution_counted_by_hand(kind):
    (row,) = count("d", convolution(kind, side=4, channels=6, filters=6, kernel=3, depthwise=True))
    assert (row.op, row.macs, row.parameters) == ("DEPTHWISE_CONV_2D", 4 * 4 * 6 * 9, 6 * 9 + 6)


def test_int8_and_float_models_of_one_network_count_alike():
    shipped = ModelFile.default()
    integer, real = count("m", shipped.flatbuffer, shipped.head), count("m", read_model(FLOAT))
    assert macs_of(integer) == macs_of(real)
    places = 2 * shipped.head.maps_side**2  # of the cells: constants in the float graph, arithmetic in the head
    head = shipped.head
    confidence = head.confidence_kernel.size + 1  # fitted to the finished network, as the errors of points are
    errors = head.errors_kernel.size + head.errors_bias.size + head.errors_looks.size
    assert parameters_of(integer) == parameters_of(real) - places + confidence + errors


def test_the_command_counts_what_a_head_does(capsys):
    assert main(["flops", str(ROOT / "sdk" / "models" / "accurate_int8.tflite")]) == 0
    assert "| of it HEAD | 1 | 0.1 |" in capsys.readouterr().out


def test_an_operation_cut_out_counts_as_in_its_model():
    model = ModelFile.default().flatbuffer
    operations = read_graph(model).operations
    for i in range(0, len(operations), 6):
        alone = read_graph(single_operation(model, i)).operations
        assert [(op.code, op.macs) for op in alone] == [(operations[i].code, operations[i].macs)]


def test_committed_figures_are_those_of_the_papers():
    record = json.loads((ROOT / "benchmarks" / "results" / "flops--all.json").read_text())
    macs: dict[str, int] = {}
    for row in record["rows"]:
        macs[row["model"]] = macs.get(row["model"], 0) + row["macs"]
    assert record["flops_per_mac"] == 2
    assert macs["asmnet_224"] / 1e6 == pytest.approx(256.5, abs=0.05)  # ASMNet's 0.51 GFLOPs
    assert macs["mobilenet_v2_224"] / 1e6 == pytest.approx(299.7, abs=0.05)  # its 0.60 GFLOPs


def test_the_committed_graph_of_mobilenet_has_the_papers_macs():
    graph = reference("float32").flatbuffer
    assert macs_of(count("mobilenet_v2", graph)) / 1e6 == pytest.approx(299.7, abs=0.05)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_converted_network_has_the_papers_macs():
    """ASMNet, whose layers are those of MobileNetV2."""
    import keras

    from convert.recipes import FLOAT32
    from convert.steps import to_tflite
    from train.networks import build_network, count_macs

    model = build_network(keras, "asmnet", size=224)
    rows = count("asmnet", to_tflite(model, recipe=FLOAT32))
    assert macs_of(rows) == count_macs(model)
    assert macs_of(rows) / 1e6 == pytest.approx(256.5, abs=0.05)


def test_the_command_counts_files(capsys, tmp_path):
    out = tmp_path / "flops.json"
    assert main(["flops", str(FLOAT), "--out", str(out)]) == 0
    assert "| accurate_float32 |" in capsys.readouterr().out
    rows = json.loads(out.read_text())["rows"]
    assert sum(row["macs"] for row in rows) == read_graph(read_model(FLOAT)).macs
    assert len(to_table(count("x", read_model(FLOAT))).splitlines()) == 2 + 1 + 3


def test_what_is_no_model_is_named(tmp_path):
    (tmp_path / "x.tflite").write_bytes(b"not a model")
    with pytest.raises(InputError, match=r"x\.tflite: expected a TFLite flatbuffer"):
        read_model(tmp_path / "x.tflite")
    with pytest.raises(InputError, match="cannot be read"):
        read_model(tmp_path / "missing.tflite")
