"""What each operator makes of its inputs' shapes: interpreters compute them anew and allocate what they find.

A rule takes a Step and gives the shapes of its outputs; check.py compares them with those that the file declares,
so that sizes which were bounded there are those that count. RULES has all operators that a model file may use.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from sdk.parsing import RefusedError
from sdk.tflite import options as o
from sdk.tflite.network import INT32, INT64, Tensor

Shape = tuple[int, ...]

MAX_STEP = 4096
"""Of strides, windows and dilations."""

SAME, VALID = 0, 1


@dataclass(frozen=True, slots=True)
class Step:
    """An operator with its tensors; `inputs` has None for one that is left out."""

    name: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: tuple[Any, ...]

    def shape(self, i: int) -> Shape:
        """Of an input that must be there."""
        if i >= len(self.inputs) or (tensor := self.inputs[i]) is None:
            raise RefusedError(f"{self.name}: input {i} is missing")
        return tensor.shape

    def image(self, i: int) -> Shape:
        """Of an input with four axes."""
        self.need(self.shape(i), len(self.shape(i)) == 4, "four axes")
        return self.shape(i)

    def need(self, value: Any, condition: bool, words: str) -> Any:
        """The value, if the condition holds."""
        if not condition:
            raise RefusedError(f"{self.name}: expected {words}, got {value}")
        return value

    def integers(self, i: int) -> Shape:
        """Values of a constant input of integers that gives shapes or places."""
        self.shape(i)
        tensor = self.inputs[i]
        assert tensor is not None
        words = "a short constant of integers as input"
        self.need(i, tensor.type in (INT32, INT64) and 0 < len(tensor.data) <= 256, words)
        return tuple(np.frombuffer(tensor.data, "<i4" if tensor.type == INT32 else "<i8").tolist())

    def axes(self, values: Shape, rank: int) -> Shape:
        """Axes counted from the front."""
        self.need(values, all(-rank <= a < rank for a in values), f"axes of {rank}")
        return tuple(a % rank for a in values)

    def steps(self, *values: int) -> None:
        """Check strides, windows or dilations."""
        self.need(values, all(1 <= v <= MAX_STEP for v in values), f"steps of 1 to {MAX_STEP}")


def _slide(step: Step, size: int, window: int, stride: int, dilation: int = 1) -> int:
    reach = (window - 1) * dilation + 1 if step.options[0] == VALID else 1
    step.need(step.options[0], step.options[0] in (SAME, VALID), "padding 0 or 1")
    return int(step.need((size - reach + stride) // stride, size >= reach, "a window inside the image"))


def _conv(step: Step) -> list[Shape]:
    (b, h, w, c), (filters, fh, fw, fc) = step.image(0), step.image(1)
    _, sw, sh, _, dw, dh, _ = step.options
    step.steps(sw, sh, dw, dh, fh, fw)
    step.need((c, fc, filters), c % fc == 0 and filters % (c // fc) == 0, "filters that divide the channels")
    _bias(step, 2, filters)
    return [(b, _slide(step, h, fh, sh, dh), _slide(step, w, fw, sw, dw), filters)]


def _depthwise(step: Step) -> list[Shape]:
    (b, h, w, c), (one, fh, fw, filters) = step.image(0), step.image(1)
    _, sw, sh, times, _, dw, dh = step.options
    step.steps(sw, sh, dw, dh, fh, fw)
    step.need(
        (c, times, filters), one == 1 and times * c == filters, "as many filters as channels, times a multiplier"
    )
    _bias(step, 2, filters)
    return [(b, _slide(step, h, fh, sh, dh), _slide(step, w, fw, sw, dw), filters)]


def _bias(step: Step, i: int, count: int) -> None:
    if len(step.inputs) > i and step.inputs[i] is not None:
        step.need(step.shape(i), math.prod(step.shape(i)) == count, f"{count} numbers of bias")


def _transpose_conv(step: Step) -> list[Shape]:
    shape, (filters, fh, fw, fc), (b, h, w, c) = step.integers(0), step.image(1), step.image(2)
    _, sw, sh, _, _ = step.options
    step.steps(sw, sh, fh, fw)
    step.need(
        shape,
        len(shape) == 4 and min(shape) > 0 and shape[0] == b and shape[3] == filters and c == fc,
        "shapes that fit",
    )
    step.need(
        (h, w),
        (h, w) == (_slide(step, shape[1], fh, sh), _slide(step, shape[2], fw, sw)),
        "an input of its output",
    )
    _bias(step, 3, filters)
    return [shape]


def _pool(step: Step) -> list[Shape]:
    b, h, w, c = step.image(0)
    _, sw, sh, fw, fh, _ = step.options
    step.steps(sw, sh, fw, fh)
    return [(b, _slide(step, h, fh, sh), _slide(step, w, fw, sw), c)]


def _dense(step: Step) -> list[Shape]:
    shape, weights = step.shape(0), step.shape(1)
    _, layout, keep, *_ = step.options
    step.need(weights, len(weights) == 2 and layout == 0, "plain weights with two axes")
    units, width = weights
    step.need(shape, math.prod(shape) % width == 0 and (not keep or shape[-1:] == (width,)), f"rows of {width}")
    _bias(step, 2, units)
    return [(*shape[:-1], units) if keep else (math.prod(shape) // width, units)]


def _same(step: Step) -> list[Shape]:
    return [step.shape(0)]


def _softmax(step: Step) -> list[Shape]:
    step.need(step.options, 1e-3 <= step.options[0] <= 1e3, "a beta of 0.001 to 1000")
    return [step.need(step.shape(0), len(step.shape(0)) > 0, "an axis")]


def _leaky(step: Step) -> list[Shape]:
    step.need(step.options, -1e3 <= step.options[0] <= 1e3, "a slope of -1000 to 1000")
    return _same(step)


def _broadcast(step: Step) -> list[Shape]:
    try:
        return [tuple(np.broadcast_shapes(step.shape(0), step.shape(1)))]
    except ValueError as error:
        raise RefusedError(f"{step.name}: {error}") from error


def _prelu(step: Step) -> list[Shape]:
    (shape,) = _broadcast(step)
    return [step.need(shape, shape == step.shape(0), "slopes that fit the input")]


def _concat(step: Step) -> list[Shape]:
    shapes = [step.shape(i) for i in range(len(step.inputs))]
    (axis,) = step.axes((step.options[0],), len(shapes[0]))
    rests = {(s[:axis], s[axis + 1 :]) for s in shapes}
    step.need(shapes, len(rests) == 1 and all(len(s) > axis for s in shapes), "inputs that fit together")
    return [(*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])]


def _reshape(step: Step) -> list[Shape]:
    wanted = step.integers(1) if len(step.inputs) > 1 else (step.options[0] if step.options else ())
    shape = step.outputs[0].shape
    fits = len(wanted) == len(shape) and wanted.count(-1) < 2
    step.need(wanted, fits and all(n in (-1, s) for n, s in zip(wanted, shape, strict=True)), f"the shape {shape}")
    return [step.need(shape, math.prod(shape) == math.prod(step.shape(0)), f"as many numbers as {step.shape(0)}")]


def _squeeze(step: Step) -> list[Shape]:
    shape, gone = step.shape(0), step.axes(step.options[0] if step.options else (), len(step.shape(0)))
    step.need(gone, all(shape[a] == 1 for a in gone), "axes of one")
    return [tuple(n for a, n in enumerate(shape) if (a not in gone if gone else n != 1))]


def _expand(step: Step) -> list[Shape]:
    axis = step.need(step.integers(1), len(step.integers(1)) == 1, "one axis")[0]
    (at,) = step.axes((axis,), len(step.shape(0)) + 1)
    return [(*step.shape(0)[:at], 1, *step.shape(0)[at:])]


def _transpose(step: Step) -> list[Shape]:
    order = step.integers(1)
    step.need(order, sorted(order) == list(range(len(step.shape(0)))), "a permutation")
    return [tuple(step.shape(0)[a] for a in order)]


def _pad(step: Step) -> list[Shape]:
    shape, pads = step.shape(0), step.integers(1)
    step.need(pads, len(pads) == 2 * len(shape) and all(0 <= p <= 1 << 20 for p in pads), "two paddings an axis")
    return [tuple(n + pads[2 * a] + pads[2 * a + 1] for a, n in enumerate(shape))]


def _mirror_pad(step: Step) -> list[Shape]:
    pads, less = step.integers(1), step.options[0] == 0  # reflected: the edge is not repeated
    (out,) = _pad(step)
    fits = all(max(pads[2 * a : 2 * a + 2]) <= n - less for a, n in enumerate(step.shape(0)))
    return [step.need(out, fits, "paddings within the image")]


def _resize(step: Step) -> list[Shape]:
    (b, _, _, c), size = step.image(0), step.integers(1)
    step.need(size, len(size) == 2 and min(size) > 0, "height and width")
    return [(b, *size, c)]


def _reduce(step: Step) -> list[Shape]:
    shape, axes = step.shape(0), step.axes(step.integers(1), len(step.shape(0)))
    keep = bool(step.options[0])
    return [tuple(1 if a in axes else n for a, n in enumerate(shape) if keep or a not in axes)]


def _tile(step: Step) -> list[Shape]:
    shape, times = step.shape(0), step.integers(1)
    step.need(times, len(times) == len(shape) and min(times) > 0, "a count for each axis")
    return [tuple(n * t for n, t in zip(shape, times, strict=True))]


def _strided_slice(step: Step) -> list[Shape]:
    shape, (begins, ends, strides) = step.shape(0), (step.integers(i) for i in (1, 2, 3))
    begin_mask, end_mask, ellipsis, new, shrink, length = step.options
    rank = len(shape)
    step.need(step.options, not (ellipsis or new or length), "neither ellipsis nor new axes")
    step.need(
        strides, {len(begins), len(ends), len(strides)} == {rank} and 0 not in strides, "a slice for each axis"
    )
    out = []
    for a, n in enumerate(shape):
        first, last = (None if m >> a & 1 else v[a] for m, v in ((begin_mask, begins), (end_mask, ends)))
        if shrink >> a & 1:
            step.need(begins, -n <= begins[a] < n and strides[a] == 1, "a place on the axis")
        else:
            out.append(len(range(*slice(first, last, strides[a]).indices(n))))
    return [tuple(out)]


def _slice(step: Step) -> list[Shape]:
    shape, begins, sizes = step.shape(0), step.integers(1), step.integers(2)
    step.need(sizes, len(begins) == len(sizes) == len(shape), "a begin and a size for each axis")
    out = tuple(n - b if s == -1 else s for n, b, s in zip(shape, begins, sizes, strict=True))
    fits = all(b >= 0 and s >= 1 and b + s <= n for n, b, s in zip(shape, begins, out, strict=True))
    return [step.need(out, fits, "a part of the input")]


def _split(step: Step) -> list[Shape]:
    shape, parts = step.shape(1), len(step.outputs)
    (axis,) = step.axes(step.integers(0)[:1], len(shape))
    step.need(step.options, step.options[0] == parts and shape[axis] % parts == 0, "parts of equal size")
    return [(*shape[:axis], shape[axis] // parts, *shape[axis + 1 :])] * parts


def _pack(step: Step) -> list[Shape]:
    shape, count = step.shape(0), len(step.inputs)
    (axis,) = step.axes((step.options[1],), len(shape) + 1)
    same = all(step.shape(i) == shape for i in range(count))
    step.need(step.options, same and step.options[0] == count, "inputs of one shape")
    return [(*shape[:axis], count, *shape[axis:])]


def _unpack(step: Step) -> list[Shape]:
    shape, count = step.shape(0), len(step.outputs)
    (axis,) = step.axes((step.options[1],), len(shape))
    step.need(step.options, step.options[0] == count == shape[axis], "an output for each place")
    return [(*shape[:axis], *shape[axis + 1 :])] * count


def _matmul(step: Step) -> list[Shape]:
    a, b = step.shape(0), step.shape(1)
    step.need((a, b), min(len(a), len(b)) >= 2, "two axes each")
    (m, k), (k2, n) = (
        s[-2:][:: -1 if turned else 1] for s, turned in ((a, step.options[0]), (b, step.options[1]))
    )
    step.need((a, b), k == k2, "matrices that fit")
    return [(*np.broadcast_shapes(a[:-2], b[:-2]), m, n)]


def _broadcast_to(step: Step) -> list[Shape]:
    wanted = step.integers(1)
    return [
        step.need(
            wanted, min(wanted) > 0 and np.broadcast_shapes(step.shape(0), wanted) == wanted, "a shape that fits"
        )
    ]


def _to_depth(step: Step) -> list[Shape]:
    (b, h, w, c), n = step.image(0), step.options[0]
    step.steps(n)
    step.need((h, w), h % n == 0 and w % n == 0, f"multiples of {n}")
    return [(b, h // n, w // n, c * n * n)]


def _from_depth(step: Step) -> list[Shape]:
    (b, h, w, c), n = step.image(0), step.options[0]
    step.steps(n)
    step.need(c, c % (n * n) == 0, f"a multiple of {n * n}")
    return [(b, h * n, w * n, c // (n * n))]


Rule = tuple[str, Callable[[Step], list[Shape]], int, int, int]
"""Name, rule, inputs at least and at most, and the kind of options; negative where they may be left out."""


def _table() -> dict[int, Rule]:
    table: dict[int, Rule] = {
        1: ("AVERAGE_POOL_2D", _pool, 1, 1, o.POOL),
        2: ("CONCATENATION", _concat, 1, 256, o.CONCAT),
        3: ("CONV_2D", _conv, 2, 3, o.CONV),
        4: ("DEPTHWISE_CONV_2D", _depthwise, 2, 3, o.DEPTHWISE),
        5: ("DEPTH_TO_SPACE", _from_depth, 1, 1, o.DEPTH_TO_SPACE),
        9: ("FULLY_CONNECTED", _dense, 2, 3, o.DENSE),
        17: ("MAX_POOL_2D", _pool, 1, 1, o.POOL),
        22: ("RESHAPE", _reshape, 1, 2, -o.RESHAPE),
        23: ("RESIZE_BILINEAR", _resize, 2, 2, o.RESIZE_BILINEAR),
        25: ("SOFTMAX", _softmax, 1, 1, o.SOFTMAX),
        26: ("SPACE_TO_DEPTH", _to_depth, 1, 1, o.BLOCK),
        34: ("PAD", _pad, 2, 2, -o.PAD),
        39: ("TRANSPOSE", _transpose, 2, 2, -o.TRANSPOSE),
        43: ("SQUEEZE", _squeeze, 1, 1, -o.SQUEEZE),
        45: ("STRIDED_SLICE", _strided_slice, 4, 4, o.STRIDED_SLICE),
        49: ("SPLIT", _split, 2, 2, o.SPLIT),
        54: ("PRELU", _prelu, 2, 2, 0),
        60: ("PADV2", _pad, 3, 3, -o.PAD_V2),
        65: ("SLICE", _slice, 3, 3, -o.SLICE),
        67: ("TRANSPOSE_CONV", _transpose_conv, 3, 4, o.TRANSPOSE_CONV),
        69: ("TILE", _tile, 2, 2, -o.TILE),
        70: ("EXPAND_DIMS", _expand, 2, 2, -o.EXPAND),
        83: ("PACK", _pack, 1, 256, o.PACK),
        88: ("UNPACK", _unpack, 1, 1, o.UNPACK),
        97: ("RESIZE_NEAREST_NEIGHBOR", _resize, 2, 2, o.RESIZE_NEAREST),
        98: ("LEAKY_RELU", _leaky, 1, 1, o.LEAKY_RELU),
        100: ("MIRROR_PAD", _mirror_pad, 2, 2, o.MIRROR_PAD),
        126: ("BATCH_MATMUL", _matmul, 2, 2, o.MATMUL),
        130: ("BROADCAST_TO", _broadcast_to, 2, 2, -o.BROADCAST),
    }
    for code, name, kind in _ONE_TO_ONE:
        table[code] = (name, _same, 1, 1, kind)
    for code, name, kind in _TWO_TO_ONE:
        table[code] = (name, _broadcast, 2, 2, kind)
    for code, name in ((40, "MEAN"), (74, "SUM"), (82, "REDUCE_MAX"), (89, "REDUCE_MIN")):
        table[code] = (name, _reduce, 2, 2, o.REDUCE)
    return table


_ONE_TO_ONE = (
    (6, "DEQUANTIZE", -o.DEQUANTIZE),
    (8, "FLOOR", 0),
    (11, "L2_NORMALIZATION", o.L2_NORM),
    (14, "LOGISTIC", 0),
    (19, "RELU", 0),
    (20, "RELU_N1_TO_1", 0),
    (21, "RELU6", 0),
    (28, "TANH", 0),
    (47, "EXP", -o.EXP),
    (50, "LOG_SOFTMAX", -o.LOG_SOFTMAX),
    (53, "CAST", -o.CAST),
    (59, "NEG", -o.NEG),
    (66, "SIN", 0),
    (73, "LOG", 0),
    (75, "SQRT", 0),
    (76, "RSQRT", 0),
    (92, "SQUARE", -o.SQUARE),
    (101, "ABS", -o.ABS),
    (104, "CEIL", 0),
    (108, "COS", -o.COS),
    (111, "ELU", 0),
    (114, "QUANTIZE", -o.QUANTIZE),
    (116, "ROUND", 0),
    (117, "HARD_SWISH", -o.HARD_SWISH),
    (150, "GELU", o.GELU),
    (152, "RELU_0_TO_1", 0),
)
_TWO_TO_ONE = (
    (0, "ADD", o.ADD),
    (18, "MUL", o.MUL),
    (41, "SUB", o.SUB),
    (42, "DIV", o.DIV),
    (55, "MAXIMUM", -o.EXTREME),
    (57, "MINIMUM", -o.EXTREME),
    (78, "POW", -o.POW),
    (99, "SQUARED_DIFFERENCE", -o.SQUARED_DIFFERENCE),
)

RULES: Mapping[int, Rule] = MappingProxyType(_table())
"""By the schema's number of the operator."""
