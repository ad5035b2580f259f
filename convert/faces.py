"""Faces to compare models on: of a packed set, or such as need no licence."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from sdk.results import BBox
from sdk.testing import rendered_face
from train.datasets import read_packed
from train.datasets.packed import Split
from train.evaluation.boxes import jittered_box

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

PORTRAITS = (
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", BBox(176.0, 160.0, 353.0, 337.0)),
    ("skimage", "data/astronaut.png", BBox(178.0, 89.0, 270.0, 179.0)),
)
"""Public-domain photos (US Navy, NASA) by the package that carries them, and the box of the face's landmarks."""

LOOKS = 5
"""Boxes that each portrait is looked at from."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face in an image (h, w, 3) uint8 BGR, its box, and its true landmarks (n, 2) where they are known."""

    image: UInt8
    box: BBox
    truth: Float32 | None = None


def drawn_faces(count: int, *, seed: int = 0, size: int = 256) -> list[Face]:
    """Faces drawn with shapes of the shipped shape model, in jittered boxes."""
    rng = np.random.default_rng(seed)
    faces = []
    for _ in range(count):
        image, truth = rendered_face(rng, size=size)
        faces.append(Face(image, jittered_box(truth, rng), truth))
    return faces


def portraits(*, seed: int = 0) -> list[Face]:
    """Public-domain portraits and their mirror images, each in LOOKS jittered boxes; none without matplotlib
    and scikit-image."""
    rng = np.random.default_rng(seed)
    faces = []
    for image, box in photos():
        corners = np.array([[box.left, box.top], [box.right, box.bottom]], np.float32)
        mirrored = np.abs(np.array([image.shape[1] - 1.0, 0.0], np.float32) - corners)
        for pixels, points in ((image, corners), (np.ascontiguousarray(image[:, ::-1]), mirrored)):
            faces += [Face(pixels, jittered_box(points, rng)) for _ in range(LOOKS)]
    return faces


def photos() -> list[tuple[UInt8, BBox]]:
    """The public-domain portraits that are installed, (h, w, 3) uint8 BGR, and the boxes of their faces."""
    import cv2

    found = []
    for package, name, box in PORTRAITS:
        path = _inside(package, name)
        image = None if path is None else cv2.imread(str(path))
        if image is not None:
            found.append((np.asarray(image, np.uint8), box))
    return found


def packed_faces(root: Path, split: str, *, seed: int = 0) -> list[Face]:
    """Faces of a packed set in boxes jittered by ±10 %; the jitter of face i depends on seed and i alone.

    Several splits are joined by a plus sign: test_common+test_challenging.
    """
    samples = [sample for part in split.split("+") for sample in read_packed(root, split=cast(Split, part))]
    return [
        Face(s.read_image(), jittered_box(s.landmarks, np.random.default_rng((seed, i))), s.landmarks)
        for i, s in enumerate(samples)
    ]


def _inside(package: str, name: str) -> Path | None:
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or []) if found else []:
        if (Path(folder) / name).is_file():
            return Path(folder) / name
    return None
