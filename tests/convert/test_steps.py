"""Conversion: the same numbers as the network, integers where the recipe says so."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from convert.graph import Graph, read_graph
from convert.inspection import float_macs_percent, foreign_operations, is_integer, stray_floats
from convert.recipes import DYNAMIC, FLOAT16, FLOAT32, INT8_PTQ, INT8_QAT, INT16X8, Recipe
from sdk import InputError, ModelFile
from sdk.interpreter import TfliteInterpreter
from sdk.model_file import pack
from sdk.testing import rendered_face

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
SIZE = 32


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return drawn(SIZE)


def drawn(size: int, count: int = 12) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([rendered_face(rng, size=size)[0] for _ in range(count)])


@pytest.fixture(scope="module")
def network(crops):
    """Few layers: rounding does not grow on its way, trained or not."""
    return built("cnn6", crops, width=0.1)


def built(name: str, crops: np.ndarray, **options: Any) -> Any:
    """An untrained network whose activations have the spread that training gives them."""
    import keras

    from train.averaging import BatchStatistics
    from train.batches import network_input
    from train.networks import build_network

    keras.utils.set_random_seed(0)
    network = build_network(keras, name, size=crops.shape[1], **options)
    BatchStatistics(network).measure([network_input(crops)])
    return network


@pytest.fixture(scope="module")
def made(network, crops):
    """Flatbuffers of the network by recipe, each made once."""
    from convert.steps import to_tflite

    kept: dict[Recipe, bytes] = {}

    def make(recipe: Recipe) -> bytes:
        if recipe not in kept:
            kept[recipe] = to_tflite(network, recipe=recipe, calibration=crops)
        return kept[recipe]

    return make


def opened(flatbuffer: bytes, *, size: int = SIZE) -> TfliteInterpreter:
    from convert.pack import describe
    from train.config import TrainConfig

    note = {"epoch": 1, "val_nme": 9.0}
    metadata = describe(TrainConfig(size=size), FLOAT32, name="t", training=note, data="d", faces=0)
    return TfliteInterpreter(ModelFile.from_bytes(pack(flatbuffer, ModelFile.default().shape_model, metadata)))


def outputs(interpreter: TfliteInterpreter, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pairs = [interpreter.run(np.ascontiguousarray(crop[..., ::-1])) for crop in crops]
    return np.stack([p[0].ravel() for p in pairs]), np.stack([p[1] for p in pairs])


def expected(network, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from train.batches import network_input

    return tuple(np.asarray(v) for v in network.predict(network_input(crops), verbose=0))


def floats(graph: Graph) -> Counter[str]:
    return Counter(op.code for op in graph.operations if op.is_float)


def test_float32_gives_the_networks_numbers(network, crops, made):
    got = outputs(opened(made(FLOAT32)), crops)
    for a, b in zip(got, expected(network, crops), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4 * max(1.0, np.abs(b).max()))  # float32 sums in another order


@pytest.mark.parametrize(
    (
        "recipe",
        "error",
    ),  # of the outputs' spread: 11 bits; 8-bit weights; with 16-bit and 8-bit activations; 8-bit outputs
    [
        (FLOAT16, 0.005),
        (DYNAMIC, 0.05),
        (INT16X8, 0.05),
        (INT8_PTQ, 0.05),
        (replace(INT8_PTQ, heads="integer"), 0.06),
    ],
    ids=["float16", "dynamic", "int16x8", "int8_ptq", "int8_ptq, integer heads"],
)
def test_every_recipe_is_near_the_network(network, crops, made, recipe, error):
    graph = read_graph(made(recipe))
    assert foreign_operations(graph) == stray_floats(graph) == []
    assert [t.shape for t in graph.outputs] in ([(1, 136), (1, 3)], [(1, 3), (1, 136)])
    for a, b in zip(outputs(opened(made(recipe)), crops), expected(network, crops), strict=True):
        assert np.abs(a - b).mean() < error * b.std()


def test_names_and_batch_of_the_signature(made):
    from ai_edge_litert.interpreter import Interpreter

    for recipe in (FLOAT32, INT8_PTQ):
        interpreter = Interpreter(model_content=made(recipe))
        assert interpreter.get_signature_list() == {
            "serving_default": {"inputs": ["image"], "outputs": ["landmarks", "pose"]}
        }
        assert list(interpreter.get_input_details()[0]["shape"]) == [1, SIZE, SIZE, 3]


def test_int8_takes_pixels(made):
    entry = read_graph(made(INT8_PTQ)).operations[0].inputs[0]
    assert (entry.type, entry.zero_points) == ("UINT8", (0,))
    assert entry.scales[0] == pytest.approx(1 / 255)


@pytest.fixture(scope="module")
def asmnet() -> Graph:
    """Int8, with a range given for one layer."""
    from convert.steps import to_tflite

    crops = drawn(64)
    network = built("asmnet", crops, width=0.35)
    ranges = {"block_2_add": (-3.0, 5.0)}
    return read_graph(to_tflite(network, recipe=INT8_QAT, calibration=crops, ranges=ranges))


def test_asmnet_is_float_after_its_last_maps(asmnet):
    assert stray_floats(asmnet) == []
    assert floats(asmnet) == {"MEAN": 6, "CONCATENATION": 1, "FULLY_CONNECTED": 2}
    assert Counter(op.code for op in asmnet.operations)["DEQUANTIZE"] == 6
    assert float_macs_percent(asmnet) < 2.0  # a narrow network at 64 px; 0.1 in the shipped one


def test_the_last_map_has_a_grid_of_its_own_beside_the_places_of_points(crops):
    """Both are concatenated in float32; places reach below zero, the map after its ReLU does not."""
    from convert.steps import to_tflite

    network = built("asmnet_joint", crops, width=0.25)
    tensors = [
        t
        for op in read_graph(
            to_tflite(network, recipe=replace(INT8_PTQ, heads="float"), calibration=crops)
        ).operations
        for t in op.outputs
    ]
    (top,) = [t for t in tensors if "top_conv" in t.name and t.type == "INT8"]
    assert top.zero_points == (-128,)


def test_given_ranges_replace_those_of_calibration(asmnet):
    found = next(op.outputs[0] for op in asmnet.operations if op.code == "ADD")
    assert found.scales[0] == pytest.approx(8.0 / 255.0)
    assert found.scales[0] * (127 - found.zero_points[0]) == pytest.approx(5.0, abs=8.0 / 255.0)  # one step


def test_integer_heads_leave_no_float_operation(made):
    graph = read_graph(made(replace(INT8_PTQ, heads="integer")))
    assert not floats(graph)
    assert {t.type for t in graph.outputs} == {"FLOAT32"}


def test_integer_outputs_have_a_scale_each(made):
    recipe = replace(INT8_PTQ, heads="integer", outputs="integer", input="int8")
    graph = read_graph(made(recipe))
    assert [t.type for t in graph.outputs] == ["INT8", "INT8"]
    assert graph.outputs[0].scales != graph.outputs[1].scales
    assert graph.operations[0].inputs[0].type == "INT8"


def test_dense_weights_have_one_scale_and_convolutions_many(made, asmnet):
    for op in (*read_graph(made(replace(INT8_PTQ, heads="integer"))).operations, *asmnet.operations):
        if op.code == "FULLY_CONNECTED" and not op.is_float:  # several are wrong on TFLite 2.2 to 2.9
            assert len(op.inputs[1].scales) == 1
        if op.code in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            assert len(op.inputs[1].scales) == op.outputs[0].shape[-1]


@pytest.mark.parametrize(
    ("name", "size", "options"),
    [
        ("mobilenet_v2", 32, {"width": 0.35}),
        ("cnn7", 64, {"width": 0.1}),
        ("efficientnet_b0", 32, {}),
    ],
)
def test_the_other_networks_become_int8(name, size, options):
    from convert.steps import to_tflite

    crops = drawn(size, count=6)
    network = built(name, crops, **options)
    graph = read_graph(to_tflite(network, recipe=INT8_PTQ, calibration=crops))
    assert foreign_operations(graph) == stray_floats(graph) == []
    assert is_integer(graph)
    assert floats(graph)["FULLY_CONNECTED"] == 2  # the heads; cnn6 and cnn7 have another before them


def test_a_pose_of_six_numbers_stays_float(crops):
    import keras

    from convert.steps import to_tflite
    from train.pose_output import with_euler_pose

    network = with_euler_pose(keras, built("cnn6", crops, width=0.1, pose_values=6))
    graph = read_graph(to_tflite(network, recipe=INT8_PTQ, calibration=crops))
    assert stray_floats(graph) == []
    assert "ATAN2" in floats(graph)
    with pytest.raises(InputError, match="a pose of six numbers becomes angles in float32 only"):
        to_tflite(network, recipe=replace(INT8_PTQ, heads="integer"), calibration=crops)


def test_integer_recipes_need_calibration_and_fine_tuned_ones_ranges(network, crops):
    from convert.steps import to_tflite

    with pytest.raises(InputError, match="recipe int8_ptq: expected calibration crops"):
        to_tflite(network, recipe=INT8_PTQ)
    with pytest.raises(InputError, match=r"int8_qat: expected the best.npz of python -m train qat"):
        to_tflite(network, recipe=INT8_QAT, calibration=crops)


def test_denormal_weights_become_zero(network):
    from convert.steps import _flush_denormals

    layer = network.get_layer("pose")
    kernel, bias = layer.get_weights()
    kernel[0, 0] = 1e-40
    layer.set_weights([kernel, bias])
    _flush_denormals(network)
    flushed = layer.get_weights()[0]
    assert flushed[0, 0] == 0
    np.testing.assert_array_equal(flushed[1:], kernel[1:])
