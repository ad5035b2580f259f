"""The pictures that the gate looks at: committed, so that they are the same everywhere, whatever is installed.

Two public-domain portraits (Grace Hopper, US Navy; Eileen Collins, NASA) and faces that were drawn. None of them
depends on the models that ship. `python -m convert.scenes` makes convert/scenes.npz anew; then every file of
answers has to be made anew as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.faces import Face, photos
from sdk.geometry import Crop
from sdk.results import BBox
from sdk.testing import rendered_face
from train.evaluation.boxes import jittered_box

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

FILE = "scenes.npz"
DRAWN, DRAWN_SIZE = 24, 176
TEXTURES, LOOKS = 3, 5
"""Pictures of nothing; boxes that each portrait and its mirror image are looked at from."""

PORTRAIT_SIZE, PORTRAIT_SPACE = 240, 2.0
"""Pixels of a portrait's side, and sides of the face's box that it shows."""


@dataclass(frozen=True, slots=True, eq=False)
class Scenes:
    """What there is to see.

    Attributes:
        drawn: faces whose landmarks are known.
        portraits: each photo and its mirror image, in LOOKS boxes each.
        nobody: boxes without an upright face: portraits on their heads, textures, plain grey.
    """

    drawn: tuple[Face, ...]
    portraits: tuple[Face, ...]
    nobody: tuple[Face, ...]

    @property
    def sets(self) -> dict[str, Sequence[Face]]:
        """The faces by the names that the gate's lines begin with."""
        return {"drawn": self.drawn, "portraits": self.portraits}

    @property
    def textures(self) -> tuple[Face, ...]:
        """Those of nobody that show nothing like a face."""
        return self.nobody[-TEXTURES:]

    @property
    def pictures(self) -> tuple[Face, ...]:
        """One look at each portrait and at some drawn faces: for what a detector finds by itself."""
        return (*self.portraits[::LOOKS], *self.drawn[:2])


@cache
def scenes() -> Scenes:
    """The committed pictures."""
    with np.load(BytesIO((resources.files("convert") / FILE).read_bytes()), allow_pickle=False) as arrays:
        drawn = zip(arrays["drawn"], arrays["drawn_boxes"], arrays["drawn_landmarks"], strict=True)
        looks = list(_looks(arrays["portraits"], arrays["portrait_boxes"]))
        faces = tuple(Face(image, BBox(*box.tolist()), truth) for image, box, truth in drawn)
    return Scenes(faces, tuple(looks), tuple(_nobody(looks)))


def _looks(shown: UInt8, boxes: npt.NDArray[np.float64]) -> Iterator[Face]:
    """Photos (n, h, w, 3) and their mirror images, each in its boxes (n, 2 LOOKS, 4)."""
    for photo, its in zip(shown, boxes, strict=True):
        for i, box in enumerate(its):
            pixels = photo if i < LOOKS else np.ascontiguousarray(photo[:, ::-1])
            yield Face(pixels, BBox(*box.tolist()))


def _nobody(looks: Sequence[Face]) -> Iterator[Face]:
    for face in looks[::LOOKS]:
        turned, (h, w) = np.ascontiguousarray(face.image[::-1, ::-1]), face.image.shape[:2]
        box = face.box
        yield Face(turned, BBox(w - 1 - box.right, h - 1 - box.bottom, w - 1 - box.left, h - 1 - box.top))
    y, x = np.mgrid[:192, :192]
    for texture in (x * x + 3 * y * y, 255 * ((x // 16 + y // 16) % 2), 128 + 0 * x):
        yield Face(np.repeat((texture % 256)[..., np.newaxis], 3, axis=2).astype(np.uint8), BBox(48, 48, 144, 144))


def make(seed: int = 0) -> dict[str, npt.NDArray[Any]]:
    """The arrays of scenes.npz; portraits need matplotlib and scikit-image."""
    rng = np.random.default_rng(seed)
    drawn = [rendered_face(rng, size=DRAWN_SIZE, noise=0.0) for _ in range(DRAWN)]
    boxes = [jittered_box(truth, rng) for _, truth in drawn]
    shown = [_portrait(*photo) for photo in photos()]
    found = [_jittered(box, rng, mirrored) for _, box in shown for mirrored in (False, True)]
    return {
        "drawn": np.stack([image for image, _ in drawn]),
        "drawn_landmarks": np.stack([truth for _, truth in drawn]),
        "drawn_boxes": np.array([_edges(box) for box in boxes]),
        "portraits": np.stack([photo for photo, _ in shown]),
        "portrait_boxes": np.array(found).reshape(len(shown), 2 * LOOKS, 4),
    }


def _portrait(photo: UInt8, box: BBox) -> tuple[UInt8, BBox]:
    """The part of a photo around its face, and the face's box in it."""
    crop = Crop.around(box, size=PORTRAIT_SIZE, margin=PORTRAIT_SPACE)
    half = PORTRAIT_SIZE / PORTRAIT_SPACE / 2.0
    middle = (PORTRAIT_SIZE - 1) / 2.0
    return crop.extract(photo), BBox(middle - half, middle - half, middle + half, middle + half)


def _jittered(box: BBox, rng: np.random.Generator, mirrored: bool) -> list[list[float]]:
    corners = np.array([[box.left, box.top], [box.right, box.bottom]], np.float32)
    if mirrored:
        corners = np.abs(np.array([PORTRAIT_SIZE - 1.0, 0.0], np.float32) - corners)
    return [_edges(jittered_box(corners, rng)) for _ in range(LOOKS)]


def _edges(box: BBox) -> list[float]:
    return [box.left, box.top, box.right, box.bottom]


if __name__ == "__main__":
    np.savez_compressed(Path(__file__).with_name(FILE), **make())
