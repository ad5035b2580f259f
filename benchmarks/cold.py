"""What a first use costs, in a fresh process: python -m benchmarks.cold MODEL prints JSON. Loads the SDK alone."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Milliseconds from a Python that has started to loaded modules, an opened model, and a first answer; MB.

    Attributes:
        peak_rss_mb: of the whole process.
        modules_rss_mb: with numpy, OpenCV and the interpreter loaded, before the model is.
    """

    import_ms: float
    open_ms: float
    first_ms: float
    modules_rss_mb: float | None
    peak_rss_mb: float | None

    @property
    def total_ms(self) -> float:
        return self.import_ms + self.open_ms + self.first_ms


def cold_start(model: Path, *, repeats: int = 3) -> ColdStart:
    """The quickest of some fresh processes: the others waited for the disk or for their turn."""
    starts = [_start(model) for _ in range(repeats)]
    return min(starts, key=lambda s: s.total_ms)


def _start(model: Path) -> ColdStart:
    from sdk.errors import SdkError

    command = [sys.executable, "-m", "benchmarks.cold", str(Path(model).resolve())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SdkError(f"cold start of {model}: {done.stderr.strip()[-1000:]}")
    return ColdStart(**json.loads(done.stdout.splitlines()[-1]))


def measure(model: str) -> ColdStart:
    """Measure this process, which should have done nothing else."""
    begun = time.perf_counter()
    import importlib

    import numpy as np

    import sdk
    from benchmarks.machine import peak_rss_mb
    from sdk.interpreter import TfliteInterpreter, _find_backend

    importlib.import_module("cv2")
    _find_backend()
    loaded = time.perf_counter()
    modules = peak_rss_mb()
    file = sdk.ModelFile.load(model)
    interpreter = TfliteInterpreter(file)
    opened = time.perf_counter()
    interpreter.run(np.zeros((file.input_size, file.input_size, 3), np.uint8))
    answered = time.perf_counter()
    times = (1e3 * (loaded - begun), 1e3 * (opened - loaded), 1e3 * (answered - opened))
    return ColdStart(*times, modules, peak_rss_mb())


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1]))))
