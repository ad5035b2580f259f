"""How much landmarks and angles tremble on a still face: the camera's noise alone changes from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convert.faces import Face
from convert.looks import look
from sdk.interpreter import Interpreter
from sdk.model_file import ModelFile
from train.jitter import NOISE, jitter_percent

Float64 = npt.NDArray[np.float64]

FRAMES = 20


@dataclass(frozen=True, slots=True)
class Jitter:
    """Frame to frame: standard deviation of the points in per cent of the outer-eye distance, of angles in
    degrees; means over points, angles and faces."""

    landmarks_percent: float
    pose_deg: float


def jitter(
    model: ModelFile, interpreter: Interpreter, faces: Sequence[Face], *, noise: float = NOISE, seed: int = 0
) -> Jitter:
    """Jitter in a fixed box; the noise of face i depends on seed and i alone."""
    points, angles = jitter_of_faces(model, interpreter, faces, noise=noise, seed=seed)
    return Jitter(float(points.mean()), float(angles.mean()))


def jitter_of_faces(
    model: ModelFile, interpreter: Interpreter, faces: Sequence[Face], *, noise: float = NOISE, seed: int = 0
) -> tuple[Float64, Float64]:
    """`jitter` of each face by itself: landmarks (faces,) and angles (faces,)."""
    points, angles = [], []
    for i, face in enumerate(faces):
        looks = look(model, interpreter, noisy(face, np.random.default_rng((seed, i)), noise=noise))
        points.append(jitter_percent(looks.landmarks[np.newaxis], scheme=model.scheme))
        angles.append(looks.pose_deg.std(axis=0).mean())
    return np.array(points, np.float64), np.array(angles, np.float64)


def noisy(face: Face, rng: np.random.Generator, *, noise: float, frames: int = FRAMES) -> list[Face]:
    """Frames of a still face, with Gaussian noise of their own."""
    found = []
    for _ in range(frames):
        values = face.image + rng.normal(0.0, noise, face.image.shape)
        found.append(Face(np.clip(np.rint(values), 0, 255).astype(np.uint8), face.box))
    return found
