"""Trained detectors, read from best.npz."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from train.checkpoint import CheckpointError, read_arrays, set_weights
from train.detection.config import DetectorConfig
from train.detection.network import face_detector


def load_detector(path: Path, *, size: int | None = None) -> tuple[Any, dict[str, Any]]:
    """The network of a best.npz for frames of `size` pixels (None: any), and the file's note.

    Raises:
        CheckpointError: the file is missing, damaged or not of a detector.
    """
    weights, note = read_arrays(path)
    if "average_precision" not in note:
        raise CheckpointError(f"{path}: expected a best.npz of python -m train fit-detector; is it of an aligner?")
    config = DetectorConfig(**note["config"])
    network = face_detector(keras, size=size, width=config.width)
    set_weights(network, weights)
    return network, note
