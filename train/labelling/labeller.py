"""Networks that label a face together: each looks at several crops, as they are and mirrored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.geometry import Crop
from sdk.results import BBox
from sdk.schemes import LandmarkScheme, scheme_by_name
from train.batches import network_input
from train.eyes import eye_roll_deg
from train.labelling.ridge import OutsideTeacher
from train.trained import load_trained

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

ZOOMS = (0.95, 1.05)
"""Sides of the crops of the second look, relative to the network's own."""


class Labeller:
    """Networks of one landmark scheme that label faces together, and teachers of other kinds beside them."""

    def __init__(self, weights: Sequence[Path], outside: Sequence[OutsideTeacher] = ()) -> None:
        self.outside = tuple(outside)
        loaded = [load_trained(path) for path in weights]
        self._networks = [(network, config.size, config.margin) for network, config, _ in loaded]
        schemes = {str(note.get("scheme", "ibug68")) for _, _, note in loaded}
        if len(schemes) != 1:
            raise InputError(f"networks: expected one landmark scheme, got {', '.join(sorted(schemes)) or 'none'}")
        self.scheme: LandmarkScheme = scheme_by_name(schemes.pop())

    def __call__(self, image: UInt8, box: BBox) -> tuple[Float32, float]:
        """Landmarks (n, 2) in pixels of an (h, w, 3) uint8 BGR image, and their spread as `Limits` has it."""
        network, size, margin = self._networks[0]
        first = self._views(network, image, [Crop.around(box, size=size, margin=margin)])[0]
        views = np.concatenate([self._second(first, image, *entry) for entry in self._networks])
        mean = views.mean(axis=0)
        around = BBox.around(mean)
        distance = float(np.sqrt(((views - mean) ** 2).sum(axis=2).mean()))
        return mean, distance / math.sqrt(around.width * around.height)

    def _second(self, first: Float32, image: UInt8, network: Any, size: int, margin: float) -> Float32:
        crop = Crop.around_landmarks(first, size=size, margin=margin, angle_deg=eye_roll_deg(first, self.scheme))
        return self._views(network, image, [replace(crop, side=zoom * crop.side) for zoom in ZOOMS])

    def _views(self, network: Any, image: UInt8, crops: Sequence[Crop]) -> Float32:
        """Landmarks in the image, (crops, n, 2): each the mean of the crop as it is and of its mirror image."""
        pixels = np.stack([crop.extract(image) for crop in crops])
        both = network_input(np.concatenate([pixels, pixels[:, :, ::-1]]))
        found = np.asarray(network.predict_on_batch(both)[0]).reshape(len(both), -1, 2)
        there, back = found[: len(crops)], found[len(crops) :]
        mirrored = np.stack([self.scheme.mirror_landmarks(points) for points in back])
        return np.stack(
            [crop.to_image(points) for crop, points in zip(crops, (there + mirrored) / 2, strict=True)]
        )
