"""Batches for Keras: every random choice depends on seed, epoch and face alone, so a resumed run sees the
same data as one that was never stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.pose import POSE_UNIT_DEG
from sdk.pose_fit import pose_from_landmarks
from sdk.results import HeadPose
from sdk.schemes import IBUG68, LandmarkScheme
from sdk.shape_model import ShapeModel
from train.ahead import Ahead
from train.augment import augmented, jittered_crop
from train.balance import shown_indices
from train.config import TrainConfig
from train.datasets import Sample
from train.difficulty import difficulty, drawn_faces
from train.makers import forked
from train.turning import HeadTurner

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]


def network_input(crops_bgr: UInt8) -> Float32:
    """Crops (..., 3) uint8 BGR as the networks take them: RGB in [0, 1]."""
    return crops_bgr[..., ::-1].astype(np.float32) / 255.0


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Augmented batches of an epoch. Set `epoch` before each; the last, smaller batch is dropped.

    Images are decoded once and kept: about 0.25 MB a face. Batches are made ahead, in the background.

    Args:
        share: (i, n) for the i-th of n processes that train together: the batches hold its part of the faces.
        label: from images and landmarks (batch, 2n) to what the landmark loss takes as truth.
        extra: faces of which each epoch shows `extra_share` times as many as there are samples, drawn anew.
        makers: processes that make the views, forked here; 0 for threads of this one, which share one processor
            for most of the work.
    Raises:
        InputError: a batch cannot be shared by n processes; extra faces without a share, or a share of none;
            weights of points beside a `label`; turned views of another scheme than ibug68.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        shape_model: ShapeModel,
        config: TrainConfig,
        *,
        scheme: LandmarkScheme = IBUG68,
        share: tuple[int, int] = (0, 1),
        label: Callable[[Float32, Float32], Float32] | None = None,
        extra: Sequence[Sample] = (),
        makers: int = 0,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.epoch = 0
        self._config, self._scheme, self._label = config, scheme, label
        everyone = [*samples, *extra]
        self._images = [sample.read_image() for sample in everyone]
        self._landmarks = [sample.landmarks for sample in everyone]
        self._weights = _point_weights(everyone)
        if label is not None and self._weights is not None:
            raise InputError("teachers: expected faces whose points all count alike, got point_weights in a set")
        self._poses = [pose_label(sample, shape_model, scheme) for sample in everyone]
        self._turner = HeadTurner(shape_model) if config.augment.turn else None
        faces = np.stack(self._landmarks[: len(samples)])
        self._shown = shown_indices(faces, shape_model, bins=config.balance_bins, scheme=scheme)
        self._extra = np.arange(len(samples), len(everyone))
        self._hardness = 1.0 + config.sampling.hard * self._difficulty()
        self._n_extra = _extra_faces(config.extra_share, len(samples), len(extra))
        self._batch = min(config.batch, len(self._shown))
        self._rows = _part(self._batch, *share)
        self._ahead = Ahead(lambda epoch, index: self._made(epoch, index, self._rows))
        self._whole = Ahead(lambda epoch, index: network_input(self._views(epoch, index, slice(None))[0]))
        self._views = forked(self._views_here, makers) if makers else self._views_here

    def __len__(self) -> int:
        return (len(self._shown) + self._n_extra) // self._batch

    def __getitem__(self, index: int) -> tuple[Float32, tuple[Float32, ...]]:
        return self._ahead(self.epoch, index, len(self))

    def whole(self, count: int) -> Iterator[Float32]:
        """Images of the first batches of this epoch, those of the other processes too; made ahead as well."""
        return (self._whole(self.epoch, index, count) for index in range(count))

    def _made(self, epoch: int, index: int, rows: slice) -> tuple[Float32, tuple[Float32, ...]]:
        crops, landmarks, poses = self._views(epoch, index, rows)
        images = network_input(crops)
        truth = landmarks if self._label is None else self._label(images, landmarks)
        return images, (truth, poses, landmarks)[: len(self._config.tasks)]

    def _views_here(self, epoch: int, index: int, rows: slice) -> tuple[UInt8, Float32, Float32]:
        faces = self._faces(epoch)
        order = np.random.default_rng((self._config.seed, epoch)).permutation(len(faces))
        chosen = order[index * self._batch : (index + 1) * self._batch][rows]
        views = [self._view(epoch, int(place), int(faces[place])) for place in chosen]
        landmarks = np.stack([v[1].ravel() for v in views])
        poses = np.stack([_pose_vector(v[2]) for v in views])
        if self._weights is not None:
            order = (slice(None), list(self._scheme.mirror))  # a mirrored view has its partners' weights
            weights = np.stack(
                [self._weights[int(faces[p])][order[v[3]]] for p, v in zip(chosen, views, strict=True)]
            )
            landmarks = np.concatenate([landmarks, weights], axis=1)
        return np.stack([v[0] for v in views]), landmarks, poses

    def _view(self, epoch: int, place: int, i: int) -> tuple[UInt8, Float32, HeadPose, bool]:
        rng = np.random.default_rng((self._config.seed, epoch, place))
        return augmented(
            self._images[i],
            self._landmarks[i],
            self._poses[i],
            rng,
            config=self._config.augment,
            size=self._config.size,
            margin=self._config.margin,
            scheme=self._scheme,
            turner=self._turner,
        )

    def _difficulty(self) -> npt.NDArray[np.float64]:
        agreement = np.ones(len(self._poses)) if self._weights is None else self._weights.mean(axis=1)
        return difficulty([pose.yaw_deg for pose in self._poses], agreement)

    def _faces(self, epoch: int) -> npt.NDArray[np.int64]:
        """The faces of an epoch: the samples first, then its part of the extra faces, each of which comes once
        before any comes again; or both drawn anew, hard ones more often."""
        if self._config.sampling.hard:
            rng = np.random.default_rng((self._config.seed, epoch, len(self._hardness)))
            parts = ((self._shown, len(self._shown)), (self._extra, self._n_extra))
            return np.concatenate([drawn_faces(f, self._hardness[f], n, rng) for f, n in parts if n])
        if not self._n_extra:
            return self._shown
        first, count = epoch * self._n_extra, len(self._extra)
        turns = range(first // count, (first + self._n_extra - 1) // count + 1)
        drawn = [np.random.default_rng((self._config.seed, turn)).permutation(self._extra) for turn in turns]
        start = first - turns[0] * count
        return np.concatenate([self._shown, np.concatenate(drawn)[start : start + self._n_extra]])


def _point_weights(samples: Sequence[Sample]) -> Float32 | None:
    """(faces, n) where any sample has weights, 1 for those that have none; else None."""
    if all(sample.point_weights is None for sample in samples):
        return None
    ones = np.ones(len(samples[0].landmarks), np.float32)
    return np.stack([ones if s.point_weights is None else s.point_weights for s in samples])


def pose_label(sample: Sample, shape_model: ShapeModel, scheme: LandmarkScheme) -> HeadPose:
    """The pose that a network learns: angles that were measured, where the set has them; the others fitted."""
    fitted = pose_from_landmarks(sample.landmarks, shape_model, scheme=scheme)
    angles = (fitted.yaw_deg, fitted.pitch_deg, fitted.roll_deg)
    known = np.isfinite(sample.pose_deg)
    return HeadPose(*(float(v) for v in np.where(known, sample.pose_deg, angles)))


def _extra_faces(share: float, samples: int, extra: int) -> int:
    if bool(share) != bool(extra):
        raise InputError(
            f"extra faces: expected them together with a share, got {extra} faces and extra_share = {share:g}; "
            "give --extra SET and --set extra_share=1"
        )
    return round(share * samples)


def _part(batch: int, rank: int, count: int) -> slice:
    if batch % count:
        raise InputError(f"batch: expected a multiple of the {count} workers, got {batch} faces")
    return slice(rank * batch // count, (rank + 1) * batch // count)


def _pose_vector(pose: HeadPose) -> Float32:
    return np.array([pose.yaw_deg, pose.pitch_deg, pose.roll_deg], np.float32) / POSE_UNIT_DEG


def jittered_crops(samples: Sequence[Sample], *, size: int, margin: float, seed: int = 0) -> tuple[UInt8, Float32]:
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
