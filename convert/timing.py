"""Times of several calls taken in turns, A B A B, so that all of them meet the same moods of the machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Call = Callable[[], object]
WARM_UP = 10


def interleaved(
    calls: Mapping[str, Call],
    *,
    runs: int,
    warm_up: int = WARM_UP,
    timer: Callable[[], float] = time.perf_counter,
) -> dict[str, Float64]:
    """Milliseconds (runs,) of each call, by a timer in seconds."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for run in range(warm_up + runs):
        for name, call in calls.items():
            started = timer()
            call()
            spent = timer() - started
            if run >= warm_up:
                taken[name].append(1e3 * spent)
    return {name: np.array(values) for name, values in taken.items()}
