"""Fakes and toys for tests, of this project and of yours: no model, camera or real face is needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sdk.geometry import Similarity
from sdk.model_file import ModelFile
from sdk.results import BBox, Detection
from sdk.schemes import IBUG68
from sdk.shape_model import ShapeModel

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]


class FakeInterpreter:
    """Answers every crop with the same landmarks (n, 2) in crop coordinates and pose output (3,).

    `crops` keeps what it was given.
    """

    def __init__(self, landmarks: Float32, pose: Sequence[float] = (0.0, 0.0, 0.0)) -> None:
        self._landmarks = np.asarray(landmarks, np.float32)
        self._pose = np.asarray(pose, np.float32)
        self.crops: list[UInt8] = []

    def run(self, crop: UInt8, /) -> tuple[Float32, Float32]:
        self.crops.append(crop)
        return self._landmarks.copy(), self._pose.copy()


class FixedDetector:
    """Finds the same boxes in every frame; the first one is the best."""

    reads_only = True

    def __init__(self, *boxes: BBox) -> None:
        self._boxes = boxes

    def __call__(self, image: UInt8, /) -> list[Detection]:
        return [Detection(box, 1.0 / (i + 1.0)) for i, box in enumerate(self._boxes)]


def toy_shape_model(*, n_modes: int = 4, seed: int = 0) -> ShapeModel:
    """A small shape model: the shipped model's mean face with random modes."""
    mean = ModelFile.default().shape_model
    rng = np.random.default_rng(seed)
    modes = np.linalg.qr(rng.normal(size=(2 * mean.n_points, n_modes)))[0].T
    return ShapeModel(
        mean=mean.mean,
        eigenvectors=modes.astype(np.float32),
        eigenvalues=(1.0 / np.arange(1, n_modes + 1)).astype(np.float32),
        residual_moments=np.array([0.5, 0.01], np.float32),
        mean_3d=mean.mean_3d,
    )


def rendered_face(
    rng: np.random.Generator, *, size: int = 192, shape_model: ShapeModel | None = None, noise: float = 3.0
) -> tuple[UInt8, Float32]:
    """A drawn face that needs no licence: (size, size, 3) uint8 BGR and its landmarks (68, 2) in pixels.

    The shape is drawn from the shape model, its place, size, roll and colours at random.

    Args:
        noise: standard deviation of what is added to each pixel, grey levels.
    """
    import cv2

    model = shape_model or ModelFile.default().shape_model
    b = np.clip(rng.normal(size=model.n_modes), -2, 2) * 0.7 * np.sqrt(model.eigenvalues)
    turn = np.exp(1j * np.radians(rng.uniform(-20, 20)))
    scale = size * rng.uniform(0.15, 0.19)
    middle = size * (0.5 + 0.5j) + size * complex(*rng.uniform(-0.05, 0.05, 2))
    landmarks = Similarity(complex(scale * turn), middle).apply(model.reconstruct(b))
    background, skin, dark = (tuple(int(v) for v in rng.integers(*r, 3)) for r in ((0, 90), (120, 230), (10, 90)))
    image = np.full((size, size, 3), background, np.uint8)
    outline = np.vstack([landmarks[:17], landmarks[[24, 19]] - (landmarks[8] - landmarks[27]) * 0.45])
    cv2.fillPoly(image, [_fixed(outline)], skin, cv2.LINE_AA, 3)
    for name, indices in IBUG68.groups.items():
        line = _fixed(landmarks[list(indices)])
        if "eye" in name or "lips" in name:
            cv2.fillPoly(image, [line], dark if "inner" in name else (235, 235, 245), cv2.LINE_AA, 3)
        cv2.polylines(image, [line], "eye" in name or "lips" in name, dark, max(1, size // 96), cv2.LINE_AA, 3)
    return np.clip(image + rng.normal(0, noise, image.shape), 0, 255).astype(np.uint8), landmarks.astype(
        np.float32
    )


def _fixed(points: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Points as OpenCV's fixed-point coordinates with three fractional bits."""
    return np.asarray(np.rint(np.asarray(points) * 8), np.int32)
