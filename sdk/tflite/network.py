"""The network in a TFLite flatbuffer as values: indices, types and sizes checked, nothing computed yet.

Field numbers are those of the schema, tensorflow/lite/schema/schema.fbs. What a plain network has no need for is
refused: custom operators, variables, sparse tensors, several subgraphs, data outside the flatbuffer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from sdk.parsing import RefusedError
from sdk.tflite.options import OPTIONS
from sdk.tflite.reader import Flatbuffer, Table

MODEL, OPERATOR_CODE, SUBGRAPH = "I*******--", "b-ii", "*****i"
TENSOR, QUANTISATION, BUFFER = "*bI**?-*?-", "****B-i", "*QQ"
OPERATOR, METADATA = "I**B*-b**--B-i", "*I"
SIGNATURE, TENSOR_MAP = "***-I", "*I"

BYTES: Mapping[int, int] = MappingProxyType({0: 4, 1: 2, 2: 4, 3: 1, 4: 8, 6: 1, 7: 2, 9: 1})
"""Of a number of each TensorType: float32, float16, int32, uint8, int64, bool, int16, int8."""

RANGES: Mapping[int, tuple[int, int]] = MappingProxyType(
    {3: (0, 255), 7: (-(1 << 15), (1 << 15) - 1), 9: (-128, 127)}
)
"""Of the types that activations are quantised to: uint8, int16, int8."""

INT32, INT64 = 2, 4
SCALES = (1e-30, 1e10)
MAX_RANK = 8
MAX_NUMBERS = 1 << 26
"""Of one tensor: below what makes 32-bit sums in kernels overflow, above any network for faces."""

KNOWN_METADATA = (
    b"min_runtime_version",
    b"CONVERSION_METADATA",
    b"TFLITE_METADATA",
    b"reduced_precision_support",  # of float16 weights
)
"""Others can change what an interpreter does."""


class Tensor(NamedTuple):
    """A tensor: `type` as the schema numbers it, `data` of a constant or empty, `scales` of integers or empty."""

    shape: tuple[int, ...]
    type: int
    data: memoryview
    scales: tuple[float, ...]

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.size * BYTES[self.type]


class Operator(NamedTuple):
    """One step: `code` as the schema numbers it; an input of -1 is left out; `options` in the schema's order."""

    code: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    kind: int
    options: tuple[Any, ...]


class Network(NamedTuple):
    """The only subgraph."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_network(flatbuffer: bytes) -> Network:
    """The network of a flatbuffer.

    Raises:
        RefusedError: it is damaged, or no plain network.
    """
    model = Flatbuffer(flatbuffer).root(MODEL, "model")
    if model.scalar(0) != 3:
        raise RefusedError(f"expected version 3 of the schema, got {model.scalar(0)}")
    codes = [_code(table) for table in model.tables(1, OPERATOR_CODE, "operator code")]
    buffers = [_buffer(table) for table in model.tables(4, BUFFER, "buffer")]
    graphs = model.tables(2, SUBGRAPH, "subgraph")
    if len(graphs) != 1:
        raise RefusedError(f"expected one subgraph, got {len(graphs)}")
    model.text(3)
    _within(model.numbers(5, "i"), len(buffers), "metadata buffer")
    _check_metadata(model, len(buffers))
    network = _subgraph(graphs[0], codes, buffers)
    _check_signatures(model, network)
    return network


def _code(table: Table) -> int:
    return max(int(table.scalar(0)), int(table.scalar(3)))  # the older field ends at 127


def _buffer(table: Table) -> memoryview:
    if table.scalar(1) or table.scalar(2):
        raise RefusedError(f"{table.name}: expected its data in the flatbuffer, got a place outside")
    return table.data(0)


def _within(indices: Sequence[int], count: int, name: str, *, low: int = 0) -> None:
    for index in indices:
        if not low <= index < count:
            raise RefusedError(f"{name}: expected an index below {count}, got {index}")


def _check_metadata(model: Table, buffers: int) -> None:
    for table in model.tables(6, METADATA, "metadata"):
        if table.text(0) not in KNOWN_METADATA:
            raise RefusedError(f"{table.name}: expected one of {KNOWN_METADATA}, got {table.text(0)[:40]!r}")
        _within([table.scalar(1)], buffers, table.name)


def _check_signatures(model: Table, network: Network) -> None:
    for signature in model.tables(7, SIGNATURE, "signature"):
        _within([signature.scalar(4)], 1, signature.name)
        signature.text(2)
        for field, expected in ((0, network.inputs), (1, network.outputs)):
            maps = signature.tables(field, TENSOR_MAP, signature.name)
            names = [(table.text(0), table.scalar(1)) for table in maps]
            if sorted(index for _, index in names) != sorted(expected) or len(dict(names)) != len(names):
                raise RefusedError(f"{signature.name}: expected a name for each input and output of the network")


def _subgraph(graph: Table, codes: list[int], buffers: list[memoryview]) -> Network:
    tensors = [_tensor(table, buffers) for table in graph.tables(0, TENSOR, "tensor")]
    operators = [_operator(table, codes) for table in graph.tables(3, OPERATOR, "operator")]
    network = Network(tensors, operators, graph.numbers(1, "i"), graph.numbers(2, "i"))
    graph.text(4)
    if not network.inputs or not network.outputs or not operators:
        raise RefusedError("expected an input, an output and operators between them")
    _within(network.inputs + network.outputs, len(tensors), "inputs and outputs")
    return network


def _operator(table: Table, codes: list[int]) -> Operator:
    _within([table.scalar(0)], len(codes), table.name)
    kind = int(table.scalar(3))
    if any(table.numbers(7, "?")) or table.numbers(8, "i") or table.scalar(11):
        raise RefusedError(f"{table.name}: expected a plain operator, got one with variables or further options")
    options = _options(table, kind)
    return Operator(codes[table.scalar(0)], table.numbers(1, "i"), table.numbers(2, "i"), kind, options)


def _options(table: Table, kind: int) -> tuple[Any, ...]:
    if kind not in OPTIONS:  # none, or of an operator that is refused later by its name
        return ()
    kinds, defaults = OPTIONS[kind]
    found = table.table(4, kinds, f"options of {table.name}")
    if found is None:
        raise RefusedError(f"{table.name}: its options are missing")
    return tuple(
        found.numbers(i, "i") if letter == "*" else found.scalar(i, defaults.get(i, 0))
        for i, letter in enumerate(kinds)
        if letter != "-"
    )


def _tensor(table: Table, buffers: list[memoryview]) -> Tensor:
    shape, kind = table.numbers(0, "i"), int(table.scalar(1))
    table.text(3)
    _within([table.scalar(2)], len(buffers), table.name)
    if kind not in BYTES or table.scalar(5):
        raise RefusedError(f"{table.name}: expected a plain type, got {kind}, or a variable")
    if len(shape) > MAX_RANK or any(not 1 <= n <= MAX_NUMBERS for n in shape) or math.prod(shape) > MAX_NUMBERS:
        raise RefusedError(
            f"{table.name}: expected a fixed shape of at most {MAX_NUMBERS} numbers, got {shape[:9]}"
        )
    signature = table.numbers(7, "i")
    if signature and (
        len(signature) != len(shape) or any(s not in (-1, n) for s, n in zip(signature, shape, strict=True))
    ):
        raise RefusedError(f"{table.name}: its two shapes disagree")
    tensor = Tensor(shape, kind, buffers[table.scalar(2)], _scales(table, shape, kind))
    if len(tensor.data) not in (0, tensor.bytes):
        raise RefusedError(f"{table.name}: expected {tensor.bytes} bytes for {shape}, got {len(tensor.data)}")
    return tensor


def _scales(tensor: Table, shape: tuple[int, ...], kind: int) -> tuple[float, ...]:
    """Scales, one for all or one per place along an axis, with zero points that the type has."""
    grid = tensor.table(4, QUANTISATION, f"quantisation of {tensor.name}")
    if grid is None:
        return ()
    grid.numbers(0, "f"), grid.numbers(1, "f")
    scales, zeros, axis = grid.numbers(2, "f"), grid.numbers(3, "q"), grid.scalar(6)
    if grid.scalar(4):
        raise RefusedError(f"{grid.name}: expected scales and zero points, got details of another kind")
    if scales or zeros:
        _check_grid(grid, scales, zeros, axis, shape, RANGES.get(kind, (0, 0)))
    return scales


def _check_grid(
    grid: Table,
    scales: tuple[float, ...],
    zeros: tuple[int, ...],
    axis: int,
    shape: tuple[int, ...],
    allowed: tuple[int, int],
) -> None:
    along = shape[axis] if 0 <= axis < len(shape) else 1
    if (
        len(scales) not in (1, along)
        or len(zeros) not in (len(scales), 0)
        or not 0 <= axis <= max(0, len(shape) - 1)
    ):
        raise RefusedError(
            f"{grid.name}: expected a scale and a zero point for all or for each of {along}, got {len(scales)} "
            f"and {len(zeros)} along axis {axis}"
        )
    if not all(SCALES[0] <= scale <= SCALES[1] for scale in scales):  # NaN is not, either
        raise RefusedError(f"{grid.name}: expected scales of {SCALES[0]:g} to {SCALES[1]:g}")
    if not all(allowed[0] <= zero <= allowed[1] for zero in zeros):
        raise RefusedError(f"{grid.name}: expected zero points of {allowed[0]} to {allowed[1]}")
