"""The pixels of a crop, in integers alone: every language and every processor gets the same bytes.

docs/model_format.md, "The crop", states the arithmetic. Here channels share 64-bit words, up to three of
21 bits each, so that numpy samples them in one go.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
UInt64 = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]
Places = tuple[Int64, Int64, UInt64]

MAX_BLOCK = 64
"""Pixels per side; a crop that shrinks by more skips some. Sums of such a column fit 16 bits."""

POSITION_BITS = 16  # positions are in steps of 2 ** -16 blocks,
FRACTION_BITS = 6  # and rounded to 1/64 where a sample is read
LANE_BITS = 21
LANES = 3
CHUNK = 8192
"""Samples worked on at a time; more leave the processor's cache."""


def resample(
    image: UInt8, *, center: tuple[float, float], pixel: float, cosine: float, sine: float, size: int
) -> UInt8:
    """A square grid of samples around `center`, its rows along (cosine, sine).

    Args:
        image: (h, w) or (h, w, channels). Beyond it its edge pixels are repeated.
        center: of the grid, image pixels.
        pixel: distance between samples, image pixels.
        size: samples per side.

    Returns:
        (size, size) or (size, size, channels).
    """
    block = min(MAX_BLOCK, max(1, int(pixel)))
    reach = pixel * size * (abs(cosine) + abs(sine)) / 2.0 + 2.0 * block
    right, down = _fixed(cosine * pixel / block), _fixed(sine * pixel / block)
    x = _Axis.of(center[0], reach, right, -down, size=size, block=block, pixels=image.shape[1])
    y = _Axis.of(center[1], reach, down, right, size=size, block=block, pixels=image.shape[0])
    region = _region(image.reshape(*image.shape[:2], -1), x, y)
    out = np.empty((size, size, region.shape[2]), np.uint8)
    chunk = max(1, CHUNK // size)
    for first in range(0, region.shape[2], LANES):
        words = _blocks(region[..., first : first + LANES], block)
        for rows in (slice(row, row + chunk) for row in range(0, size, chunk)):
            samples = _interpolated(words, x.places(rows), y.places(rows))
            for lane in range(min(LANES, region.shape[2] - first)):
                out[rows, :, first + lane] = samples >> (LANE_BITS * lane)
    return out.reshape(size, size, *image.shape[2:])


@dataclass(frozen=True, slots=True, eq=False)
class _Axis:
    """Where samples lie among the blocks of one image axis.

    Attributes:
        by_row, by_column: (size, 1) and (size,), their sum is where samples lie; of length 1 where constant.
        anchor, block: pixels; block i begins at anchor + block * i.
        first, last: the blocks to be read. One beyond the image stands for all that follow.
        inside: no sample lies beyond these.
    """

    by_row: Int64
    by_column: Int64
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
        index = np.arange(size, dtype=np.int64)
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

    def places(self, rows: slice) -> Places:
        """Each sample's block, the next block, both counted from `first`, and how far between them, 0 to 63."""
        by_row = self.by_row if len(self.by_row) == 1 else self.by_row[rows]
        place = (by_row + self.by_column) >> (POSITION_BITS - FRACTION_BITS)
        fraction = (place & ((1 << FRACTION_BITS) - 1)).astype(np.uint64)
        block = (place >> FRACTION_BITS) - self.first
        if self.inside:
            return block, block + 1, fraction
        last = self.last - self.first
        return np.clip(block, 0, last), np.clip(block + 1, 0, last), fraction


def _fixed(value: float) -> int:
    return round(value * (1 << POSITION_BITS))


def _region(image: UInt8, x: _Axis, y: _Axis) -> UInt8:
    """The pixels (h, w, channels) that the axes read."""
    (top, bottom), (left, right) = y.pixels, x.pixels
    inside = image[max(0, top) : bottom, max(0, left) : right]
    height, width = image.shape[:2]
    beyond = [(max(0, -top), max(0, bottom - height)), (max(0, -left), max(0, right - width)), (0, 0)]
    return np.pad(inside, beyond, mode="edge") if any(map(any, beyond)) else inside


def _blocks(region: UInt8, block: int) -> UInt64:
    """Words (h / block, w / block) of block means."""
    if block == 1:
        return _packed([region[..., c] for c in range(region.shape[2])])
    rows, columns = region.shape[0] // block, region.shape[1] // block
    words = np.empty((rows, columns), np.uint64)
    chunk = max(1, CHUNK // columns)
    for row in range(0, rows, chunk):
        words[row : row + chunk] = _block_means(region[row * block : (row + chunk) * block], block)
    return words


def _block_means(region: UInt8, block: int) -> UInt64:
    """Words of block means, halves rounded up."""
    height, width, channels = region.shape
    sums = region.reshape(height // block, block, -1).sum(axis=1, dtype=np.uint16)
    sums = sums.reshape(-1, width, channels)
    area = block * block
    lanes = []
    for c in range(channels):
        lane = sums[:, ::block, c].astype(np.uint32)
        for column in range(1, block):
            lane += sums[:, column::block, c]
        lane += area // 2
        lane //= area
        lanes.append(lane)
    return _packed(lanes)


def _packed(lanes: Sequence[npt.NDArray[np.unsignedinteger]]) -> UInt64:
    """Words of up to three lanes, the first lowest."""
    words = lanes[-1].astype(np.uint64)
    for lane in lanes[-2::-1]:
        words <<= LANE_BITS
        words |= lane
    return words


def _interpolated(words: UInt64, x: Places, y: Places) -> UInt64:
    """Words of samples between four blocks each, halves rounded up; a lane's low byte counts."""
    flat, width, one = words.ravel(), words.shape[1], 1 << FRACTION_BITS
    left, right, over = x
    above, below, under = y
    half = sum(one * one // 2 << (LANE_BITS * lane) for lane in range(LANES))

    def between(row: Int64) -> UInt64:
        start = row * width
        total: UInt64 = flat.take(start + left)
        total *= one - over
        other = flat.take(start + right)
        other *= over
        total += other
        return total

    total, lower = between(above), between(below)
    total *= one - under
    lower *= under
    total += lower
    total += half
    total >>= np.uint64(2 * FRACTION_BITS)
    return total
