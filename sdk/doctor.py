"""asmnet doctor: what is installed here, and does it work."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from sdk import opencv
from sdk.aligner import FaceAligner
from sdk.face_detector import FaceDetector
from sdk.interpreter import TfliteInterpreter
from sdk.model_file import ModelFile
from sdk.results import CONFIDENT


def add_parser(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "doctor",
        help="what is installed here, and a timed self-test",
        description="Print versions and interpreter, and time the shipped model: paste it into bug reports.",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the report; errors of the interpreter are raised as they come."""
    for name, value in report():
        print(f"{name:22s} {value}")
    return 0


def report() -> Iterator[tuple[str, str]]:
    """(what, value) pairs, the timed self-test last."""
    opencv.check()
    import cv2

    from sdk import __version__

    yield "asmnet-edge", __version__
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield "processors", str(os.cpu_count())
    yield "threads", f"interpreter 1 unless num_threads says more, OpenCV {cv2.getNumThreads()}"
    yield "processor features", cv2.getCPUFeaturesLine().strip() or "unknown"
    yield "numpy", np.__version__
    yield "opencv", f"{cv2.__version__}, cascades {'yes' if hasattr(cv2, 'CascadeClassifier') else 'no'}"
    yield "opencv packages", opencv.described(opencv.installed())
    model = ModelFile.default()
    interpreter = TfliteInterpreter(model)
    yield "interpreter", interpreter.backend
    confident = model.head is not None and model.head.confidence_kernel is not None
    yield "model", f"{model.name}, {model.input_size} px, recipe {model.metadata.get('recipe')}"
    errors = model.head is not None and model.head.errors_kernel is not None
    yield "point errors", "each landmark has one" if errors else "the model gives none"
    yield "confidence", f"faces below {CONFIDENT:g} are not to be trusted" if confident else "the model gives none"
    crop = np.zeros((model.input_size, model.input_size, 3), np.uint8)
    yield "network, 1 thread", _timed(lambda: interpreter.run(crop))
    detector = FaceDetector()
    found = detector.model
    yield "detector", f"{found.name}, {found.input_size} px, recipe {found.metadata.get('recipe')}"
    frame = np.zeros((480, 640, 3), np.uint8)
    yield "detect, 640 x 480", _timed(lambda: detector(frame))
    aligner = FaceAligner(model, detector=detector)
    yield "align, 640 x 480", _timed(lambda: aligner.align(frame, (200.0, 100.0, 440.0, 340.0)))


def _timed(call: Any, *, repeats: int = 30) -> str:
    times = []
    for _ in range(repeats + 3):
        started = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - started))
    kept = sorted(times[3:])
    return f"median {statistics.median(kept):.2f} ms, best {kept[0]:.2f}, worst {kept[-1]:.2f} of {repeats}"
