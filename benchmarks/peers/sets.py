"""What libraries are compared on: photos, photos with boxes, and clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.face_sets import W300, FaceSet
from benchmarks.goals import TRACKING
from sdk import BBox
from train.evaluation.boxes import jittered_box

CLIP = "clips"


@dataclass(frozen=True, slots=True, eq=False)
class ImageSet:
    """Sequences of image files, and the landmarks (68, 2) of the face in each image of all of them in turn.

    Attributes:
        boxes: for the mode `box`, where each image's face is, as the sequences have them.
        of: the set that the faces are from.
    """

    name: str
    mode: str
    sequences: tuple[tuple[Path, ...], ...]
    truths: tuple[np.ndarray, ...]
    boxes: tuple[tuple[BBox, ...], ...] = ()
    of: str = W300


def photo_sets(sets: Sequence[FaceSet], *, seed: int = 0) -> Iterator[ImageSet]:
    """The photos of sets: as they are, and with the jittered boxes of `benchmarks accuracy`. A set of twins, whose
    truth is the model's own answer, is left out."""
    for faces in sets:
        if faces.twins is not None:
            continue
        name = faces.split if faces.name == W300 else f"{faces.name} {faces.split}"
        truths = tuple(sample.landmarks for sample in faces.samples)
        boxes = tuple(
            jittered_box(truth, np.random.default_rng((seed, number)))
            for truth, number in zip(truths, faces.numbers, strict=True)
        )
        paths = tuple(sample.path.resolve() for sample in faces.samples)
        yield ImageSet(name, "photo", (paths,), truths, of=faces.name)
        yield ImageSet(name, "box", (paths,), truths, (boxes,), of=faces.name)


def clip_sets(data: Path, folder: Path, *, clips: int, frames: int) -> Iterator[ImageSet]:
    """Faces in motion, 640 x 480, as tracked frames and as photos; the frames are written to `folder`."""
    import cv2

    from benchmarks.video import clip
    from train.datasets import read_packed

    samples = read_packed(data / "300W", split="val")
    sequences, truths = [], []
    for number, sample in enumerate(samples[:: max(1, len(samples) // clips)][:clips]):
        paths = []
        for i, (frame, truth) in enumerate(clip(sample, frames=frames, moving=True, seed=number)):
            paths.append(folder / f"{number:02d}_{i:04d}.png")
            cv2.imwrite(str(paths[-1]), frame)
            truths.append(truth.astype(np.float32))
        sequences.append(tuple(paths))
    for mode in (TRACKING, "photo"):
        yield ImageSet(CLIP, mode, tuple(sequences), tuple(truths))
