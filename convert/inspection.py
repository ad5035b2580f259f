"""What is wrong with a graph, by name: operations that do not belong in it, weights that slow processors down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convert.calibrated import POOLING
from convert.faces import Face
from convert.graph import Graph, Operation, read_graph
from convert.taps import taps
from sdk.model_file import ModelFile

SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)


def work(model: ModelFile) -> int:
    """Multiply-accumulates, those of a head outside included."""
    return read_graph(model.flatbuffer).macs + (0 if model.head is None else model.head.macs)


def size(model: ModelFile) -> int:
    """Bytes of the flatbuffer and of a head outside."""
    return len(model.flatbuffer) + (0 if model.head is None else model.head.bytes)


def foreign_operations(graph: Graph) -> list[str]:
    """Operations outside the builtin set: custom ones, and TensorFlow's own behind them."""
    return [_name(op) for op in graph.operations if op.code in ("CUSTOM", "DELEGATE", "STABLEHLO_CUSTOM_CALL")]


def stray_floats(graph: Graph) -> list[str]:
    """Float operations of an integer graph that are not of the tail: each costs a way there and back.

    The tail begins with POOLING and is what is computed from dequantised features on, to the end. In a float
    graph, one without integer activations, nothing is stray.
    """
    if not is_integer(graph):
        return []
    below = {t.index for op in graph.operations if op.is_float for t in op.outputs}
    strays = []
    for op in graph.operations:
        if op.code == "QUANTIZE" and op.inputs[0].index in below:
            strays.append(_name(op))  # back to integers: what came before was no tail
        elif op.is_float and op.code not in POOLING and not any(t.index in below for t in op.inputs):
            strays.append(_name(op))
    return strays


def float_macs_percent(graph: Graph) -> float:
    """Share of the multiply-accumulates on floats."""
    return 100.0 * sum(op.macs for op in graph.operations if op.is_float) / max(1, graph.macs)


def is_integer(graph: Graph) -> bool:
    """Whether convolutions compute on integers."""
    return any(op.outputs[0].type in ("INT8", "INT16") for op in graph.operations if op.macs)


def denormals(graph: Graph) -> list[str]:
    """Constants with numbers so small that some processors take 25 times as long over them."""
    floats = [t for t in graph.constants if t.values is not None and t.values.dtype == np.float32]
    return [t.name for t in floats if _share_of_denormals(t.values) > 0]


def denormal_activations_percent(model: ModelFile, faces: Sequence[Face]) -> float:
    """The largest share of such numbers among the values of any float activation."""
    graph = read_graph(model.flatbuffer)
    watched = {str(op.outputs[0].index): op.outputs[0] for op in graph.operations if op.is_float}
    shares = [_share_of_denormals(v) for found in taps(model, watched, faces) for v in found.values()]
    return 100.0 * max(shares, default=0.0)


def _share_of_denormals(values: Any) -> float:
    size = np.abs(values)
    return float(((size > 0) & (size < SMALLEST_NORMAL)).mean())


def _name(op: Operation) -> str:
    return f"{op.code} ({op.outputs[0].name.rsplit(';', 1)[-1]})"
