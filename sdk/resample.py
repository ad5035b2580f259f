"""The pixels of a crop, in integers alone: every language and every processor gets the same bytes.

docs/model_format.md, "The crop", states the arithmetic. Here a pixel has four channels of 16 bits, copied as
one word of 64; OpenCV only copies pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
UInt16 = npt.NDArray[np.uint16]
UInt32 = npt.NDArray[np.uint32]
UInt64 = npt.NDArray[np.uint64]
Int = npt.NDArray[Any]  # int32 where positions fit, else int64
Places = tuple[Int, Int]
Lanes = npt.NDArray[Any]  # uint8 or uint16

MAX_BLOCK = 64
"""Pixels per side; a crop that shrinks by more skips some. Sums of such a column fit 16 bits."""

POSITION_BITS = 16  # positions are in steps of 2 ** -16 blocks,
FRACTION_BITS = 6  # and rounded to 1/64 where a sample is read
ONE = 1 << FRACTION_BITS
LANES = 4
FITTING = 16
"""Pixels per side; sums of larger blocks do not fit 16 bits."""

CHUNK = 16384
"""Samples worked on at a time; many more leave the processor's cache."""


HALF = ONE * ONE // 2
EACH_LANE = np.uint64(0x0001_0001_0001_0001)


def resample(
    image: UInt8,
    *,
    center: tuple[float, float],
    pixel: float,
    cosine: float,
    sine: float,
    size: int,
    swapped: bool = False,
) -> UInt8:
    """A square grid of samples around `center`, its rows along (cosine, sine).

    Args:
        image: (h, w) or (h, w, channels). Beyond it its edge pixels are repeated.
        center: of the grid, image pixels.
        pixel: distance between samples, image pixels.
        size: samples per side.
        swapped: give the channels of an image that has three the other way round.

    Returns:
        (size, size) or (size, size, channels).
    """
    block = min(MAX_BLOCK, max(1, int(pixel)))
    reach = pixel * size * (abs(cosine) + abs(sine)) / 2.0 + 2.0 * block
    right, down = _fixed(cosine * pixel / block), _fixed(sine * pixel / block)
    x = _Axis.of(center[0], reach, right, -down, size=size, block=block, pixels=image.shape[1])
    y = _Axis.of(center[1], reach, down, right, size=size, block=block, pixels=image.shape[0])
    region = _region(image.reshape(*image.shape[:2], -1), x, y)
    swapped = swapped and region.shape[2] == LANES - 1
    parts = [
        _sampled(region[..., first : first + LANES], x, y, size=size, block=block, swapped=swapped)
        for first in range(0, region.shape[2], LANES)
    ]
    out = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
    return out.reshape(size, size, *image.shape[2:])


def _sampled(region: UInt8, x: _Axis, y: _Axis, *, size: int, block: int, swapped: bool) -> UInt8:
    """Samples (size, size, channels) of up to four channels."""
    blocks = _blocks(region, block, swapped)
    if not (x.inside and y.inside):
        blocks = _bordered(blocks, y.border, y.border, x.border, x.border)
    words = blocks.view(np.uint64)[..., 0]
    out = np.empty((size, size, LANES), np.uint8)
    chunk = max(1, CHUNK // size)
    for row in range(0, size, chunk):
        rows = slice(row, row + chunk)
        out[rows] = _interpolated(words, x.places(rows), y.places(rows))
    return _channels(out, region.shape[2])


@dataclass(frozen=True, slots=True, eq=False)
class _Axis:
    """Where samples lie among the blocks of one image axis.

    Attributes:
        by_row, by_column: (size, 1) and (size,), their sum is where samples lie; of length 1 where constant.
        anchor, block: pixels; block i begins at anchor + block * i.
        first, last: the blocks to be read. One beyond the image stands for all that follow.
        inside: no sample lies beyond these.
    """

    by_row: Int
    by_column: Int
    anchor: int
    block: int
    first: int
    last: int
    inside: bool

    @classmethod
    def of(
        cls, center: float, reach: float, by_column: int, by_row: int, *, size: int, block: int, pixels: int
    ) -> _Axis:
        anchor = max(0, math.floor(center - reach))
        middle = _fixed((center - anchor - (block - 1) / 2.0) / block)
        start = middle - (((size - 1) * (by_column + by_row)) >> 1) + (1 << (POSITION_BITS - FRACTION_BITS - 1))
        corners = [start + (size - 1) * step for step in (0, by_column, by_row, by_column + by_row)]
        beyond = int(block > 1)
        left, right = -anchor // block, (pixels - 1 - anchor) // block
        low, high = min(corners) >> POSITION_BITS, (max(corners) >> POSITION_BITS) + 1
        first, last = min(max(low, left - beyond), right), max(min(high, right + beyond), left)
        small = max(map(abs, (*corners, size * by_row, size * by_column))) < 1 << 30
        index = np.arange(size, dtype=np.int32 if small else np.int64)
        return cls(
            by_row=start + by_row * index[: size if by_row else 1, None],
            by_column=by_column * index[: size if by_column else 1],
            anchor=anchor,
            block=block,
            first=first,
            last=last,
            inside=first == low and last == high,
        )

    @property
    def pixels(self) -> tuple[int, int]:
        """Start and stop of the pixels to be read; they may lie beyond the image."""
        return self.anchor + self.block * self.first, self.anchor + self.block * (self.last + 1)

    @property
    def border(self) -> int:
        """Blocks to add before `first` and after `last`, each like its neighbour, for the samples beyond."""
        return int(not self.inside)

    def places(self, rows: slice) -> Places:
        """Each sample's block, counted from the first with its border, and how far to the next one, 0 to 63."""
        by_row = self.by_row if len(self.by_row) == 1 else self.by_row[rows]
        place = (by_row - (self.first << POSITION_BITS)) + self.by_column
        place >>= POSITION_BITS - FRACTION_BITS
        over = place & (ONE - 1)
        place >>= FRACTION_BITS
        if not self.inside:
            place = np.clip(place, -1, self.last - self.first) + 1
        return place, over


def _fixed(value: float) -> int:
    return round(value * (1 << POSITION_BITS))


def _region(image: UInt8, x: _Axis, y: _Axis) -> UInt8:
    """The pixels (h, w, channels) that the axes read."""
    (top, bottom), (left, right) = y.pixels, x.pixels
    inside = image[max(0, top) : bottom, max(0, left) : right]
    height, width = image.shape[:2]
    beyond = max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width)
    return _bordered(inside, *beyond) if any(beyond) else inside


def _bordered(pixels: Lanes, top: int, bottom: int, left: int, right: int) -> Lanes:
    """Pixels (h, w, channels) with their edges repeated."""
    import cv2

    bordered: Any = cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return np.asarray(bordered).reshape(*bordered.shape[:2], -1)


def _blocks(region: UInt8, block: int, swapped: bool) -> UInt16:
    """Block means (h / block, w / block, 4), halves rounded up; channels beyond the region's mean nothing."""
    if block == 1:
        return _four_channels(region, swapped).astype(np.uint16)
    area = block * block
    sums = _across(_four_channels(_down(region, block), swapped), block)
    sums += area // 2
    sums //= area
    return sums.astype(np.uint16, copy=False)


def _down(region: UInt8, block: int) -> UInt16:
    """Sums (h / block, w, channels) of `block` pixels one below the other."""
    total: UInt16 = np.add(region[::block], region[1::block], dtype=np.uint16)
    for row in range(2, block):
        total += region[row::block]
    return total


def _across(columns: UInt16, block: int) -> UInt16 | UInt32:
    """Sums (h, w / block, 4) of `block` columns (h, w, 4) side by side."""
    if block > FITTING:
        lanes = columns.astype(np.uint32)
        sums: UInt32 = lanes.reshape(len(lanes), -1, block, LANES).sum(axis=2, dtype=np.uint32)
        return sums
    words: UInt64 = columns.view(np.uint64)[..., 0]
    total: UInt64 = words[:, ::block] + words[:, 1::block]
    for column in range(2, block):
        total += words[:, column::block]
    return total.view(np.uint16).reshape(*total.shape, LANES)


def _four_channels(pixels: Lanes, swapped: bool) -> Lanes:
    """Pixels (h, w, 1 to 4) as (h, w, 4), contiguous; what is added means nothing."""
    channels = pixels.shape[2]
    if channels == LANES:
        return np.ascontiguousarray(pixels)
    if channels == LANES - 1:
        import cv2

        added: Any = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGBA if swapped else cv2.COLOR_BGR2BGRA)
        return np.asarray(added)
    out = np.zeros((*pixels.shape[:2], LANES), pixels.dtype)
    out[..., :channels] = pixels
    return out


def _channels(pixels: UInt8, channels: int) -> UInt8:
    """The first so many of four channels."""
    if channels == LANES - 1:
        import cv2

        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR), np.uint8)
    return pixels if channels == LANES else np.ascontiguousarray(pixels[..., :channels])


def _interpolated(blocks: UInt64, x: Places, y: Places) -> UInt8:
    """Samples (h, w, 4) between four blocks each, halves rounded up.

    Args:
        blocks: words of four channels.
        x, y: places that broadcast to (h, w); all in range, with their next blocks.
    """
    (left, over), (above, under) = x, y
    flat, width = blocks.ravel(), blocks.shape[1]
    start = (above * width + left).astype(np.intp)
    corners = np.empty((4, *start.shape), np.uint64)
    for corner, offset in zip(corners, (0, width, 1, width + 1), strict=True):
        flat[offset:].take(start, out=corner, mode="wrap")  # the mode that checks least
    lanes, to_right, down = corners.view(np.uint16), _in_lanes(over), _in_lanes(under)
    rows, right = lanes[:2], lanes[2:]
    rows *= ONE - to_right
    right *= to_right
    rows += right
    return _between(rows, down, spare=right).astype(np.uint8).reshape(*start.shape, LANES)


def _in_lanes(weights: Int) -> UInt16:
    """Weights (h, w) once for each channel, (h, 4 w); a single column stands for all."""
    if weights.shape[1] == 1:
        return weights.astype(np.uint16)
    return (weights.astype(np.uint64) * EACH_LANE).view(np.uint16)


def _between(rows: UInt16, down: UInt16, *, spare: UInt16) -> UInt16:
    """(2048 + the sum of two rows, weighted with 64 - down and down) >> 12; overwrites `rows` and `spare`.

    The sum has 20 bits, a lane 16: the six low bits of the rows, and what they carry, are added up apart.
    """
    up = ONE - down
    low = np.bitwise_and(rows, ONE - 1, out=spare)
    rows >>= FRACTION_BITS
    (total, under), (carried, low_under) = rows, low
    for upper, lower in ((total, under), (carried, low_under)):
        upper *= up
        lower *= down
        upper += lower
    carried += HALF
    carried >>= FRACTION_BITS
    total += carried
    total >>= FRACTION_BITS
    return np.asarray(total, np.uint16)
