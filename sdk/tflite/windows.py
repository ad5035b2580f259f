"""Shapes that convolutions, pools and dense layers give: a rule takes a Step and gives its outputs' shapes."""

from __future__ import annotations

import math

from sdk.tflite.step import Shape, Step

SAME, VALID = 0, 1


def _slide(step: Step, size: int, window: int, stride: int, dilation: int = 1) -> int:
    reach = (window - 1) * dilation + 1 if step.options[0] == VALID else 1
    step.need(step.options[0], step.options[0] in (SAME, VALID), "padding 0 or 1")
    return int(step.need((size - reach + stride) // stride, size >= reach, "a window inside the image"))


def conv(step: Step) -> list[Shape]:
    """Filters over an image, in groups where they are shallower than it."""
    (b, h, w, c), (filters, fh, fw, fc) = step.image(0), step.image(1)
    _, sw, sh, _, dw, dh, _ = step.options
    step.steps(sw, sh, dw, dh, fh, fw)
    step.need((c, fc, filters), c % fc == 0 and filters % (c // fc) == 0, "filters that divide the channels")
    _bias(step, 2, filters)
    return [(b, _slide(step, h, fh, sh, dh), _slide(step, w, fw, sw, dw), filters)]


def depthwise(step: Step) -> list[Shape]:
    """Filters over each channel."""
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


def transpose_conv(step: Step) -> list[Shape]:
    """An image enlarged by filters; its first input is the shape of the output."""
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


def pool(step: Step) -> list[Shape]:
    """Windows over each channel."""
    b, h, w, c = step.image(0)
    _, sw, sh, fw, fh, _ = step.options
    step.steps(sw, sh, fw, fh)
    return [(b, _slide(step, h, fh, sh), _slide(step, w, fw, sw), c)]


def dense(step: Step) -> list[Shape]:
    """A matrix times rows."""
    shape, weights = step.shape(0), step.shape(1)
    _, layout, keep, *_ = step.options
    step.need(weights, len(weights) == 2 and layout == 0, "plain weights with two axes")
    units, width = weights
    step.need(shape, math.prod(shape) % width == 0 and (not keep or shape[-1:] == (width,)), f"rows of {width}")
    _bias(step, 2, units)
    return [(*shape[:-1], units) if keep else (math.prod(shape) // width, units)]
