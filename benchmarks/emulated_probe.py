"""What `emulated` runs on an emulated processor: -m benchmarks.emulated_probe network | track FILE CALLS."""

from __future__ import annotations

import sys
from pathlib import Path


def network(file: str, calls: int) -> None:
    """Run a flatbuffer on noise."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=Path(file).read_bytes(), num_threads=1)
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    noise = np.random.default_rng(0).integers(0, 256, detail["shape"])
    interpreter.set_tensor(detail["index"], noise.astype(detail["dtype"]))
    for _ in range(calls):
        interpreter.invoke()


def track(file: str, calls: int) -> None:
    """Follow a drawn face through equal frames with a model file; the first is looked at twice more."""
    import numpy as np

    from benchmarks.stages import frame_with_face
    from sdk import FaceAligner, FaceTracker
    from sdk.testing import FixedDetector

    frame, box = frame_with_face()
    aligner = FaceAligner(Path(file), detector=FixedDetector(box), max_disagreement=np.inf)
    tracker = FaceTracker(aligner, detect_every=10**9)
    for _ in range(calls):
        tracker.update(frame)


if __name__ == "__main__":
    {"network": network, "track": track}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
