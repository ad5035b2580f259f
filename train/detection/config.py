"""Configuration of a detector's training."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdk.errors import InputError
from train.config import build_config, read_table


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """Everything that decides a detector's training, but for the data.

    Attributes:
        size: side of the training frames, pixels; a multiple of 32.
        width: channels at stride 8 and in the heads.
        large_size, large_every: every so manieth batch has frames of this size, fewer of them; 0: none.
        groups: how often an epoch shows a photo of two faces or more.
        decoys: share of views that show what a detector took for a face, where `label-faces --find` found any.
        any_roll: share of views that are turned by anything up to 180 degrees; the others by up to 65.
        far: share of frames that are mosaics of 6 x 6 or 8 x 8 photos, whose faces are small.
        cut: share of single views of a photo that ends at the face, or beside it.
        extra_share: of the photos beside those of the folder, packed sets and photos without a face, what an
            epoch shows; others in each.
        val_size: longer side that val photos are brought to, pixels.
    """

    size: int = 256
    width: int = 64
    large_size: int = 416
    large_every: int = 0
    groups: int = 1
    decoys: float = 0.0
    any_roll: float = 0.0
    far: float = 0.0
    cut: float = 0.0
    extra_share: float = 1.0
    val_size: int = 320
    epochs: int = 70
    batch: int = 32
    learning_rate: float = 3e-3
    warmup_epochs: int = 2
    weight_decay: float = 1e-4
    clip_norm: float = 10.0
    ema_momentum: float = 0.998
    evaluate_every: int = 5
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("size", "large_size", "val_size"):
            if getattr(self, name) < 64 or getattr(self, name) % 32:
                raise InputError(f"config {name}: expected a multiple of 32 from 64 on, got {getattr(self, name)}")
        if self.width < 8 or self.width % 8:
            raise InputError(f"config width: expected a multiple of 8, got {self.width}")
        for name in ("decoys", "any_roll", "far", "cut", "extra_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError(f"config {name}: expected a share, 0 to 1, got {getattr(self, name)}")
        if self.large_every < 0:
            raise InputError(f"config large_every: expected a count, got {self.large_every}")
        for name in ("epochs", "batch", "groups", "evaluate_every"):
            if getattr(self, name) < 1:
                raise InputError(f"config {name}: expected a positive number, got {getattr(self, name)}")

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def load_detector_config(path: Path | None, settings: list[str] | None = None) -> DetectorConfig:
    """Configuration from a TOML file, then `key=value` settings."""
    config: DetectorConfig = build_config(DetectorConfig, read_table(path, settings))
    return config
