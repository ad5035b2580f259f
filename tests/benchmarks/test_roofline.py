"""Speed against the peak, and operations one by one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.graphs import convolution, single_operation
from benchmarks.records import ROOT
from benchmarks.roofline import arithmetic, invocation, measure, profile, profile_table, to_table
from convert.graph import read_graph
from sdk import BackendError, ModelFile
from sdk.interpreter import _find_backend


def answer(flatbuffer: bytes, image: np.ndarray) -> np.ndarray:
    interpreter = _find_backend()[1](model_content=flatbuffer)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_a_1x1_convolution_is_a_matrix_product():
    model = convolution("float32", side=3, channels=4, filters=5, seed=1)
    weights = read_graph(model).operations[0].inputs[1].values.reshape(5, 4)
    image = np.random.default_rng(0).normal(size=(1, 3, 3, 4)).astype(np.float32)
    np.testing.assert_allclose(answer(model, image), image @ weights.T, rtol=1e-4, atol=1e-5)


def test_an_int8_convolution_is_that_product_on_its_grid():
    model = convolution("int8", side=2, channels=4, filters=3, seed=1)
    weights = read_graph(model).operations[0].inputs[1].values.reshape(3, 4).astype(int)
    image = np.random.default_rng(0).integers(-128, 128, (1, 2, 2, 4)).astype(np.int8)
    exact = (image.astype(int) @ weights.T) * 0.05 * 0.01 / 0.5
    assert np.abs(answer(model, image) - np.clip(exact, -128, 127)).max() <= 0.51  # rounding to the grid


def test_operations_alone_give_what_they_give_in_the_model():
    model = ModelFile.default().flatbuffer
    first = read_graph(model).operations[0]
    image = np.random.default_rng(0).integers(0, 256, first.inputs[0].shape).astype(np.uint8)
    assert first.code == "QUANTIZE"
    np.testing.assert_array_equal(answer(single_operation(model, 0), image).astype(int), image.astype(int) - 128)


def test_rows_follow_from_macs_and_times():
    models = {"int8": ModelFile.default().flatbuffer, "f": convolution("float32", side=8, channels=8, filters=8)}
    rows = measure(models, runs=3)
    assert [(r.model, r.arithmetic) for r in rows] == [("int8", "int8"), ("f", "float32")]
    for row in rows:
        assert row.gmacs_per_s == pytest.approx(row.macs / (row.p50_ms * 1e-3) / 1e9)
        assert row.peak_gmacs_per_s > 0
    assert arithmetic(read_graph(models["int8"])) == "int8"
    assert len(to_table(rows).splitlines()) == 4


def test_the_profile_has_every_operation():
    model = ModelFile.default().flatbuffer
    rows = profile("m", model, runs=2)
    assert [r.op for r in rows] == [op.code for op in read_graph(model).operations]
    assert sum(r.macs for r in rows) == read_graph(model).macs
    assert len(profile_table(rows, slowest=4).splitlines()) == 6


def test_a_graph_that_the_interpreter_refuses_is_named():
    with pytest.raises(BackendError, match="does not accept the model"):
        invocation(b"\0\0\0\0TFL3 and nothing else", 1)


def test_the_command(tmp_path, capsys):
    out = tmp_path / "roofline.json"
    model = ROOT / "sdk" / "models" / "accurate_int8.tflite"
    assert main(["roofline", "--model", str(model), "--runs", "2", "--out", str(out)]) == 0
    record = json.loads(out.read_text())
    assert len(record["operations"]) > 35
    assert "of the peak %" in capsys.readouterr().out
