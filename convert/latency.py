"""Times of calls taken in turns, so that whatever else the machine does meets all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convert.timing import Float64, interleaved
from sdk.interpreter import TfliteInterpreter
from sdk.model_file import ModelFile

RUNS = 100


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of one run: the least, the median and the 95th percentile of `runs`."""

    backend: str
    num_threads: int
    runs: int
    best_ms: float
    p50_ms: float
    p95_ms: float


def latencies(models: Sequence[ModelFile], *, num_threads: int = 1, runs: int = RUNS) -> list[Latency]:
    """One run of each model on a crop of noise: a row per model, in their order."""
    interpreters = [TfliteInterpreter(model, num_threads=num_threads) for model in models]
    rng = np.random.default_rng(0)
    crops = [rng.integers(0, 256, (m.input_size, m.input_size, 3)).astype(np.uint8) for m in models]
    calls = {
        str(n): lambda i=i, crop=crop: i.run(crop)
        for n, (i, crop) in enumerate(zip(interpreters, crops, strict=True))
    }
    taken = interleaved(calls, runs=runs).values()
    return [_row(i.backend, num_threads, row) for i, row in zip(interpreters, taken, strict=True)]


def _row(backend: str, num_threads: int, taken_ms: Float64) -> Latency:
    best, p50, p95 = (float(v) for v in np.percentile(taken_ms, (0, 50, 95)))
    return Latency(backend, num_threads, len(taken_ms), best, p50, p95)
