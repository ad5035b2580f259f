"""Conversion: the same numbers as the network, integers where the recipe says so."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest

from sdk import InputError, ModelFile
from sdk.interpreter import TfliteInterpreter
from sdk.testing import rendered_face

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
SIZE = 64


@pytest.fixture(scope="module")
def network():
    import keras

    from train.networks import build_network

    keras.utils.set_random_seed(0)
    return build_network(keras, "asmnet", size=SIZE, width=0.35)


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([rendered_face(rng, size=SIZE)[0] for _ in range(12)])


def opened(flatbuffer: bytes, network) -> TfliteInterpreter:
    from convert.pack import describe
    from convert.recipes import FLOAT32
    from sdk.model_file import pack
    from train.config import TrainConfig

    shape_model = ModelFile.default().shape_model
    metadata = describe(
        TrainConfig(size=SIZE, width=0.35),
        FLOAT32,
        name="t",
        training={"epoch": 1, "val_nme": 9.0},
        data="d",
        faces=0,
    )
    return TfliteInterpreter(ModelFile.from_bytes(pack(flatbuffer, shape_model, metadata)))


def outputs(interpreter: TfliteInterpreter, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pairs = [interpreter.run(np.ascontiguousarray(crop[..., ::-1])) for crop in crops]
    return np.stack([p[0].ravel() for p in pairs]), np.stack([p[1] for p in pairs])


def expected(network, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from train.batches import network_input

    return tuple(np.asarray(v) for v in network.predict(network_input(crops), verbose=0))


def test_float32_gives_the_networks_numbers(network, crops):
    from convert.recipes import FLOAT32
    from convert.steps import to_tflite

    got = outputs(opened(to_tflite(network, recipe=FLOAT32), network), crops)
    for a, b in zip(got, expected(network, crops), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4 * max(1.0, np.abs(b).max()))  # float32 sums in another order


def test_int8_is_all_integer_and_near(network, crops):
    from convert.recipes import INT8_PTQ
    from convert.steps import to_tflite

    interpreter = opened(to_tflite(network, recipe=INT8_PTQ, calibration=crops), network)
    tensors = interpreter._tflite.get_tensor_details()
    floats = [t["name"] for t in tensors if t["dtype"] == np.float32 and t["name"]]
    assert len(floats) == 2, floats  # the two outputs
    assert interpreter._input["dtype"] == np.uint8
    assert interpreter._input["quantization"][0] == pytest.approx(1 / 255)
    assert interpreter._input["quantization"][1] == 0
    for a, b in zip(outputs(interpreter, crops), expected(network, crops), strict=True):
        assert np.abs(a - b).mean() < 0.15 * b.std() + 0.02 * np.abs(b).max()


def test_integer_recipes_need_calibration(network):
    from convert.recipes import INT8_PTQ
    from convert.steps import to_tflite

    with pytest.raises(InputError, match="recipe int8_ptq: expected calibration crops"):
        to_tflite(network, recipe=INT8_PTQ)


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


def test_an_unknown_recipe_lists_the_known():
    from convert.recipes import recipe_by_name

    with pytest.raises(InputError, match="expected one of float32, int8_ptq, got 'int4'"):
        recipe_by_name("int4")
