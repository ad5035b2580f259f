"""Small TFLite graphs: a single convolution for peak speed and tests, and one operation cut out of a model."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from convert.graph import packed, unpacked

Kind = Literal["float32", "int8"]


def convolution(
    kind: Kind, *, side: int, channels: int, filters: int, kernel: int = 1, depthwise: bool = False, seed: int = 0
) -> bytes:
    """A model of one convolution, `side` x `side` x `channels`, padding SAME, random weights.

    int8 is symmetric, with a scale per output channel, as `convert` makes it. A kernel of 1 is a matrix product
    of (side², channels) and (channels, filters).
    """
    import ai_edge_litert.schema_py_generated as schema

    rng = np.random.default_rng(seed)
    shape = (1, kernel, kernel, channels) if depthwise else (filters, kernel, kernel, channels)
    outputs = channels if depthwise else filters
    numbers = rng.normal(0, 1, shape)
    weights = numbers.astype(np.float32) if kind == "float32" else np.clip(numbers * 40, -127, 127).astype(np.int8)
    bias = np.zeros(outputs, np.float32 if kind == "float32" else np.int32)
    model = schema.ModelT()
    model.version = 3
    model.buffers = [_buffer(schema, None), _buffer(schema, weights), _buffer(schema, bias)]
    part = schema.SubGraphT()
    scales = {"image": [0.05], "weights": [0.01] * outputs, "bias": [0.0005] * outputs, "answer": [0.5]}
    part.tensors = [
        _tensor(schema, "image", (1, side, side, channels), kind, 0, scales),
        _tensor(schema, "weights", shape, kind, 1, scales, axis=3 if depthwise else 0),
        _tensor(schema, "bias", (outputs,), kind, 2, scales),
        _tensor(schema, "answer", (1, side, side, outputs), kind, 0, scales),
    ]
    part.inputs, part.outputs = [0], [3]
    part.operators = [_operator(schema, depthwise)]
    model.subgraphs = [part]
    model.operatorCodes = [_code(schema, depthwise)]
    return packed(model)


def single_operation(flatbuffer: bytes, index: int) -> bytes:
    """The model that does one operation of another: its activations come in, its constants come along."""
    model = unpacked(flatbuffer)
    part = model.subgraphs[0]
    operator = part.operators[index]
    used = [i for i in (*operator.inputs, *operator.outputs) if i >= 0]
    place = {old: new for new, old in enumerate(dict.fromkeys(used))}
    empty = type(model.buffers[0])()
    tensors = [part.tensors[i] for i in place]
    buffers = [empty]
    for tensor in tensors:
        content = model.buffers[tensor.buffer]
        tensor.buffer = 0 if _is_empty(content) else len(buffers)
        buffers += [] if _is_empty(content) else [content]
    inputs = [i for i in operator.inputs if i >= 0]
    part.inputs = list(dict.fromkeys(place[i] for i in inputs if part.tensors[i].buffer == 0))
    part.outputs = [place[i] for i in operator.outputs]
    operator.inputs = [place.get(i, -1) for i in operator.inputs]
    operator.outputs = list(part.outputs)
    part.tensors, part.operators = tensors, [operator]
    model.buffers, model.metadata, model.metadataBuffer, model.signatureDefs = buffers, [], [], []
    return packed(model)


def _is_empty(buffer: Any) -> bool:
    return buffer.data is None or len(buffer.data) == 0


def _buffer(schema: Any, values: np.ndarray | None) -> Any:
    buffer = schema.BufferT()
    if values is not None:
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    return buffer


def _tensor(schema: Any, name: str, shape: Any, kind: Kind, buffer: int, scales: Any, axis: int = 0) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.buffer = name.encode(), list(shape), buffer
    integer = schema.TensorType.INT32 if name == "bias" else schema.TensorType.INT8
    tensor.type = schema.TensorType.FLOAT32 if kind == "float32" else integer
    if kind == "int8":
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = scales[name]
        tensor.quantization.zeroPoint = [0] * len(scales[name])
        tensor.quantization.quantizedDimension = axis
    return tensor


def _operator(schema: Any, depthwise: bool) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1, 2], [3]
    names = schema.BuiltinOptions
    operator.builtinOptionsType = names.DepthwiseConv2DOptions if depthwise else names.Conv2DOptions
    options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
    options.padding = schema.Padding.SAME
    options.strideW = options.strideH = options.dilationWFactor = options.dilationHFactor = 1
    if depthwise:
        options.depthMultiplier = 1
    operator.builtinOptions = options
    return operator


def _code(schema: Any, depthwise: bool) -> Any:
    code = schema.OperatorCodeT()
    names = schema.BuiltinOperator
    code.builtinCode = code.deprecatedBuiltinCode = names.DEPTHWISE_CONV_2D if depthwise else names.CONV_2D
    code.version = 3
    return code
