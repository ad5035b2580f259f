"""The child of fuzz.py: loads mutated files, opens and runs the network of those that are accepted.

Reads lines `number` on standard input; answers each with a JSON line. A crash is seen by the parent.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from mutations import Parts, mutated

from sdk import BBox, DetectorFile, FaceAligner, FaceDetector, ModelFile, SdkError
from sdk.packing import DETECTOR, kind_of
from sdk.testing import FixedDetector

MAX_ADDRESSES = 6 << 30
"""Bytes a worker may take, LiteRT's libraries included: who takes more ends with a MemoryError or a crash."""


def main() -> int:
    """Answer until standard input ends."""
    options = _options()
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESSES, MAX_ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("error")
    sources = [(path, Parts(path.read_bytes())) for path in options.models]
    for line in sys.stdin:
        number = int(line)
        path, parts = sources[number % len(sources)]
        name, content = mutated(parts, options.seed, number)
        started = time.perf_counter()
        answer = {"number": number, "file": path.name, "mutation": name, **_tried(content, run=options.run)}
        print(json.dumps({**answer, "seconds": time.perf_counter() - started}), flush=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--run", action="store_true")
    return parser.parse_args()


def _tried(content: bytes, *, run: bool) -> dict[str, Any]:
    try:
        stage = "load"
        kind = DetectorFile if kind_of(content) == DETECTOR else ModelFile
        model = kind.from_bytes(content)
        stage = "run"
        if run:
            _run(model)
    except SdkError as error:
        return {"outcome": "refused", "stage": stage, "error": f"{type(error).__name__}: {error}"[:300]}
    except BaseException as error:
        return {"outcome": "foreign", "stage": stage, "error": f"{type(error).__name__}: {error}"[:300]}
    return {"outcome": "accepted", "stage": stage, "error": ""}


def _run(model: ModelFile | DetectorFile) -> None:
    size = model.input_size
    pixels = np.arange(size * size * 3, dtype=np.uint32).astype(np.uint8).reshape(size, size, 3)
    if isinstance(model, DetectorFile):
        FaceDetector(model)(pixels)
    else:
        whole = FixedDetector(BBox(0.2 * size, 0.2 * size, 0.8 * size, 0.8 * size))
        FaceAligner(model, detector=whole, max_disagreement=math.inf).predict(pixels)


if __name__ == "__main__":
    sys.exit(main())
