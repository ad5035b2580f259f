"""Time of the network, of `align` and of `predict`, models interleaved so that they share the machine's moods."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk import BBox, FaceAligner
from sdk.interpreter import TfliteInterpreter
from sdk.testing import rendered_face

UInt8 = npt.NDArray[np.uint8]
WARM_UP = 10


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """Milliseconds of one stage of one model; ratio: median over that of the first model, same stage."""

    model: str
    stage: str
    threads: int
    runs: int
    p50_ms: float
    p95_ms: float
    ratio: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def frame_with_face(*, seed: int = 0) -> tuple[UInt8, BBox]:
    """A 640 x 480 frame with one drawn face about 150 pixels wide, and its box."""
    face, landmarks = rendered_face(np.random.default_rng(seed), size=400)
    frame = np.full((480, 640, 3), 60, np.uint8)
    frame[40:440, 120:520] = face
    return frame, BBox.around(landmarks + np.float32([120, 40]))


def stages(aligner: FaceAligner, threads: int) -> dict[str, Callable[[], object]]:
    """What is timed: the network alone, `align` on a known box, `predict` with its detector."""
    frame, box = frame_with_face()
    size = aligner.model.input_size
    crop = np.ascontiguousarray(frame[:size, :size])
    network = TfliteInterpreter(aligner.model, num_threads=threads)
    return {
        "network": lambda: network.run(crop),
        "align": lambda: aligner.align(frame, box),
        "predict": lambda: aligner.predict(frame),
    }


def measure(aligners: Mapping[str, FaceAligner], *, threads: int = 1, runs: int = 200) -> list[LatencyRow]:
    """A row per model and stage; the runs of all models alternate: A B A B."""
    calls = {name: stages(aligner, threads) for name, aligner in aligners.items()}
    rows: list[LatencyRow] = []
    for stage in next(iter(calls.values())):
        times: dict[str, list[float]] = {name: [] for name in calls}
        for i in range(WARM_UP + runs):
            for name, stage_calls in calls.items():
                started = time.perf_counter()
                stage_calls[stage]()
                if i >= WARM_UP:
                    times[name].append(1e3 * (time.perf_counter() - started))
        first = float(np.median(next(iter(times.values()))))
        for name, values in times.items():
            p50, p95 = (float(v) for v in np.percentile(values, (50, 95)))
            rows.append(LatencyRow(name, stage, threads, runs, p50, p95, p50 / first))
    return rows


def to_table(rows: list[LatencyRow]) -> str:
    """The rows as a Markdown table."""
    lines = ["| model | stage | threads | median ms | p95 ms | ratio |", "|---|---|---:|---:|---:|---:|"]
    lines += [
        f"| {r.model} | {r.stage} | {r.threads} | {r.p50_ms:.2f} | {r.p95_ms:.2f} | {r.ratio:.2f} |" for r in rows
    ]
    return "\n".join(lines)
