"""Changes to a calibrated graph: still in float32, each activation with the range it will be quantised to."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from convert.graph import operation_code, packed, unpacked

Ranges = Mapping[str, tuple[float, float]]
"""Least and greatest value of a layer's output, by the layer's name."""

POOLING = ("MEAN", "CONCATENATION", "RESHAPE", "TRANSPOSE", "SOFTMAX", "FULLY_CONNECTED")
"""Operations between the last feature map and the heads; of dense ones, those of the layers MEAN_PLACES."""

MEAN_PLACES = ("expected",)
"""Dense layers that do not learn: the places of a map's cells (train.networks.spatial)."""

HEADS = ("landmarks", "pose")


def with_ranges(calibrated: bytes, ranges: Ranges) -> bytes:
    """The graph with `ranges` in place of what calibration saw, where they name an activation."""
    if not ranges:
        return calibrated
    model = unpacked(calibrated)
    for tensor in model.subgraphs[0].tensors:
        layer = layer_of(tensor.name.decode())
        if layer in ranges and tensor.quantization is not None and tensor.quantization.max is not None:
            low, high = ranges[layer]
            tensor.quantization.min, tensor.quantization.max = [low], [high]
    return packed(model)


def without_ranges(calibrated: bytes, tensors: Collection[str]) -> bytes:
    """The graph without what calibration saw of these tensors.

    A concatenation wants one grid for all its parts: the range of one that stays in float32 would become that of
    the feature map beside it.
    """
    model = unpacked(calibrated)
    for tensor in model.subgraphs[0].tensors:
        if tensor.name.decode() in tensors and tensor.quantization is not None:
            tensor.quantization.min = tensor.quantization.max = None
    return packed(model)


def layer_of(tensor: str) -> str:
    """The Keras layer that a tensor comes from; an empty string where its name does not tell.

    Keras 3 names tensors model/layer_N/operation, and joins the names of fused ones by semicolons, the last
    of which computed the result. The sigmoid inside a swish has a range of its own, which is fixed.
    """
    parts = tensor.rsplit(";", maxsplit=1)[-1].split("/")
    if len(parts) < 3 or parts[-1] == "Sigmoid":
        return ""
    return re.sub(r"_\d+$", "", parts[1])


def float_tail(calibrated: bytes) -> list[str]:
    """Outputs of the operations from the pooled features to the end, by name.

    Upwards from the two heads as long as there is nothing but POOLING; downwards to the outputs.
    """
    model = unpacked(calibrated)
    part = model.subgraphs[0]
    maker = {int(out): op for op in part.operators for out in op.outputs}
    heads = [op for op in part.operators if _is_head(model, op)]
    tail = {id(op): op for op in heads}
    above = [maker.get(int(op.inputs[0])) for op in heads]
    while above:
        op = above.pop()
        if op is not None and id(op) not in tail and _pools(model, op):
            tail[id(op)] = op
            above += [maker.get(int(i)) for i in op.inputs]
    reached = {int(out) for op in heads for out in op.outputs}
    for op in part.operators:  # in the order they run
        if reached & {int(i) for i in op.inputs}:
            tail[id(op)] = op
            reached |= {int(out) for out in op.outputs}
    return [part.tensors[int(out)].name.decode() for op in tail.values() for out in op.outputs]


def _pools(model: Any, operator: Any) -> bool:
    code = operation_code(model, operator)
    return code in POOLING and (code != "FULLY_CONNECTED" or _dense_of(model, operator) in MEAN_PLACES)


def _is_head(model: Any, operator: Any) -> bool:
    return operation_code(model, operator) == "FULLY_CONNECTED" and _dense_of(model, operator) in HEADS


def _dense_of(model: Any, operator: Any) -> str:
    """The layer of a FULLY_CONNECTED operation."""
    weights = model.subgraphs[0].tensors[int(operator.inputs[1])]
    return layer_of(weights.name.decode())
