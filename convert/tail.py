"""Networks that end where floats would begin: the float tail is cut off and becomes the head of the model file.

What is left of the flatbuffer is integers from end to end, so that it answers the same on every processor. The
head is computed by whoever reads the file (sdk.head, bindings/c/src/head.c).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.calibrated import HEADS, MEAN_PLACES, layer_of
from convert.graph import Operation, Tensor, packed, read_graph, unpacked
from sdk.errors import InputError
from sdk.head import Head

Float32 = npt.NDArray[np.float32]

OUTPUTS = ("maps", "top")
"""Names of the outputs that are left: maps of the points, the last feature map."""

INT8_ZERO = 128
"""Outputs are uint8, which LiteRT.js takes: int8 + 128, exactly."""


def cut(flatbuffer: bytes) -> tuple[bytes, Head] | None:
    """The flatbuffer up to its last integers, and the head that was its float tail.

    Only heads of mean places can be cut off, those of `asmnet_joint` and `asmnet_maps` (train.networks.spatial),
    on whatever trunk; None for other networks.

    Raises:
        InputError: the tail has the operations of such a head, but not its numbers.
    """
    graph = read_graph(flatbuffer)
    heads = {_dense_of(op): op for op in graph.operations if _dense_of(op) in HEADS}
    ends = {t.index for op in heads.values() for t in op.outputs}
    if sorted(heads) != sorted(HEADS) or {t.index for t in graph.outputs} != ends:
        return None  # a pose of six numbers goes on from here
    makers = {t.index: op for op in graph.operations for t in op.outputs}
    try:
        pieces = {name: _pieces(op.inputs[0], makers) for name, op in heads.items()}
        maps, top = _sources(pieces.values())
    except _OtherTailError:
        return None
    arrays = {name: _layer(op, pieces[name], maps, top) for name, op in heads.items()}
    return _without_tail(flatbuffer, (maps, top)), _head(maps, top, arrays)


def _head(maps: Tensor, top: Tensor, layers: dict[str, tuple[Float32, Float32]]) -> Head:
    if len(maps.shape) != 4 or maps.shape[1] != maps.shape[2] or np.prod(maps.shape) == np.prod(top.shape):
        raise _unknown(f"square maps and another number of features, got shapes {maps.shape} and {top.shape}")
    (landmarks_kernel, landmarks_bias), (pose_kernel, pose_bias) = (layers[name] for name in HEADS)
    return Head(
        maps_side=maps.shape[1],
        maps_scale=maps.scales[0],
        top_scale=top.scales[0],
        top_zero_point=top.zero_points[0] + INT8_ZERO,
        landmarks_kernel=landmarks_kernel,
        landmarks_bias=landmarks_bias,
        pose_kernel=pose_kernel,
        pose_bias=pose_bias,
    )


Piece = tuple[str, Tensor]
"""A part of a head's input: places or top, and the integers that it is made of."""


class _OtherTailError(Exception):
    """It is no head of mean places and of one feature map."""


def _pieces(features: Tensor, makers: dict[int, Operation]) -> list[Piece]:
    op = makers.get(features.index)
    if op is not None and op.code == "CONCATENATION":
        return [piece for part in op.inputs for piece in _pieces(part, makers)]
    if op is not None and op.code == "RESHAPE":
        return _pieces(op.inputs[0], makers)
    if op is not None and op.code == "DEQUANTIZE" and op.inputs[0].type == "INT8":
        return [("top", op.inputs[0])]
    if op is not None and _dense_of(op) in MEAN_PLACES:
        return [("places", _maps(op, makers))]
    raise _OtherTailError


def _maps(expected: Operation, makers: dict[int, Operation]) -> Tensor:
    """The integers whose softmax over cells a dense layer of their places takes."""
    found = expected
    for code in ("SOFTMAX", "TRANSPOSE", "RESHAPE", "DEQUANTIZE"):
        above = makers.get(found.inputs[0].index)
        if above is None or above.code != code:
            raise _OtherTailError
        found = above
    maps, kernel = found.inputs[0], _constant(expected.inputs[1])
    place = (np.arange(maps.shape[1]) + 0.5) / maps.shape[1] - 0.5
    y, x = np.meshgrid(place, place, indexing="ij")
    if maps.type != "INT8" or kernel.shape != (2, x.size) or not np.allclose(kernel, [x.ravel(), y.ravel()]):
        raise _unknown(f"the places of a map's cells, got a kernel of {kernel.shape} for maps of {maps.shape}")
    return maps


def _sources(inputs: Iterable[Sequence[Piece]]) -> tuple[Tensor, Tensor]:
    found = {(kind, tensor.index): tensor for pieces in inputs for kind, tensor in pieces}
    if sorted(kind for kind, _ in found) != ["places", "top"]:
        raise _OtherTailError
    by_kind = {kind: tensor for (kind, _), tensor in found.items()}
    return by_kind["places"], by_kind["top"]


def _layer(op: Operation, pieces: Sequence[Piece], maps: Tensor, top: Tensor) -> tuple[Float32, Float32]:
    """Kernel and bias of a head; TFLite leaves a bias of zeros out."""
    weights, *bias = map(_constant, op.inputs[1:])
    kernel = np.ascontiguousarray(_kernel(weights, pieces, maps, top))
    return kernel, bias[0] if bias else np.zeros(len(weights), np.float32)


def _kernel(weights: Float32, pieces: Sequence[Piece], maps: Tensor, top: Tensor) -> Float32:
    """(places, then top; outputs) of a layer's (outputs, inputs); zeros for what the layer does not see."""
    sizes = {"places": 2 * maps.shape[-1], "top": int(np.prod(top.shape))}
    rows = {kind: np.zeros((size, len(weights)), np.float32) for kind, size in sizes.items()}
    start = 0
    for kind, _ in pieces:
        rows[kind] += weights[:, start : start + sizes[kind]].T
        start += sizes[kind]
    if start != weights.shape[1]:
        raise _unknown(f"a layer of {start} features, got {weights.shape[1]}")
    return np.concatenate([rows["places"], rows["top"]])


def _without_tail(flatbuffer: bytes, ends: Sequence[Tensor]) -> bytes:
    """The flatbuffer with `ends`, as uint8, for outputs, and without all that they do not need."""
    model = unpacked(flatbuffer)
    part = model.subgraphs[0]
    last = [_as_uint8(model, tensor.index, name) for tensor, name in zip(ends, OUTPUTS, strict=True)]
    part.operators += last
    part.outputs = [int(op.outputs[0]) for op in last]
    _name_outputs(model)
    wanted, kept = set(part.outputs), []
    for op in reversed(part.operators):
        if wanted & {int(i) for i in op.outputs}:
            kept.append(op)
            wanted |= {int(i) for i in op.inputs}
    part.operators = kept[::-1]
    _drop_unused(model)
    return packed(model)


def _as_uint8(model: Any, index: int, name: str) -> Any:
    """An operation that turns an int8 tensor into uint8 of the same scale, which is exact."""
    from ai_edge_litert.schema_py_generated import BuiltinOperator, OperatorCodeT, OperatorT, TensorT, TensorType
    from ai_edge_litert.schema_py_generated import QuantizationParametersT as GridT

    part = model.subgraphs[0]
    source, grid = part.tensors[index], GridT()
    grid.scale = source.quantization.scale
    grid.zeroPoint = [int(source.quantization.zeroPoint[0]) + INT8_ZERO]
    out = TensorT()
    out.name, out.shape, out.type, out.buffer, out.quantization = name, source.shape, TensorType.UINT8, 0, grid
    part.tensors.append(out)
    code = OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = BuiltinOperator.QUANTIZE
    code.version = 1
    model.operatorCodes.append(code)
    op = OperatorT()
    op.opcodeIndex, op.inputs, op.outputs = len(model.operatorCodes) - 1, [index], [len(part.tensors) - 1]
    return op


def _name_outputs(model: Any) -> None:
    from ai_edge_litert.schema_py_generated import TensorMapT

    outputs = []
    for name, index in zip(OUTPUTS, model.subgraphs[0].outputs, strict=True):
        entry = TensorMapT()
        entry.name, entry.tensorIndex = name, index
        outputs.append(entry)
    for signature in model.signatureDefs or ():
        signature.outputs = outputs


def _drop_unused(model: Any) -> None:
    """Without tensors, buffers and operation codes that nothing refers to."""
    part = model.subgraphs[0]
    used = {int(i) for op in part.operators for i in (*op.inputs, *op.outputs) if i >= 0}
    tensors = _numbered(sorted(used | {int(i) for i in (*part.inputs, *part.outputs)}))
    part.tensors = [part.tensors[i] for i in tensors]
    for op in part.operators:
        op.inputs, op.outputs = ([tensors.get(int(i), -1) for i in side] for side in (op.inputs, op.outputs))
    part.inputs, part.outputs = ([tensors[int(i)] for i in side] for side in (part.inputs, part.outputs))
    for signature in model.signatureDefs or ():
        for entry in (*signature.inputs, *signature.outputs):
            entry.tensorIndex = tensors[entry.tensorIndex]
    holders = [*part.tensors, *(model.metadata or ())]
    buffers = _numbered(sorted({0, *(holder.buffer for holder in holders)}))
    model.buffers = [model.buffers[i] for i in buffers]
    for holder in holders:
        holder.buffer = buffers[holder.buffer]
    codes = _numbered(sorted({op.opcodeIndex for op in part.operators}))
    model.operatorCodes = [model.operatorCodes[i] for i in codes]
    for op in part.operators:
        op.opcodeIndex = codes[op.opcodeIndex]


def _numbered(kept: Sequence[int]) -> dict[int, int]:
    return {old: new for new, old in enumerate(kept)}


def _dense_of(op: Operation) -> str:
    return layer_of(op.inputs[1].name) if op.code == "FULLY_CONNECTED" else ""


def _constant(tensor: Tensor) -> Float32:
    if tensor.values is None or tensor.values.dtype != np.float32:
        raise _unknown(f"float32 weights, got {tensor.type} {tensor.name}")
    return np.asarray(tensor.values, np.float32)


def _unknown(what: str) -> InputError:
    return InputError(f"heads=outside: expected {what}; convert with --heads float")
