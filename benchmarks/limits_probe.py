"""One figure of a fresh process as JSON: python -m benchmarks.limits_probe import | first | memory | growth N."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

MB = 1 << 20
WARM = 500
"""Frames before memory is looked at for the first time: caches fill, the heap finds its size."""


def imported() -> dict[str, float]:
    """Seconds of `import sdk`, numpy included."""
    clock = _Clock()
    import sdk  # noqa: F401

    return clock.read("import")


def first() -> dict[str, float]:
    """Seconds of FaceAligner() and of the first `predict` on a 640 x 480 frame with a drawn face."""
    from benchmarks.latency import frame_with_face
    from sdk import FaceAligner

    frame = frame_with_face()[0]
    clock = _Clock()
    aligner = FaceAligner()
    opened = clock.read("open")
    aligner.predict(frame)
    return opened | clock.read("predict")


class _Clock:
    """Seconds on the wall and of the processor since it was made or last read."""

    def __init__(self) -> None:
        self._last = time.perf_counter(), time.process_time()

    def read(self, name: str) -> dict[str, float]:
        now = time.perf_counter(), time.process_time()
        wall, cpu = (b - a for a, b in zip(self._last, now, strict=True))
        self._last = now
        return {f"{name}_s": wall, f"{name}_cpu_s": cpu}


def memory() -> dict[str, float]:
    """MB of resident memory that a prediction adds to numpy and OpenCV."""
    import cv2
    import numpy as np

    frame = np.full((480, 640, 3), 128, np.uint8)
    cv2.cvtColor(cv2.resize(frame, (320, 240)), cv2.COLOR_BGR2GRAY)
    before = resident_mb()
    from sdk import FaceAligner

    aligner = FaceAligner()
    aligner.predict(frame)
    aligner.align(frame, (200.0, 100.0, 400.0, 300.0))
    return {"before_mb": before, "added_mb": resident_mb() - before}


def growth(frames: int) -> dict[str, float]:
    """MB that resident memory grows by while a tracker sees so many frames of a portrait that sways."""
    import cv2
    import numpy as np

    from sdk import FaceTracker

    portrait = cv2.resize(read_portrait(), (240, 240), interpolation=cv2.INTER_AREA)
    frame = np.zeros((240, 320, 3), np.uint8)
    tracker, after_warm_up, seen = FaceTracker(detect_every=60), 0.0, 0
    for i in range(frames):
        x = 40 + round(15 * np.sin(i / 10))
        frame[:] = 0
        frame[:, x : x + 240] = portrait
        tracked = tracker.update(frame)
        seen += bool(tracked)
        if tracked and i % 60 == 0:
            tracker.aligner.quality(frame, tracked[0].face)
        if i == WARM:
            after_warm_up = resident_mb()
    return {"frames": frames, "with_face": seen, "grown_mb": resident_mb() - after_warm_up}


def read_portrait() -> Any:
    """Rear Admiral Grace Hopper, US Navy, public domain, which comes with matplotlib."""
    import importlib.util

    import cv2

    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise SystemExit("the portrait comes with matplotlib: pip install matplotlib")
    return cv2.imread(str(Path(found.origin).parent / "mpl-data/sample_data/grace_hopper.jpg"))[60:480, 60:480]


def resident_mb() -> float:
    """Resident memory of this process now; where the system does not say, its largest so far."""
    statm = Path("/proc/self/statm")
    if statm.is_file():
        import resource

        return int(statm.read_text().split()[1]) * resource.getpagesize() / MB
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB


if __name__ == "__main__":
    probes = {"import": imported, "first": first, "memory": memory}
    name = sys.argv[1]
    print(json.dumps(growth(int(sys.argv[2])) if name == "growth" else probes[name]()))
