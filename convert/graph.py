"""What a TFLite flatbuffer computes: its operations and tensors, as values to read.

`unpacked` and `packed` give the schema's own objects, for steps that change a graph.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.errors import ModelFileError
from sdk.parsing import parsing

Array = npt.NDArray[np.generic]

_MAC_OPS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_DTYPES = {
    "FLOAT32": np.float32,
    "FLOAT16": np.float16,
    "INT8": np.int8,
    "UINT8": np.uint8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
}


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A tensor of the graph.

    Attributes:
        index: its number in the graph, as interpreters count.
        type: name of its type in the schema, for example INT8.
        scales, zero_points: real = scale * (quantised - zero_point); one of each per tensor, or per channel
            along `axis`; empty for floats.
        values: of a constant, else None.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    type: str
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    axis: int = 0
    values: Array | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One step: `code` is the schema's name, for example CONV_2D; CUSTOM if it is not builtin."""

    code: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates: each weight acts once at each place of the output."""
        if self.code not in _MAC_OPS:
            return 0
        places = math.prod(self.outputs[0].shape[:-1])  # batch 1; a dense layer may act on rows
        per_place = math.prod(self.inputs[1].shape)
        return places * per_place

    @property
    def is_float(self) -> bool:
        """Whether it computes on floats; (de)quantising ones do not, they are where integers begin and end."""
        return self.code not in ("QUANTIZE", "DEQUANTIZE") and self.outputs[0].type.startswith("FLOAT")


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A model's only subgraph, operations in the order they run."""

    operations: tuple[Operation, ...]
    tensors: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def macs(self) -> int:
        return sum(op.macs for op in self.operations)

    @property
    def constants(self) -> tuple[Tensor, ...]:
        return tuple(t for t in self.tensors if t.values is not None)


@lru_cache(maxsize=8)
def read_graph(flatbuffer: bytes) -> Graph:
    """The graph of a TFLite model; taken apart once, however many ask for it.

    Raises:
        ModelFileError: it is damaged, or has more than one subgraph.
    """
    model = unpacked(flatbuffer)
    if len(model.subgraphs) != 1:
        raise ModelFileError(f"flatbuffer: expected one subgraph, got {len(model.subgraphs)}")
    with parsing("flatbuffer", "graph"):
        part = model.subgraphs[0]
        tensors = tuple(_tensor(model, i, t) for i, t in enumerate(part.tensors))
        operations = tuple(_operation(model, op, tensors) for op in part.operators)
        return Graph(operations, tensors, tuple(tensors[i] for i in part.outputs))


def unpacked(flatbuffer: bytes) -> Any:
    """The schema's ModelT of a flatbuffer."""
    from ai_edge_litert.schema_py_generated import ModelT

    with parsing("flatbuffer", "network"):
        return ModelT.InitFromPackedBuf(bytearray(flatbuffer))


def packed(model: Any) -> bytes:
    """Inverse of `unpacked`."""
    import flatbuffers

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def operation_code(model: Any, operator: Any) -> str:
    """The schema's name of what an OperatorT of a ModelT does; CUSTOM where it is not builtin."""
    code = model.operatorCodes[operator.opcodeIndex]
    return _names("BuiltinOperator")[max(code.builtinCode, code.deprecatedBuiltinCode)]


@cache
def _names(enumeration: str) -> dict[int, str]:
    import ai_edge_litert.schema_py_generated as schema

    members = vars(getattr(schema, enumeration))
    return {value: name for name, value in members.items() if isinstance(value, int)}


def _operation(model: Any, operator: Any, tensors: tuple[Tensor, ...]) -> Operation:
    inputs, outputs = (tuple(tensors[i] for i in part if i >= 0) for part in (operator.inputs, operator.outputs))
    return Operation(operation_code(model, operator), inputs, outputs)


def _tensor(model: Any, index: int, tensor: Any) -> Tensor:
    kind = _names("TensorType")[tensor.type]
    quantised = tensor.quantization
    scales = () if quantised is None or quantised.scale is None else quantised.scale
    zero_points = () if quantised is None or quantised.zeroPoint is None else quantised.zeroPoint
    data = model.buffers[tensor.buffer].data
    shape = tuple(int(n) for n in (() if tensor.shape is None else tensor.shape))
    return Tensor(
        index=index,
        name=(tensor.name or b"").decode(),
        shape=shape,
        type=kind,
        scales=tuple(float(v) for v in scales),
        zero_points=tuple(int(v) for v in zero_points),
        axis=0 if quantised is None else int(quantised.quantizedDimension),
        values=None if data is None or len(data) == 0 else _constant(bytes(data), kind, shape),
    )


def _constant(data: bytes, kind: str, shape: tuple[int, ...]) -> Array | None:
    if kind not in _DTYPES:
        return None
    return np.frombuffer(data, _DTYPES[kind]).reshape(shape)
