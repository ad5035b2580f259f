"""The interpreter: found late, checked once, quantised right."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest

from sdk import BackendError, ModelFile
from sdk.errors import InputError
from sdk.interpreter import BACKENDS, TfliteInterpreter, check_num_threads, invoke
from sdk.quantization import dequantize

MODEL = ModelFile.default()


def test_outputs_have_the_shapes_and_are_repeatable():
    interpreter = TfliteInterpreter(MODEL)
    crop = np.random.default_rng(0).integers(0, 256, (MODEL.input_size, MODEL.input_size, 3), np.uint8)
    landmarks, pose = interpreter.run(crop)
    assert (landmarks.shape, landmarks.dtype) == ((68, 2), np.float32)
    assert (pose.shape, pose.dtype) == ((3,), np.float32)
    np.testing.assert_array_equal(interpreter.run(crop)[0], landmarks)


def test_threads_do_not_change_the_result():
    crop = np.full((MODEL.input_size, MODEL.input_size, 3), 90, np.uint8)
    one = TfliteInterpreter(MODEL, num_threads=1).run(crop)
    two = TfliteInterpreter(MODEL, num_threads=2).run(crop)
    np.testing.assert_array_equal(one[0], two[0])


def test_without_any_interpreter_the_error_says_what_to_install(monkeypatch):
    real = importlib.import_module

    def missing(name, *rest):
        if name in BACKENDS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(BackendError, match="pip install ai-edge-litert"):
        TfliteInterpreter(MODEL)


def test_backends_are_tried_in_order(monkeypatch):
    real, tried = importlib.import_module, []

    def first_is_missing(name, *rest):
        tried.append(name)
        if name == BACKENDS[0]:
            raise ModuleNotFoundError("no", name="ai_edge_litert")
        return real(BACKENDS[0]) if name == BACKENDS[1] else real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", first_is_missing)
    assert TfliteInterpreter(MODEL).backend == "tflite_runtime"
    assert tried[:2] == list(BACKENDS[:2])


def test_a_broken_interpreter_is_not_taken_for_a_missing_one(monkeypatch):
    def broken(name, *rest):
        raise ModuleNotFoundError("No module named 'numpy.core'", name="numpy.core")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match=r"numpy\.core"):
        TfliteInterpreter(MODEL)


def test_a_flatbuffer_of_rubbish_is_refused():
    rubbish = replace(MODEL, flatbuffer=b"\x1c\0\0\0TFL3" + bytes(64), origin="rubbish")
    with pytest.raises(BackendError, match="model rubbish"):
        TfliteInterpreter(rubbish)


def test_a_wrong_input_size_is_refused():
    lying = replace(MODEL, metadata={**MODEL.metadata, "input_size": 64})
    with pytest.raises(BackendError, match=r"expected an input of shape \[1, 64, 64, 3\]"):
        TfliteInterpreter(lying)


def test_a_network_that_fails_when_it_runs_ends_in_words():
    class Failing:
        def invoke(self) -> None:
            raise RuntimeError("Input tensor 74 lacks data")

    with pytest.raises(BackendError, match="cannot run this model: Input tensor 74 lacks data"):
        invoke(Failing())


def test_an_input_of_another_type_is_refused(monkeypatch):
    """What reads pixels writes uint8, int8 or float32."""
    opened = TfliteInterpreter(MODEL)
    details = [{**opened._tflite.get_input_details()[0], "dtype": np.int16}]
    monkeypatch.setattr(type(opened._tflite), "get_input_details", lambda self: details)
    with pytest.raises(BackendError, match=r"uint8, int8 or float32, got \[1, \d+, \d+, 3\] int16"):
        TfliteInterpreter(MODEL)


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_num_threads_must_be_a_positive_integer(threads):
    with pytest.raises(InputError, match="num_threads"):
        check_num_threads(threads)


def test_dequantize_by_hand():
    values = np.array([-128, 0, 127], np.int8)
    np.testing.assert_allclose(dequantize(values, scale=0.5, zero_point=-128), [0.0, 64.0, 127.5])
    np.testing.assert_array_equal(dequantize(np.array([0.25], np.float32), scale=0.0, zero_point=0), [0.25])


def test_a_32_bit_python_is_told_what_there_is_for_it(monkeypatch):
    monkeypatch.setattr("sdk.interpreter.BACKENDS", ("no_such_interpreter",))
    with pytest.raises(BackendError, match="run: pip install ai-edge-litert"):
        TfliteInterpreter(MODEL)
    monkeypatch.setattr("sys.maxsize", 2**31 - 1)
    with pytest.raises(BackendError, match=r"this Python is 32-bit, .* pip install tflite-runtime 'numpy<2'"):
        TfliteInterpreter(MODEL)
