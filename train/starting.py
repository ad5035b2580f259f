"""What `fit` trains when its configuration or its weights are not named: the choices for photos of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from train.config import TrainConfig, load_config
from train.shipped import RANDOM, SHIPPED, fits_shipped, shipped_weights

OWN_PHOTOS = "own_photos.toml"


@dataclass(frozen=True, slots=True)
class Start:
    """A configuration, the weights to start from (None: random ones), and whether heads may start anew."""

    config: TrainConfig
    weights: Path | None
    new_heads: bool


def chosen(
    config: Path | None, settings: list[str] | None, weights: Path | None, *, photos: bool, new_heads: bool
) -> Start:
    """The start of a run.

    A folder of photos and .pts files (`photos`) without a configuration is trained by own_photos.toml from the
    shipped weights, unless the settings ask for another network than theirs.

    Args:
        weights: a file, or SHIPPED or RANDOM; None for the choice above.
    """
    found = load_config(config, settings)
    word = str(weights or RANDOM)
    if photos and config is None:
        own = load_config(Path(str(resources.files("train.recipes") / OWN_PHOTOS)), settings)
        if fits_shipped(own):
            found, word = own, str(weights or SHIPPED)
    if word == SHIPPED:  # of 68 points: other schemes have other heads
        return Start(found, shipped_weights(), new_heads=True)
    return Start(found, None if word == RANDOM else weights, new_heads)
