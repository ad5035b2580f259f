"""Batches of a detector's training: every random choice depends on seed, epoch and photo alone."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from train.ahead import Ahead
from train.batches import network_input
from train.detection.config import DetectorConfig
from train.detection.photos import Photo
from train.detection.targets import cell_targets
from train.detection.views import PhotoPyramid, training_frame

Float32 = npt.NDArray[np.float32]


class DetectorBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Frames (batch, size, size, 3) in [0, 1] and targets (batch, cells, 7). Set `epoch` before each epoch.

    Args:
        extra: photos of which an epoch shows a share, `config.extra_share`.
    """

    def __init__(self, photos: Sequence[Photo], config: DetectorConfig, *, extra: Sequence[Photo] = ()) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        if len(photos) < config.batch:
            raise InputError(f"data: expected at least a batch ({config.batch}) of photos, got {len(photos)}")
        self.epoch = 0
        self._config = config
        self._pyramids = [PhotoPyramid(photo) for photo in (*photos, *extra)]
        self._shown = [n for n, p in enumerate(photos) for _ in range(config.groups if len(p.boxes) > 1 else 1)]
        self._extra = np.arange(len(photos), len(self._pyramids))
        self._extra_shown = round(config.extra_share * len(extra))
        self._ahead = Ahead(self._made)

    def __len__(self) -> int:
        return (len(self._shown) + self._extra_shown) // self._config.batch

    def __getitem__(self, index: int) -> tuple[Float32, Float32]:
        return self._ahead(self.epoch, index, len(self))

    def frames(self, index: int) -> Float32:
        """The frames of a batch of this epoch, without their targets."""
        return self._made(self.epoch, index)[0]

    def _made(self, epoch: int, index: int) -> tuple[Float32, Float32]:
        config = self._config
        size, count = self._shape(index)
        draw = np.random.default_rng((config.seed, epoch))
        order = draw.permutation(len(self._shown) + self._extra_shown)
        shown = [*self._shown, *draw.permutation(self._extra)[: self._extra_shown].tolist()]
        frames, targets = [], []
        for number in order[index * config.batch :][:count]:
            rng = np.random.default_rng((config.seed, epoch, int(number)))
            frame, faces = training_frame(self._pyramids, shown[number], rng, size=size, shares=config)
            frames.append(frame)
            targets.append(cell_targets(faces, size=size))
        return network_input(np.stack(frames)), np.stack(targets)

    def _shape(self, index: int) -> tuple[int, int]:
        """Side and number of a batch's frames: large ones hold as many pixels in all."""
        config = self._config
        if not config.large_every or index % config.large_every:
            return config.size, config.batch
        return config.large_size, max(1, round(config.batch * (config.size / config.large_size) ** 2))
