"""The golden contract of camera formats: planes, and the picture that they are by docs/conventions.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.golden.contract import HERE

UInt8 = npt.NDArray[np.uint8]

FILE = HERE / "formats.txt"
VERSION = 1
WIDTH, HEIGHT = 10, 6


@dataclass(frozen=True, eq=False)
class Picture:
    """Planes y (h, w), u and v (h / 2, w / 2), and rgb (h, w, 3)."""

    y: UInt8
    u: UInt8
    v: UInt8
    rgb: UInt8


def converted(y: UInt8, u: UInt8, v: UInt8) -> UInt8:
    """(h, w, 3) RGB: the definition, of arrays (h, w) each."""
    light = np.maximum(y.astype(np.int64) - 16, 0) * 1220542
    red, blue = v.astype(np.int64) - 128, u.astype(np.int64) - 128
    tints = (1673527 * red, -852492 * red - 409993 * blue, 2116026 * blue)
    channels = [np.clip((light + tint + (1 << 19)) >> 20, 0, 255) for tint in tints]
    return np.stack(channels, axis=-1).astype(np.uint8)


def doubled(plane: UInt8) -> UInt8:
    """A plane of colour, a sample for each pixel."""
    return np.repeat(np.repeat(plane, 2, axis=0), 2, axis=1)


def made() -> str:
    """The file's text: planes at random, with the ends of all ranges among them."""
    random = np.random.default_rng(7)
    y, u, v = (
        random.integers(0, 256, shape, dtype=np.uint8)
        for shape in ((HEIGHT, WIDTH), (HEIGHT // 2, WIDTH // 2), (HEIGHT // 2, WIDTH // 2))
    )
    y[0, :6] = 0, 255, 16, 235, 15, 17
    u[0, :4] = 0, 255, 128, 128
    v[0, :4] = 255, 0, 128, 127
    rgb = converted(y, doubled(u), doubled(v))
    lines = [f"version {VERSION}", f"width {WIDTH}", f"height {HEIGHT}"]
    lines += [f"{name} {plane.tobytes().hex()}" for name, plane in (("y", y), ("u", u), ("v", v), ("rgb", rgb))]
    return "\n".join(["# Made by python -m tests.golden.make; README.md says what the lines mean.", *lines]) + "\n"


def read() -> Picture:
    """The picture on record."""
    lines = FILE.read_text(encoding="ascii").splitlines()[1:]
    words = dict(line.split(" ") for line in lines)
    width, height = int(words["width"]), int(words["height"])
    y, u, v, rgb = (np.frombuffer(bytes.fromhex(words[name]), np.uint8) for name in ("y", "u", "v", "rgb"))
    half = (height // 2, width // 2)
    return Picture(y.reshape(height, width), u.reshape(half), v.reshape(half), rgb.reshape(height, width, 3))
