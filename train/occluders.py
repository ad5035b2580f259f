"""Drawn things in front of a face: masks, hands, cups, hair, sunglasses. The landmarks behind them stay.

Shapes are placed by the landmarks' own extent, so that they fit any scheme; only the mask needs the jaw of ibug68.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Draw = Callable[[Any, Float32, np.random.Generator], None]

JAW = list(range(2, 15))
NOSE = 29
N_IBUG = 68


def occluded_by_things(values: Float32, points: Float32, rng: np.random.Generator) -> Float32:
    """The pixels (side, side, 3) float32 with one thing drawn over the face.

    Args:
        points: landmarks (n, 2) in crop coordinates, -0.5 to 0.5.
    """
    import cv2

    side = values.shape[0]
    places = (points + 0.5) * side - 0.5
    cover = np.zeros((side, side), np.uint8)
    kinds: list[Draw] = [_hand, _cup, _hair, _glasses]
    if len(points) == N_IBUG:
        kinds += [_mask, _mask]
    kinds[rng.integers(len(kinds))](cover, places, rng)
    edge = float(rng.uniform(0.3, 1.2))
    alpha = cv2.GaussianBlur(cover.astype(np.float32) / 255.0, (0, 0), edge)[..., None]
    colour = _surface(values, places, rng)
    return np.asarray(values * (1.0 - alpha) + colour * alpha, np.float32)


def _surface(values: Float32, places: Float32, rng: np.random.Generator) -> Float32:
    """One colour with a slope of light and some grain, half of the time near that of the skin: (side, side, 3)."""
    side = values.shape[0]
    x, y = np.clip(places.mean(axis=0), 0, side - 1).astype(int)
    skin = values[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4].reshape(-1, 3).mean(axis=0)
    colour = skin * rng.uniform(0.7, 1.2) if rng.random() < 0.5 else rng.uniform(0, 255, 3)
    across, down = np.meshgrid(np.linspace(-0.5, 0.5, side), np.linspace(-0.5, 0.5, side))
    slope = rng.uniform(-60, 60) * across + rng.uniform(-60, 60) * down
    grain = rng.normal(0.0, rng.uniform(0.0, 8.0), (side, side))
    return np.asarray(colour + (slope + grain)[..., None], np.float32)


def _extent(places: Float32) -> tuple[Float32, float]:
    low, high = places.min(axis=0), places.max(axis=0)
    return (low + high) / 2.0, float(max(high - low))


def _fill(cover: Any, outline: npt.ArrayLike) -> None:
    import cv2

    cv2.fillPoly(cover, [np.rint(np.asarray(outline)).astype(np.int32)], 255)


def _mask(cover: Any, places: Float32, rng: np.random.Generator) -> None:
    """From the bridge or the tip of the nose down to a little below the chin."""
    _, size = _extent(places)
    jaw = places[JAW].astype(np.float64)
    outward = jaw - places[NOSE]
    jaw = jaw + outward * rng.uniform(-0.03, 0.08)
    top = places[NOSE - int(rng.integers(0, 2))] + rng.normal(0, 0.02, 2) * size
    _fill(cover, np.concatenate([jaw, [top]]))


def _hand(cover: Any, places: Float32, rng: np.random.Generator) -> None:
    """A palm and some fingers that come in from one direction."""
    import cv2

    centre, size = _extent(places)
    turn = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(turn), np.sin(turn)])
    across = np.array([-along[1], along[0]])
    tip = centre + rng.uniform(-0.35, 0.35, 2) * size
    width = rng.uniform(0.09, 0.14) * size
    for k in range(int(rng.integers(1, 5))):
        start = tip + across * k * width * 1.1 - along * rng.uniform(0.0, 0.1) * size
        stop = start + along * rng.uniform(0.3, 0.5) * size
        ends = [tuple(int(v) for v in np.rint(p)) for p in (start, stop)]
        cv2.line(cover, ends[0], ends[1], 255, max(1, int(width)))
    palm = tip + along * rng.uniform(0.4, 0.6) * size + across * 1.5 * width
    axes = (int(0.25 * size), int(2.4 * width))
    cv2.ellipse(cover, tuple(int(v) for v in palm), axes, float(np.degrees(turn)), 0, 360, 255, -1)


def _cup(cover: Any, places: Float32, rng: np.random.Generator) -> None:
    """A cup, a phone or a microphone: a turned rectangle or a disc, most often over the lower half."""
    import cv2

    centre, size = _extent(places)
    place = centre + np.array([rng.uniform(-0.3, 0.3), rng.uniform(-0.1, 0.45)]) * size
    if rng.random() < 0.4:
        cv2.circle(cover, tuple(int(v) for v in place), int(rng.uniform(0.08, 0.2) * size), 255, -1)
        return
    sides = rng.uniform(0.15, 0.5, 2) * size
    box = cv2.boxPoints((tuple(map(float, place)), tuple(map(float, sides)), float(rng.uniform(0, 90))))
    _fill(cover, box)


def _hair(cover: Any, places: Float32, rng: np.random.Generator) -> None:
    """A fringe over the brow, or strands down one side."""
    centre, size = _extent(places)
    if rng.random() < 0.5:
        low = centre[1] - rng.uniform(0.2, 0.42) * size
        xs = np.linspace(centre[0] - 0.65 * size, centre[0] + 0.65 * size, 14)
        ys = low + rng.uniform(-0.06, 0.06, 14) * size
        _fill(cover, [(xs[0], -1), *zip(xs, ys, strict=True), (xs[-1], -1)])
        return
    side = rng.choice([-1.0, 1.0])
    edge = centre[0] + side * rng.uniform(0.12, 0.4) * size
    ys = np.linspace(centre[1] - 0.8 * size, centre[1] + 0.8 * size, 14)
    xs = edge + rng.uniform(-0.05, 0.05, 14) * size
    far = centre[0] + side * 0.8 * size
    _fill(cover, [(far, ys[0]), *zip(xs, ys, strict=True), (far, ys[-1])])


def _glasses(cover: Any, places: Float32, rng: np.random.Generator) -> None:
    """Two dark discs about where the eyes are."""
    import cv2

    centre, size = _extent(places)
    if len(places) == N_IBUG:
        eyes = [places[36:42].mean(axis=0), places[42:48].mean(axis=0)]
    else:
        eyes = [centre + np.array([s * 0.2, -0.25]) * size for s in (-1, 1)]
    axes = tuple(int(v * size) for v in rng.uniform(0.11, 0.17, 2))
    for eye in eyes:
        cv2.ellipse(cover, tuple(int(v) for v in np.rint(eye)), axes, 0.0, 0, 360, 255, -1)
