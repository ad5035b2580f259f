"""What every adapter does: read a job, open the library, run it over sets of images, write what it found.

Runs inside the environment of a peer, so it needs numpy and OpenCV alone and imports nothing of this project.
An adapter passes `serve` a function that imports its library and one that, from the job's options and a mode,
gives a callable from an image (h, w, 3) uint8 BGR to a list of faces, each (68, 2) in the ibug68 order, pixels
with the centre of the top-left one at (0, 0); NaN for a point that the markup does not have. In the mode `box` the
callable also gets where the face is: left, top, right, bottom of its landmarks, brows to chin, give or take 10 %.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Find = Callable[..., "list[Any]"]
Box = tuple[float, float, float, float]


def serve(load: Callable[[], str], opened: Callable[[dict[str, str], str], Find]) -> None:
    """Run the job whose file is the program's argument.

    Args:
        load: imports the library and returns its version.
        opened: a finder for options and mode, `photo`, `box` or `tracking`; only the last may remember a frame.
    """
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if job["processors"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["processors"])
    started = time.perf_counter()
    version = load()
    answer: dict[str, Any] = {"version": version, "import_ms": 1e3 * (time.perf_counter() - started), "sets": []}
    for part in job["sets"]:
        boxes = part.get("boxes") or [None] * len(part["sequences"])
        runs = [
            _run(opened(job["options"], part["mode"]), paths, given)
            for paths, given in zip(part["sequences"], boxes, strict=True)
        ]
        answer["sets"].append({"name": part["name"], "mode": part["mode"], "runs": runs})
    answer["peak_rss_mb"] = _peak_rss_mb()
    Path(sys.argv[2]).write_text(json.dumps(answer), encoding="utf-8")


def _run(find: Find, paths: list[str], boxes: list[Box] | None) -> dict[str, Any]:
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    faces, times = [], []
    for number, path in enumerate(paths):
        image = cv2.imread(path)
        if image is None:
            raise SystemExit(f"{path}: not found, or no image that OpenCV reads")
        started = time.perf_counter()
        found = find(image) if boxes is None else find(image, boxes[number])
        times.append(1e3 * (time.perf_counter() - started))
        faces.append([np.where(np.isfinite(f), np.asarray(f, float), -1e9).round(3).tolist() for f in found])
    return {"faces": faces, "ms": times}


def _peak_rss_mb() -> float | None:
    """As `benchmarks.machine.peak_rss_mb`: on Linux getrusage counts the parent too."""
    status = Path("/proc/self/status")
    for line in status.read_text(encoding="utf-8").splitlines() if status.is_file() else []:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10))
