"""What is checked of a network before an interpreter sees it; graphs are changed with the schema's own objects."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import numpy as np
import pytest

from sdk import DetectorFile, ModelFile, ModelFileError
from sdk.model_file import pack
from sdk.parsing import RefusedError
from sdk.tflite import check_network
from sdk.tflite.rules import RULES

ROOT = Path(__file__).resolve().parents[2]
MODEL = ModelFile.default()
DETECTOR = DetectorFile.default()
CODES = {name: value for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}


def unpacked(flatbuffer: bytes) -> Any:
    return schema.ModelT.InitFromPackedBuf(bytearray(flatbuffer))


def packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def changed(change: Callable[[Any], None], flatbuffer: bytes = MODEL.flatbuffer) -> bytes:
    model = unpacked(flatbuffer)
    change(model)
    return packed(model)


def refused(flatbuffer: bytes, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        check_network(flatbuffer)


def first(model: Any, name: str) -> Any:
    """The first operator of a kind."""
    for operator in model.subgraphs[0].operators:
        code = model.operatorCodes[operator.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) == CODES[name]:
            return operator
    raise AssertionError(f"no {name}")


MODELS = sorted((*(ROOT / "sdk" / "models").rglob("*.tflite"), *(ROOT / "models").rglob("*.tflite")))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_committed_networks_are_accepted_as_they_are_and_packed_again(path):
    kind = DetectorFile if "detector" in path.name else ModelFile
    flatbuffer = kind.load(path).flatbuffer
    work = check_network(flatbuffer)
    assert check_network(packed(unpacked(flatbuffer))) == work
    assert len(flatbuffer) / 2 < work.bytes < 64 << 20
    assert 10e6 < work.macs < 1e9


def test_multiply_accumulates_are_those_of_the_graph():
    from convert.graph import read_graph

    graph = read_graph(MODEL.flatbuffer)
    assert check_network(MODEL.flatbuffer).macs == pytest.approx(
        graph.macs, rel=0.02
    )  # and one for each other number


def test_checking_costs_little():
    times = []
    for _ in range(5):
        started = time.process_time()
        check_network(DETECTOR.flatbuffer)
        times.append(time.process_time() - started)
    assert min(times) < 0.1  # about 10 ms; a processor with other work doubles it


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_flatbuffer_is_refused(share):
    kept = MODEL.flatbuffer[: int(len(MODEL.flatbuffer) * share)]
    refused(kept, "damaged|beyond|points|outside|expected|end")


@pytest.mark.parametrize("place", [0, 1 << 31, 0xFFFFFFFF, len(MODEL.flatbuffer) - 2])
def test_a_root_outside_the_file_is_refused(place):
    refused(
        struct.pack("<I", place) + MODEL.flatbuffer[4:],
        "points to byte|reaches beyond|lies outside|refer|which is not",
    )


def test_shared_vectors_do_not_cost_more_than_their_bound():
    """A small file whose million tables are one and the same."""
    content = bytearray(struct.pack("<I4s", 24, b"TFL3") + bytes(400))
    struct.pack_into("<HHHHH", content, 12, 10, 16, 4, 8, 0)  # a model's fields: version, codes
    struct.pack_into("<iII", content, 24, 12, 3, 8)  # at 24: its vtable at 12, version 3, codes 8 on
    vector = 24 + 8 + 8
    count = 1 << 21
    body = struct.pack("<I", count) + struct.pack("<I", 4 * count) * 1
    content[vector : vector + 8] = body
    full = bytes(content[: vector + 4]) + bytes(4 * count)
    started = time.process_time()
    refused(full, "at most 1048576 tables and numbers")
    assert time.process_time() - started < 5


def _set(path: str, value: Any) -> Callable[[Any], None]:
    """A change of one attribute, by its path."""

    def change(model: Any) -> None:
        *parents, name = path.split(".")
        target = model
        for part in parents:
            target = target[int(part)] if part.isdigit() else getattr(target, part)
        setattr(target, name, value)

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set("version", 4), "expected version 3 of the schema, got 4"),
        (_set("subgraphs", []), "expected one subgraph, got 0"),
        (lambda m: m.subgraphs.append(m.subgraphs[0]), "expected one subgraph, got 2"),
        (_set("subgraphs.0.inputs", np.array([], np.int32)), "expected an input, an output"),
        (_set("subgraphs.0.inputs", np.array([-1], np.int32)), "inputs and outputs: expected an index below"),
        (
            _set("subgraphs.0.outputs", np.array([1 << 30], np.int32)),
            "inputs and outputs: expected an index below",
        ),
        (_set("subgraphs.0.operators.3.opcodeIndex", 99), "operator 3: expected an index below"),
        (
            _set("subgraphs.0.operators.3.inputs", np.array([5000, 1], np.int32)),
            "operator 3: input 5000 is not made",
        ),
        (_set("subgraphs.0.operators.3.inputs", np.array([-7, 1], np.int32)), "operator 3: input -7 is not made"),
        (
            _set("subgraphs.0.operators.3.outputs", np.array([0], np.int32)),
            "operator 3: output 0 is no tensor, or is made",
        ),
        (_set("subgraphs.0.operators.3.outputs", np.array([-1], np.int32)), "operator 3: output -1 is no tensor"),
        (_set("subgraphs.0.tensors.5.buffer", 1 << 20), "tensor 5: expected an index below"),
        (_set("subgraphs.0.tensors.5.type", 5), "tensor 5: expected a plain type, got 5"),
        (_set("subgraphs.0.tensors.5.name", b"\xff\xfe"), "tensor 5: field 3 is no text in UTF-8"),
        (_set("subgraphs.0.tensors.5.isVariable", True), "or a variable"),
        (
            _set("subgraphs.0.tensors.0.shape", np.array([1, 0, 160, 3], np.int32)),
            "tensor 0: expected a fixed shape",
        ),
        (
            _set("subgraphs.0.tensors.0.shape", np.array([-1, 160, 160, 3], np.int32)),
            "tensor 0: expected a fixed shape",
        ),
        (
            _set("subgraphs.0.tensors.0.shape", np.array([1 << 15] * 4, np.int32)),
            "tensor 0: expected a fixed shape",
        ),
        (_set("subgraphs.0.tensors.0.shape", np.array([1] * 9, np.int32)), "tensor 0: expected a fixed shape"),
        (
            _set("subgraphs.0.tensors.0.shapeSignature", np.array([1, 8, 8, 3], np.int32)),
            "its two shapes disagree",
        ),
        (_set("buffers.1.offset", 1 << 20), "expected its data in the flatbuffer"),
        (_set("metadata.0.buffer", 9999), "metadata 0: expected an index below"),
        (_set("metadata.0.name", b"model_control_dependencies"), "metadata 0: expected one of"),
        (_set("signatureDefs.0.subgraphIndex", 1), "signature 0: expected an index below 1"),
        (_set("signatureDefs.0.inputs", []), "signature 0: expected a name for each"),
    ],
)
def test_indices_and_shapes_are_checked(change, words):
    refused(changed(change), words)


def constant(model: Any) -> Any:
    """The filter of the first convolution."""
    return model.subgraphs[0].tensors[first(model, "CONV_2D").inputs[1]]


def grid(model: Any) -> Any:
    """The quantisation of the first convolution's output."""
    return model.subgraphs[0].tensors[first(model, "CONV_2D").outputs[0]].quantization


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("scale", [np.nan], "expected scales of"),
        ("scale", [np.inf], "expected scales of"),
        ("scale", [0.0], "expected scales of"),
        ("scale", [-0.1], "expected scales of"),
        ("scale", [1e-28], "expected one scale for each of its tensors, of comparable size"),
        ("scale", [0.1] * 7, "expected a scale and a zero point for all or for each"),
        ("scale", None, "expected a scale and a zero point|expected one scale"),
        ("zeroPoint", [1 << 40], "expected zero points of -128 to 127"),
        ("zeroPoint", [0] * 3, "expected a scale and a zero point for all or for each"),
        ("quantizedDimension", -1, "along axis -1"),
        ("quantizedDimension", 4, "along axis 4"),
    ],
)
def test_quantisation_is_checked(name, value, words):
    refused(changed(lambda model: setattr(grid(model), name, value)), words)


@pytest.mark.parametrize(
    ("operator", "name", "value", "words"),
    [
        ("CONV_2D", "strideW", 0, r"CONV_2D\): expected steps of 1 to 4096"),
        ("CONV_2D", "strideH", -1, "expected steps of 1 to 4096"),
        ("CONV_2D", "dilationWFactor", 1 << 30, "expected steps of 1 to 4096"),
        ("CONV_2D", "padding", 7, "expected padding 0 or 1"),
        ("CONV_2D", "strideW", 1, "gives shapes"),
        ("DEPTHWISE_CONV_2D", "depthMultiplier", 0, "as many filters as channels"),
        ("DEPTHWISE_CONV_2D", "strideW", 0, "expected steps"),
        ("FULLY_CONNECTED", "weightsFormat", 1, "plain weights"),
    ],
)
def test_options_are_checked(operator, name, value, words):
    refused(changed(lambda model: setattr(first(model, operator).builtinOptions, name, value)), words)


def test_options_of_another_operator_are_refused():
    def change(model: Any) -> None:
        first(model, "CONV_2D").builtinOptions = first(model, "ADD").builtinOptions
        first(model, "CONV_2D").builtinOptionsType = first(model, "ADD").builtinOptionsType

    refused(changed(change), "expected options of kind 1, got 11")
    refused(
        changed(lambda m: setattr(first(m, "CONV_2D"), "builtinOptionsType", 0)),
        "expected options of kind 1, got 0",
    )
    refused(
        changed(lambda m: setattr(first(m, "CONV_2D"), "builtinOptionsType", 120)),
        "expected options of kind 1, got 120",
    )


@pytest.mark.parametrize(
    "name", ["CUSTOM", "WHILE", "IF", "CALL_ONCE", "VAR_HANDLE", "LSTM", "DELEGATE", "RANGE", "WHERE"]
)
def test_operators_that_no_face_network_needs_are_refused(name):
    def change(model: Any) -> None:
        code = model.operatorCodes[first(model, "ADD").opcodeIndex]
        code.deprecatedBuiltinCode, code.builtinCode = min(CODES[name], 127), CODES[name]

    refused(changed(change), f"number {CODES[name]} of the schema is not among those of networks for faces")


def test_a_constant_has_the_bytes_of_its_shape():
    def change(model: Any) -> None:
        buffer = model.buffers[constant(model).buffer]
        buffer.data = buffer.data[:-1]

    refused(changed(change), r"expected \d+ bytes for .* got \d+")


@pytest.mark.parametrize(
    ("name", "value"), [("RESIZE_BILINEAR", 1 << 30), ("RESIZE_BILINEAR", 0), ("RESIZE_BILINEAR", -5)]
)
def test_constants_that_make_shapes_are_followed(name, value):
    """An interpreter allocates what these say, whatever the output's shape in the file."""

    def change(model: Any) -> None:
        buffer = model.buffers[model.subgraphs[0].tensors[first(model, name).inputs[1]].buffer]
        buffer.data = np.frombuffer(np.array([value, value], "<i4").tobytes(), np.uint8)

    refused(changed(change), "gives shapes|height and width")


def test_tiles_are_followed():
    def change(model: Any) -> None:
        operator = first(model, "TILE")
        buffer = model.buffers[model.subgraphs[0].tensors[operator.inputs[1]].buffer]
        buffer.data = np.frombuffer(np.full(len(buffer.data) // 4, 1 << 20, "<i4").tobytes(), np.uint8)

    refused(changed(change, DETECTOR.flatbuffer), "gives shapes")


def test_a_network_that_takes_gigabytes_is_refused():
    """Twelve sums of a grown image, each shape right, and only their number too much."""

    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        template = first(model, "ADD")
        source = graph.tensors[template.outputs[0]]
        big = schema.TensorT()
        vars(big).update(vars(source) | {"shape": np.array([1, 8000, 8000, 1], np.int32), "shapeSignature": None})
        for _ in range(20):
            graph.tensors.append(big)
        last = len(graph.tensors)
        graph.inputs = np.array([*graph.inputs, last - 20], np.int32)
        model.signatureDefs = []
        for i in range(last - 19, last):
            more = schema.OperatorT()
            vars(more).update(vars(template) | {"inputs": np.array([i - 1, i - 1]), "outputs": np.array([i])})
            graph.operators.append(more)

    refused(changed(change), "at most 1073741824 bytes of memory")


def test_a_model_file_with_such_a_network_is_refused_when_packed_and_loaded():
    broken = changed(lambda model: setattr(first(model, "CONV_2D").builtinOptions, "strideW", 0))
    with pytest.raises(ModelFileError, match=r"model \S+: network: operator \d+ \(CONV_2D\): expected steps"):
        pack(broken, MODEL.shape_model, MODEL.metadata, head=MODEL.head)


def test_operators_have_the_schemas_names():
    assert {code: CODES[name] for code, (name, *_) in RULES.items()} == {code: code for code in RULES}


def test_the_page_lists_the_operators():
    text = (ROOT / "docs" / "SECURITY.md").read_text(encoding="utf-8")
    assert [name for name, *_ in RULES.values() if f"`{name}`" not in text] == []
