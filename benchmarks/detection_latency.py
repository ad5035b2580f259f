"""Time of detectors on whole frames, interleaved so that they share the machine's moods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import numpy.typing as npt

from benchmarks.latency import LatencyRow, frame_with_face
from convert.timing import interleaved

FRAMES = ((320, 240), (640, 480), (1920, 1080))
"""Widths and heights, pixels."""


def measure(
    detectors: Mapping[str, Callable[[npt.NDArray[np.uint8]], object]], *, runs: int = 200
) -> list[LatencyRow]:
    """A row per detector and size of frame; the runs of all detectors alternate: A B A B."""
    import cv2

    rows: list[LatencyRow] = []
    for size in FRAMES:
        frame = np.asarray(cv2.resize(frame_with_face()[0], size, interpolation=cv2.INTER_AREA), np.uint8)
        calls = {name: partial(detect, frame) for name, detect in detectors.items()}
        times = interleaved(calls, runs=runs)
        first = float(np.median(next(iter(times.values()))))
        for name, values in times.items():
            p50, p95 = (float(v) for v in np.percentile(values, (50, 95)))
            rows.append(LatencyRow(name, f"detect, {size[0]} x {size[1]}", 1, runs, p50, p95, p50 / first))
    return rows
