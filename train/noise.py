"""A camera's noise on a network's pictures, and what it does to the answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from sdk.metrics import nme_interocular
from sdk.schemes import LandmarkScheme
from train.batches import network_input, predict_landmarks
from train.jitter import NOISE, jitter_percent

Float32 = npt.NDArray[np.float32]

VAL = ("val_nme", "val_jitter")
"""What `Measure` gives."""


def with_noise(images: Any, deviation: float, *, step: Any) -> Any:
    """Images in [0, 1] with Gaussian noise of so many grey levels; that of a step is always the same."""
    noise = tf.random.stateless_normal(tf.shape(images), seed=tf.stack([tf.cast(step, tf.int64), 0]))
    return tf.clip_by_value(images + deviation / 255.0 * noise, 0.0, 1.0)


class Measure:
    """NME of a network on crops (faces, size, size, 3) BGR with landmarks (faces, n, 2), and jitter over FRAMES
    frames of STILL of the faces, both in per cent of the outer-eye distance."""

    STILL, FRAMES = 20, 10

    def __init__(self, crops: npt.NDArray[np.uint8], truth: Float32, scheme: LandmarkScheme) -> None:
        self._inputs, self._truth, self._scheme = network_input(crops), truth, scheme
        step = max(1, len(crops) // self.STILL)
        still = np.repeat(self._inputs[::step], self.FRAMES, axis=0)
        noise = np.random.default_rng(0).normal(0.0, NOISE / 255.0, still.shape)
        self._noisy = np.clip(still + noise, 0.0, 1.0).astype(np.float32)

    def __call__(self, network: Any) -> dict[str, float]:
        nme = nme_interocular(self._truth, predict_landmarks(network, self._inputs), scheme=self._scheme)
        frames = predict_landmarks(network, self._noisy)
        frames = frames.reshape(-1, self.FRAMES, *frames.shape[1:])
        return dict(zip(VAL, (float(nme.mean()), jitter_percent(frames, scheme=self._scheme)), strict=True))
