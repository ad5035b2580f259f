"""The steps of `predict` and of a tracked frame, each as a call that can be timed alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sdk import BBox, FaceAligner, FaceTracker
from sdk.aligner import decoded
from sdk.detector import default_detector
from sdk.geometry import Crop
from sdk.interpreter import TfliteInterpreter
from sdk.testing import FixedDetector, rendered_face

UInt8 = npt.NDArray[np.uint8]

STAGES = {
    "network": "the interpreter on a ready crop",
    "detect": "the default detector on the frame",
    "crop": "cutting the face out and turning its colours",
    "decode": "landmarks to the frame, pose, shape parameters, plausibility",
    "align": "crop, network and decoding from a known box",
    "track": "one tracked frame: align from the last landmarks, smoothing; no detection",
    "predict": "detection, then align twice",
}
"""What is timed, and what it is; all on a 640 x 480 frame with one face."""


def frame_with_face(*, seed: int = 0) -> tuple[UInt8, BBox]:
    """A 640 x 480 frame with one drawn face about 150 pixels wide, and its box."""
    face, landmarks = rendered_face(np.random.default_rng(seed), size=400)
    frame = np.full((480, 640, 3), 60, np.uint8)
    frame[40:440, 120:520] = face
    return frame, BBox.around(landmarks + np.float32([120, 40]))


def stages(aligner: FaceAligner, threads: int) -> dict[str, Callable[[], object]]:
    """A call for each of STAGES."""
    frame, box = frame_with_face()
    model = aligner.model
    crop = Crop.around(box, size=model.input_size, margin=model.margin)
    pixels = crop.extract(frame, swapped=True)
    network = TfliteInterpreter(model, num_threads=threads)
    points, pose = network.run(pixels)

    return {
        "network": lambda: network.run(pixels),
        "detect": _detect(frame),
        "crop": lambda: crop.extract(frame, swapped=True),
        "decode": lambda: decoded(model, crop, points, pose),
        "align": lambda: aligner.align(frame, box),
        "track": _track(aligner, frame, box),
        "predict": lambda: aligner.predict(frame),
    }


def _detect(frame: UInt8) -> Callable[[], object]:
    detector = default_detector()
    return lambda: detector(frame)


def _track(aligner: FaceAligner, frame: UInt8, box: BBox) -> Callable[[], object]:
    fixed = FaceAligner(
        aligner.model, detector=FixedDetector(box), interpreter=aligner.interpreter, max_disagreement=np.inf
    )
    tracker = FaceTracker(fixed, detect_every=10**9)
    return lambda: tracker.update(frame)
