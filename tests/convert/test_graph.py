"""Flatbuffers as values: read, changed, written back."""

from __future__ import annotations

from pathlib import Path

import pytest

from convert.calibrated import layer_of
from convert.graph import packed, read_graph, unpacked
from convert.inspection import denormals, float_macs_percent, foreign_operations, is_integer, work
from sdk import ModelFile, ModelFileError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def integer() -> ModelFile:
    return ModelFile.default()


def test_the_shipped_graph(integer):
    graph = read_graph(integer.flatbuffer)
    assert is_integer(graph)
    assert foreign_operations(graph) == denormals(graph) == []
    assert float_macs_percent(graph) < 1.0
    first = next(op for op in graph.operations if op.code == "CONV_2D")
    assert first.inputs[1].type == "INT8"
    assert len(first.inputs[1].scales) == first.inputs[1].shape[0]  # a scale per output channel


def test_both_committed_models_do_the_same_work(integer):
    real = ModelFile.load(ROOT / "models" / "accurate_float32.tflite")
    assert work(real) == work(integer) > read_graph(integer.flatbuffer).macs


def test_unpacked_and_packed_is_the_same_model(integer):
    again = packed(unpacked(integer.flatbuffer))
    assert packed(unpacked(again)) == again
    assert read_graph(again).macs == read_graph(integer.flatbuffer).macs


@pytest.mark.parametrize("length", [0, 3, 7, 100, 100_000])
def test_a_cut_flatbuffer_is_an_error(integer, length):
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_graph(integer.flatbuffer[:length])


@pytest.mark.parametrize(
    ("tensor", "layer"),
    [
        ("functional_1/block_2_add_1/Add", "block_2_add"),
        ("functional_1/Conv1_1/convolution;functional_1/bn_Conv1_1/batchnorm/sub1", "bn_Conv1"),
        ("functional/conv1_1/Relu;functional/conv1_1/BiasAdd;functional/conv1_1/convolution", "conv1"),
        ("functional_1/stem_activation_1/Sigmoid", ""),
        ("StatefulPartitionedCall_1:0", ""),
        ("tfl.quantize", ""),
    ],
)
def test_tensors_tell_their_layer(tensor, layer):
    assert layer_of(tensor) == layer
