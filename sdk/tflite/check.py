"""Whether a network may be handed to an interpreter: what it computes is known, and of bounded size."""

from __future__ import annotations

import math
from typing import NamedTuple

from sdk.parsing import RefusedError
from sdk.tflite.network import RANGES, Network, Operator, Tensor, read_network
from sdk.tflite.rules import RULES
from sdk.tflite.step import Step

MAX_BYTES = 1 << 30
"""Of activations, weights as interpreters repack them, and scratch memory: networks here take 32 MiB at most."""

MAX_MACS = 1 << 36
"""Multiply-accumulates of one run: minutes on a small device, five hundred times the largest network here."""

MAX_RATIO = 2.0**16
"""Between the scales of an operator's activations: kernels abort the process far beyond."""


class Work(NamedTuple):
    """What a network takes, counted from above: bytes of memory, multiply-accumulates."""

    bytes: int
    macs: int


def check_network(flatbuffer: bytes) -> Work:
    """Check a flatbuffer's structure, shapes and sizes.

    Raises:
        RefusedError: it is damaged, has operators that no face network needs, or takes too much.
    """
    network = read_network(flatbuffer)
    _check_order(network)
    total = sum(t.bytes for t in network.tensors if not len(t.data))
    macs = 0
    for i, operator in enumerate(network.operators):
        step = _step(network, operator, i)
        _check_shapes(step, operator)
        _check_scales(step)
        work = _work(step)
        total, macs = total + work.bytes, macs + work.macs
        if total > MAX_BYTES or macs > MAX_MACS:
            raise RefusedError(
                f"expected a network of at most {MAX_BYTES} bytes of memory and {MAX_MACS} multiply-accumulates, "
                "got more"
            )
    return Work(total, macs)


def _check_order(network: Network) -> None:
    """Every tensor is the input, a constant or made once, before it is used."""
    made = {i for i, tensor in enumerate(network.tensors) if len(tensor.data)}
    if made & set(network.inputs):
        raise RefusedError("expected inputs to be given, got constants")
    made |= set(network.inputs)
    for number, operator in enumerate(network.operators):
        for index in operator.inputs:
            if index != -1 and index not in made:
                raise RefusedError(f"operator {number}: input {index} is not made before it is used")
        for index in operator.outputs:
            if not 0 <= index < len(network.tensors) or index in made:
                raise RefusedError(f"operator {number}: output {index} is no tensor, or is made already")
            made.add(index)
    if not set(network.outputs) <= made:
        raise RefusedError("an output is not made by any operator")


def _step(network: Network, operator: Operator, number: int) -> Step:
    if operator.code not in RULES:
        raise RefusedError(
            f"operator {number}: number {operator.code} of the schema is not among those of networks for faces; "
            "docs/SECURITY.md lists them"
        )
    name, _, least, most, _ = RULES[operator.code]
    name = f"operator {number} ({name})"
    inputs = tuple(None if i == -1 else network.tensors[i] for i in operator.inputs)
    if not least <= len(inputs) <= most or not operator.outputs:
        raise RefusedError(f"{name}: expected {least} to {most} inputs and an output, got {len(inputs)}")
    return Step(name, inputs, tuple(network.tensors[i] for i in operator.outputs), operator.options)


def _check_shapes(step: Step, operator: Operator) -> None:
    _, rule, _, _, kind = RULES[operator.code]
    if operator.kind != abs(kind) and not (kind <= 0 and operator.kind == 0):
        raise RefusedError(f"{step.name}: expected options of kind {abs(kind)}, got {operator.kind}")
    expected, declared = rule(step), [t.shape for t in step.outputs]
    if expected != declared:
        raise RefusedError(f"{step.name}: gives shapes {expected}, the file says {declared}")


def _check_scales(step: Step) -> None:
    """Integers have a scale, and those of an operator are of comparable size."""
    activations = [
        t for t in (*step.inputs, *step.outputs) if t is not None and not len(t.data) and t.type in RANGES
    ]
    scales = [scale for t in activations for scale in (t.scales or (0.0,))]
    if scales and (min(scales) <= 0 or max(scales) / min(scales) > MAX_RATIO or len(scales) != len(activations)):
        raise RefusedError(
            f"{step.name}: expected one scale for each of its tensors, of comparable size, got {scales[:9]}"
        )


def _work(step: Step) -> Work:
    """Weights as they are repacked, and for windows a matrix of all of them, as simple kernels make it."""
    weights = sum(4 * t.size for t in step.inputs if t is not None and len(t.data))
    return Work(weights + _scratch(step), _macs(step))


def _filters(step: Step) -> Tensor | None:
    if "CONV" in step.name or "FULLY" in step.name:
        return step.inputs[1]
    return None


def _scratch(step: Step) -> int:
    filters = _filters(step)
    if filters is None or len(filters.shape) < 4 or "DEPTHWISE" in step.name:
        return 0
    places = math.prod(step.outputs[0].shape[:-1])
    return 4 * places * math.prod(filters.shape[1:]) if filters.shape[1] * filters.shape[2] > 1 else 0


def _macs(step: Step) -> int:
    filters = _filters(step)
    if filters is None:
        return sum(t.size for t in step.outputs)
    per_place = math.prod(filters.shape[:3] if "DEPTHWISE" in step.name else filters.shape[1:])
    return step.outputs[0].size * per_place
