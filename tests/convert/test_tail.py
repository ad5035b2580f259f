"""Float tails cut off: what is left is integers, and the answers stay."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.graph import packed, read_graph, unpacked
from convert.inspection import float_macs_percent, foreign_operations, stray_floats
from convert.recipes import INT8_PTQ
from convert.tail import OUTPUTS, cut
from sdk import InputError, ModelFile
from sdk.interpreter import TfliteInterpreter
from sdk.model_file import pack
from sdk.testing import rendered_face

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
ROOT = Path(__file__).resolve().parents[2]


def crops_of(size: int, count: int = 6) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([rendered_face(rng, size=size)[0] for _ in range(count)])


def with_tail(name: str, size: int, **options: Any) -> tuple[bytes, np.ndarray]:
    """An untrained network in int8 with its tail in float, and crops; its dense layers see all of their input."""
    import keras

    from convert.steps import to_tflite
    from train.averaging import BatchStatistics
    from train.batches import network_input
    from train.networks import build_network

    keras.utils.set_random_seed(0)
    crops = crops_of(size)
    network = build_network(keras, name, size=size, **options)
    BatchStatistics(network).measure([network_input(crops)])
    rng = np.random.default_rng(0)
    for layer in ("landmarks", "pose"):
        kernel, bias = network.get_layer(layer).get_weights()
        network.get_layer(layer).set_weights([kernel + rng.normal(0, 0.02, kernel.shape), bias + 0.1])
    return to_tflite(network, recipe=INT8_PTQ, calibration=crops), crops


def file_of(flatbuffer: bytes, size: int, head: Any = None) -> ModelFile:
    like = ModelFile.default()
    return ModelFile.from_bytes(
        pack(flatbuffer, like.shape_model, {**like.metadata, "input_size": size}, head=head)
    )


@pytest.mark.parametrize(
    ("name", "size", "options"),
    [
        ("asmnet_joint", 64, {"width": 0.25}),
        ("asmnet_joint", 96, {"width": 0.5}),
        ("asmnet_maps", 160, {"width": 0.25}),
        ("asmnet_code", 96, {"width": 0.5}),
        ("lite_code", 128, {}),
    ],
)
def test_a_cut_network_gives_the_same_answers(name, size, options):
    whole, crops = with_tail(name, size, **options)
    parts = cut(whole)
    assert parts is not None
    graph = read_graph(parts[0])
    assert [(t.name, t.type) for t in graph.outputs] == [(name, "UINT8") for name in OUTPUTS]
    assert graph.outputs[0].shape == (1, size // 8, size // 8, 68)
    assert not [op.code for op in graph.operations if op.is_float or op.code == "DEQUANTIZE"]
    assert foreign_operations(graph) == stray_floats(graph) == []
    assert float_macs_percent(graph) == 0.0
    before, after = (TfliteInterpreter(file_of(*p)) for p in ((whole, size), (parts[0], size, parts[1])))
    for crop in crops:
        for a, b in zip(before.run(crop), after.run(crop), strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)  # float32 sums of the tail, in sides of the crop


def test_what_is_left_computes_the_same_integers():
    """Every activation that both have, bit for bit."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # a delegate would keep them to itself
    whole, crops = with_tail("asmnet_joint", 64, width=0.25)
    found = []
    for flatbuffer in (whole, cut(whole)[0]):
        runner = Interpreter(
            model_content=flatbuffer,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=plain,
        )
        runner.allocate_tensors()
        runner.set_tensor(runner.get_input_details()[0]["index"], crops[:1])
        runner.invoke()
        made = [t for op in read_graph(flatbuffer).operations for t in op.outputs if t.type == "INT8"]
        found.append([runner.get_tensor(t.index) for t in made])
    assert len(found[0]) == len(found[1]) > 40
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_signature_names_the_outputs_and_nothing_unused_is_left():
    from ai_edge_litert.interpreter import Interpreter

    flatbuffer, _ = cut(with_tail("asmnet_joint", 64, width=0.25)[0])
    assert Interpreter(model_content=flatbuffer).get_signature_list() == {
        "serving_default": {"inputs": ["image"], "outputs": sorted(OUTPUTS)}
    }
    model = unpacked(flatbuffer)
    part = model.subgraphs[0]
    used = {int(i) for op in part.operators for i in (*op.inputs, *op.outputs) if i >= 0}
    assert used == set(range(len(part.tensors)))
    buffers = {t.buffer for t in part.tensors} | {m.buffer for m in model.metadata}
    assert buffers | {0} == set(range(len(model.buffers)))
    assert {op.opcodeIndex for op in part.operators} == set(range(len(model.operatorCodes)))


@pytest.mark.parametrize(
    ("name", "size"), [("asmnet_flat", 64), ("asmnet_pip", 64), ("asmnet_simcc", 64), ("cnn6", 32)]
)
def test_other_networks_keep_their_tail(name, size):
    assert cut(with_tail(name, size, width=0.25)[0]) is None


def test_a_tail_that_is_not_known_is_refused():
    model = unpacked(with_tail("asmnet_joint", 64, width=0.25)[0])
    for tensor in model.subgraphs[0].tensors:
        if b"expected" in tensor.name and list(tensor.shape) == [2, 64]:
            model.buffers[tensor.buffer].data = np.ones(2 * 64, np.float32).view(np.uint8)
    with pytest.raises(InputError, match=r"expected the places of a map's cells.*--heads float"):
        cut(packed(model))


def test_files_say_where_their_head_is():
    from convert.build import model_file
    from convert.untrained import untrained_source

    crops, found = crops_of(64), {}
    for name, recipe in (
        ("asmnet_joint", INT8_PTQ),
        ("asmnet_joint", replace(INT8_PTQ, heads="float")),
        ("cnn6", INT8_PTQ),
    ):
        source = untrained_source(name, crops)
        content = model_file(source, ModelFile.default().shape_model, recipe, name="t", calibration=crops)
        model = ModelFile.from_bytes(content)
        found[name, recipe.heads] = model.metadata["quantisation"]["heads"], model.head is not None
    assert found == {
        ("asmnet_joint", "outside"): ("outside", True),
        ("asmnet_joint", "float"): ("float", False),
        ("cnn6", "outside"): ("float", False),
    }


def test_the_shipped_head_is_that_of_the_committed_weights():
    from train.checkpoint import read_arrays

    weights, arrays = read_arrays(ROOT / "models" / "accurate_qat.npz")[0], ModelFile.default().head.arrays()
    for layer in ("landmarks", "pose"):
        for place, part in enumerate(("kernel", "bias")):
            np.testing.assert_array_equal(arrays[f"{layer}_{part}"], weights[f"{layer}/{place}"])
