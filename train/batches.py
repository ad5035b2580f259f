"""Batches for Keras: every random choice depends on seed, epoch and face alone, so a resumed run sees the
same data as one that was never stopped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from sdk.pose import POSE_UNIT_DEG
from sdk.results import HeadPose
from sdk.schemes import IBUG68, LandmarkScheme
from sdk.shape_model import ShapeModel
from train.augment import augmented, jittered_crop
from train.config import TrainConfig
from train.datasets import Sample
from train.pose_labels import pose_from_landmarks

Float32 = npt.NDArray[np.float32]


def network_input(crops_bgr: npt.NDArray[np.uint8]) -> Float32:
    """Crops (..., 3) uint8 BGR as the networks take them: RGB in [0, 1]."""
    return crops_bgr[..., ::-1].astype(np.float32) / 255.0


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Augmented batches of an epoch. Set `epoch` before each; the last, smaller batch is dropped.

    Images are decoded once and kept: about 0.25 MB a face.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        shape_model: ShapeModel,
        config: TrainConfig,
        *,
        scheme: LandmarkScheme = IBUG68,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self.epoch = 0
        self._config, self._scheme = config, scheme
        self._images = [sample.read_image() for sample in samples]
        self._landmarks = [sample.landmarks for sample in samples]
        self._poses = [pose_from_landmarks(points, shape_model) for points in self._landmarks]
        self._batch = min(config.batch, len(samples))

    def __len__(self) -> int:
        return len(self._images) // self._batch

    def __getitem__(self, index: int) -> tuple[Float32, tuple[Float32, Float32]]:
        order = np.random.default_rng((self._config.seed, self.epoch)).permutation(len(self._images))
        chosen = order[index * self._batch : (index + 1) * self._batch]
        views = [self._view(int(i)) for i in chosen]
        images = np.stack([v[0] for v in views])
        landmarks = np.stack([v[1].ravel() for v in views])
        poses = np.stack([_pose_vector(v[2]) for v in views])
        return network_input(images), (landmarks, poses)

    def _view(self, i: int) -> tuple[npt.NDArray[np.uint8], Float32, HeadPose]:
        rng = np.random.default_rng((self._config.seed, self.epoch, i))
        return augmented(
            self._images[i],
            self._landmarks[i],
            self._poses[i],
            rng,
            config=self._config.augment,
            size=self._config.size,
            margin=self._config.margin,
            scheme=self._scheme,
        )


def _pose_vector(pose: HeadPose) -> Float32:
    return np.array([pose.yaw_deg, pose.pitch_deg, pose.roll_deg], np.float32) / POSE_UNIT_DEG


def jittered_crops(
    samples: Sequence[Sample], *, size: int, margin: float, seed: int = 0
) -> tuple[npt.NDArray[np.uint8], Float32]:
    """Crops (faces, size, size, 3) uint8 BGR and the true landmarks (faces, n, 2) in crop coordinates.

    The box of each face is moved and scaled by up to ±10 %, by draws that depend on seed and index alone.
    """
    crops, truths = [], []
    for i, sample in enumerate(samples):
        rng = np.random.default_rng((seed, i))
        crop = jittered_crop(sample.landmarks, rng, size=size, margin=margin, scale=(0.9, 1.1), shift=0.1)
        crops.append(crop.extract(sample.read_image()))
        truths.append(crop.to_crop(sample.landmarks))
    return np.stack(crops), np.stack(truths)


def predict_landmarks(model: Any, inputs: Float32, *, batch: int = 64) -> Float32:
    """Landmarks (faces, n, 2) in crop coordinates."""
    flat = np.asarray(model.predict(inputs, batch_size=batch, verbose=0)[0])
    return flat.reshape(len(flat), -1, 2)
