"""The two teachers of knowledge distillation at work: their predictions for each augmented batch."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from sdk.errors import InputError
from train.batches import Float32
from train.config import TrainConfig
from train.losses import pack_teachers
from train.trained import load_trained


class TeacherPair:
    """From images and true landmarks (batch, 2n) to the truth of `KdLoss`, (batch, 3, 2n).

    Raises:
        CheckpointError: a teacher's file cannot be read.
        InputError: a teacher has another number of landmarks, input size or margin than the student.
    """

    def __init__(self, config: TrainConfig, n_points: int) -> None:
        paths = (config.teachers.tough, config.teachers.tolerant)
        self._tough, self._tolerant = (_teacher(Path(path), config, n_points) for path in paths)
        self._lock = Lock()

    def __call__(self, images: Float32, landmarks: Float32) -> Float32:
        with self._lock:  # Keras builds a predict function when first asked, and not for two threads at once
            tough, tolerant = (np.asarray(t.predict_on_batch(images)[0]) for t in (self._tough, self._tolerant))
        return pack_teachers(landmarks, tough, tolerant)


def _teacher(path: Path, config: TrainConfig, n_points: int) -> Any:
    network, own, _ = load_trained(path)
    got = (network.output_shape[0][-1] // 2, own.size, own.margin)
    expected = (n_points, config.size, config.margin)
    if got != expected:
        raise InputError(
            f"teacher {path}: expected landmarks, size and margin {expected} as the student, got {got}"
        )
    return network
