"""Points of another markup as landmarks of a scheme, by ridge regression.

Both are put into the frame of the other markup's points: their mean at the origin, their RMS distance from it one.
Source: Hoerl and Kennard, "Ridge Regression", Technometrics 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.geometry import to_complex, to_points
from train.checkpoint import read_arrays, write_arrays
from train.datasets import Sample

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Frames = tuple[npt.NDArray[np.complex128], npt.NDArray[np.complex128]]


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    """A linear map from m points to n landmarks, both in the frame of the m points.

    Attributes:
        source_mean: (2m,). target_mean: (2n,). weights: (2m, 2n).
        line: indices of two points whose line is turned to the x axis first; None leaves faces as they lie.
    """

    source_mean: Float64
    target_mean: Float64
    weights: Float64
    line: tuple[int, int] | None = None

    @classmethod
    def fit(
        cls, points: Float32, landmarks: Float32, *, strength: float = 0.1, line: tuple[int, int] | None = None
    ) -> Ridge:
        """From points (faces, m, 2) to landmarks (faces, n, 2) of the same faces, in the same pixels.

        Raises:
            InputError: fewer than two faces, or the numbers of faces differ.
        """
        if len(points) != len(landmarks) or len(points) < 2:
            raise InputError(f"ridge: expected two faces or more, got {len(points)} and {len(landmarks)}")
        frames = _frames(points, line)
        x, y = _into(points, frames), _into(landmarks, frames)
        mu, my = x.mean(axis=0), y.mean(axis=0)
        x = x - mu
        gram = x.T @ x + strength * np.eye(x.shape[1])
        return cls(mu, my, np.linalg.solve(gram, x.T @ (y - my)), line)

    def __call__(self, points: Float32) -> Float32:
        """Landmarks (faces, n, 2) of points (faces, m, 2)."""
        frames = _frames(points, self.line)
        flat = (_into(points, frames) - self.source_mean) @ self.weights + self.target_mean
        centre, unit = frames
        z = to_complex(flat.reshape(len(points), -1, 2)) * unit[:, None] + centre[:, None]
        return to_points(z).astype(np.float32)

    def save(self, path: Path, *, data: str) -> None:
        """Write an npz of float32 arrays and a note that names the set it was fitted to."""
        arrays = {"source_mean": self.source_mean, "target_mean": self.target_mean, "weights": self.weights}
        note = {"line": self.line, "data": data}
        write_arrays(path, {name: value.astype(np.float32) for name, value in arrays.items()}, note)

    @classmethod
    def load(cls, path: Path) -> Ridge:
        """What `save` wrote.

        Raises:
            CheckpointError: the file is missing or damaged. InputError: it holds something else.
        """
        arrays, note = read_arrays(path)
        names = ("source_mean", "target_mean", "weights")
        if any(name not in arrays for name in names) or "line" not in note:
            raise InputError(f"{path}: expected what python -m train fit-outside wrote")
        source, target, weights = (np.asarray(arrays[name], np.float64) for name in names)
        if weights.shape != (len(source), len(target)):
            raise InputError(f"{path}: expected weights {len(source), len(target)}, got {weights.shape}")
        line = note["line"]
        return cls(source, target, weights, None if line is None else (int(line[0]), int(line[1])))


@dataclass(frozen=True, slots=True, eq=False)
class OutsideTeacher:
    """Landmarks of faces on which another network found points.

    Attributes:
        points: (m, 2) float32 by the file's name below the packed set, pixels of the stored crop.
        ridge: from m points to landmarks.
    """

    points: Mapping[str, Float32]
    ridge: Ridge

    @classmethod
    def read(cls, path: Path, ridge: Ridge) -> OutsideTeacher:
        """Of the npz that train/labelling/face_mesh.py wrote."""
        points = read_points(path)
        count = len(ridge.source_mean) // 2
        if odd := next((name for name, p in points.items() if p.shape != (count, 2)), None):
            raise InputError(f"{path}: expected {count} points for this ridge, {odd} has {len(points[odd])}")
        return cls(points, ridge)

    def __call__(self, face: Sample) -> Float32 | None:
        """Landmarks (n, 2) in pixels of the face's image; None where the other network found nothing."""
        found = self.points.get(file_of(face))
        return None if found is None else self.ridge(found[None])[0]


def file_of(face: Sample) -> str:
    """The face's file below its packed set, images/NAME."""
    return f"{face.path.parent.name}/{face.path.name}"


def crossed(
    points: Float32,
    landmarks: Float32,
    *,
    folds: int = 10,
    strength: float = 0.1,
    line: tuple[int, int] | None = None,
) -> Float32:
    """Landmarks of points (faces, m, 2) by ridges fitted to the other folds, never to the face itself."""
    found = np.empty_like(landmarks)
    fold = np.arange(len(points)) % folds
    for k in range(folds):
        ridge = Ridge.fit(points[fold != k], landmarks[fold != k], strength=strength, line=line)
        found[fold == k] = ridge(points[fold == k])
    return found


def _frames(points: Float32, line: tuple[int, int] | None) -> Frames:
    z = to_complex(points)
    centre = z.mean(axis=1)
    unit = np.sqrt((np.abs(z - centre[:, None]) ** 2).mean(axis=1)).astype(np.complex128)
    if line is not None:
        along = z[:, line[1]] - z[:, line[0]]
        unit = unit * along / np.abs(along)
    return centre, unit


def _into(points: Float32, frames: Frames) -> Float64:
    """Points (faces, k, 2) in the frames, flat (faces, 2k)."""
    centre, unit = frames
    z = (to_complex(points) - centre[:, None]) / unit[:, None]
    return to_points(z).reshape(len(z), -1)


MESH_LINE = (33, 263)
"""Outer eye corners of MediaPipe's Face Mesh."""


def read_points(path: Path) -> Mapping[str, Float32]:
    """Points (m, 2) by the file of a packed set, of what face_mesh.py wrote; faces not found are left out.

    Raises:
        InputError: the file is missing or holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            files, points = archive["files"], archive["points"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: expected an npz with files and points, got: {error}") from error
    return {str(name): p for name, p in zip(files, points, strict=True) if np.isfinite(p).all()}
