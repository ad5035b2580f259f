"""Shapes that operators without weights give: a rule takes a Step and gives the shapes of its outputs."""

from __future__ import annotations

import math

import numpy as np

from sdk.parsing import RefusedError
from sdk.tflite.step import Shape, Step


def same(step: Step) -> list[Shape]:
    """As the input."""
    return [step.shape(0)]


def softmax(step: Step) -> list[Shape]:
    """As the input, along its last axis."""
    step.need(step.options, 1e-3 <= step.options[0] <= 1e3, "a beta of 0.001 to 1000")
    return [step.need(step.shape(0), len(step.shape(0)) > 0, "an axis")]


def leaky(step: Step) -> list[Shape]:
    """As the input."""
    step.need(step.options, -1e3 <= step.options[0] <= 1e3, "a slope of -1000 to 1000")
    return same(step)


def broadcast(step: Step) -> list[Shape]:
    """Two inputs, stretched to each other."""
    try:
        return [tuple(np.broadcast_shapes(step.shape(0), step.shape(1)))]
    except ValueError as error:
        raise RefusedError(f"{step.name}: {error}") from error


def prelu(step: Step) -> list[Shape]:
    """As the input, which the slopes fit."""
    (shape,) = broadcast(step)
    return [step.need(shape, shape == step.shape(0), "slopes that fit the input")]


def concat(step: Step) -> list[Shape]:
    """Inputs one after the other."""
    shapes = [step.shape(i) for i in range(len(step.inputs))]
    (axis,) = step.axes((step.options[0],), len(shapes[0]))
    rests = {(s[:axis], s[axis + 1 :]) for s in shapes}
    step.need(shapes, len(rests) == 1 and all(len(s) > axis for s in shapes), "inputs that fit together")
    return [(*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])]


def reshape(step: Step) -> list[Shape]:
    """The same numbers in another shape."""
    wanted = step.integers(1) if len(step.inputs) > 1 else (step.options[0] if step.options else ())
    shape = step.outputs[0].shape
    fits = len(wanted) == len(shape) and wanted.count(-1) < 2
    step.need(wanted, fits and all(n in (-1, s) for n, s in zip(wanted, shape, strict=True)), f"the shape {shape}")
    return [step.need(shape, math.prod(shape) == math.prod(step.shape(0)), f"as many numbers as {step.shape(0)}")]


def squeeze(step: Step) -> list[Shape]:
    """Without axes of one."""
    shape, gone = step.shape(0), step.axes(step.options[0] if step.options else (), len(step.shape(0)))
    step.need(gone, all(shape[a] == 1 for a in gone), "axes of one")
    return [tuple(n for a, n in enumerate(shape) if (a not in gone if gone else n != 1))]


def expand(step: Step) -> list[Shape]:
    """With an axis of one."""
    axis = step.need(step.integers(1), len(step.integers(1)) == 1, "one axis")[0]
    (at,) = step.axes((axis,), len(step.shape(0)) + 1)
    return [(*step.shape(0)[:at], 1, *step.shape(0)[at:])]


def transpose(step: Step) -> list[Shape]:
    """Axes in another order."""
    order = step.integers(1)
    step.need(order, sorted(order) == list(range(len(step.shape(0)))), "a permutation")
    return [tuple(step.shape(0)[a] for a in order)]


def pad(step: Step) -> list[Shape]:
    """Larger by paddings."""
    shape, pads = step.shape(0), step.integers(1)
    step.need(pads, len(pads) == 2 * len(shape) and all(0 <= p <= 1 << 20 for p in pads), "two paddings an axis")
    return [tuple(n + pads[2 * a] + pads[2 * a + 1] for a, n in enumerate(shape))]


def mirror_pad(step: Step) -> list[Shape]:
    """Larger by what lies within."""
    pads, less = step.integers(1), step.options[0] == 0  # reflected: the edge is not repeated
    (out,) = pad(step)
    fits = all(max(pads[2 * a : 2 * a + 2]) <= n - less for a, n in enumerate(step.shape(0)))
    return [step.need(out, fits, "paddings within the image")]


def resize(step: Step) -> list[Shape]:
    """Another height and width."""
    (b, _, _, c), size = step.image(0), step.integers(1)
    step.need(size, len(size) == 2 and min(size) > 0, "height and width")
    return [(b, *size, c)]


def reduce(step: Step) -> list[Shape]:
    """Without the axes that are summed over, or with ones in their place."""
    shape, axes = step.shape(0), step.axes(step.integers(1), len(step.shape(0)))
    keep = bool(step.options[0])
    return [tuple(1 if a in axes else n for a, n in enumerate(shape) if keep or a not in axes)]


def tile(step: Step) -> list[Shape]:
    """Repeated along axes."""
    shape, times = step.shape(0), step.integers(1)
    step.need(times, len(times) == len(shape) and min(times) > 0, "a count for each axis")
    return [tuple(n * t for n, t in zip(shape, times, strict=True))]


def strided_slice(step: Step) -> list[Shape]:
    """What a slice of Python leaves."""
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


def part(step: Step) -> list[Shape]:
    """A part."""
    shape, begins, sizes = step.shape(0), step.integers(1), step.integers(2)
    step.need(sizes, len(begins) == len(sizes) == len(shape), "a begin and a size for each axis")
    out = tuple(n - b if s == -1 else s for n, b, s in zip(shape, begins, sizes, strict=True))
    fits = all(b >= 0 and s >= 1 and b + s <= n for n, b, s in zip(shape, begins, out, strict=True))
    return [step.need(out, fits, "a part of the input")]


def split(step: Step) -> list[Shape]:
    """Equal parts."""
    shape, parts = step.shape(1), len(step.outputs)
    (axis,) = step.axes(step.integers(0)[:1], len(shape))
    step.need(step.options, step.options[0] == parts and shape[axis] % parts == 0, "parts of equal size")
    return [(*shape[:axis], shape[axis] // parts, *shape[axis + 1 :])] * parts


def pack(step: Step) -> list[Shape]:
    """Inputs along a new axis."""
    shape, count = step.shape(0), len(step.inputs)
    (axis,) = step.axes((step.options[1],), len(shape) + 1)
    same = all(step.shape(i) == shape for i in range(count))
    step.need(step.options, same and step.options[0] == count, "inputs of one shape")
    return [(*shape[:axis], count, *shape[axis:])]


def unpack(step: Step) -> list[Shape]:
    """Each place along an axis."""
    shape, count = step.shape(0), len(step.outputs)
    (axis,) = step.axes((step.options[1],), len(shape))
    step.need(step.options, step.options[0] == count == shape[axis], "an output for each place")
    return [(*shape[:axis], *shape[axis + 1 :])] * count


def matmul(step: Step) -> list[Shape]:
    """Stacks of matrices multiplied."""
    a, b = step.shape(0), step.shape(1)
    step.need((a, b), min(len(a), len(b)) >= 2, "two axes each")
    (m, k), (k2, n) = (
        s[-2:][:: -1 if turned else 1] for s, turned in ((a, step.options[0]), (b, step.options[1]))
    )
    step.need((a, b), k == k2, "matrices that fit")
    return [(*np.broadcast_shapes(a[:-2], b[:-2]), m, n)]


def broadcast_to(step: Step) -> list[Shape]:
    """Stretched to a shape."""
    wanted = step.integers(1)
    return [
        step.need(
            wanted, min(wanted) > 0 and np.broadcast_shapes(step.shape(0), wanted) == wanted, "a shape that fits"
        )
    ]


def to_depth(step: Step) -> list[Shape]:
    """Blocks as channels."""
    (b, h, w, c), n = step.image(0), step.options[0]
    step.steps(n)
    step.need((h, w), h % n == 0 and w % n == 0, f"multiples of {n}")
    return [(b, h // n, w // n, c * n * n)]


def from_depth(step: Step) -> list[Shape]:
    """Channels as blocks."""
    (b, h, w, c), n = step.image(0), step.options[0]
    step.steps(n)
    step.need(c, c % (n * n) == 0, f"a multiple of {n * n}")
    return [(b, h * n, w * n, c // (n * n))]
