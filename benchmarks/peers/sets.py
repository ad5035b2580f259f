"""What libraries are compared on: photos, photos with boxes, and clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.goals import TRACKING
from sdk import BBox

CLIP = "clips"


@dataclass(frozen=True, slots=True, eq=False)
class ImageSet:
    """Sequences of image files, and the landmarks (68, 2) of the face in each image of all of them in turn.

    Attributes:
        boxes: for the mode `box`, where each image's face is, as the sequences have them.
    """

    name: str
    mode: str
    sequences: tuple[tuple[Path, ...], ...]
    truths: tuple[np.ndarray, ...]
    boxes: tuple[tuple[BBox, ...], ...] = ()


def photo_sets(data: Path, splits: Sequence[str], *, every: int = 1, seed: int = 0) -> Iterator[ImageSet]:
    """Every n-th photo of splits of 300W: as they are, and with the jittered boxes of `benchmarks accuracy`."""
    from train.datasets import read_packed
    from train.evaluation.boxes import jittered_boxes

    for split in splits:
        samples = read_packed(data / "300W", split=split)
        boxes = jittered_boxes([s.landmarks for s in samples], seed=seed)[::every]
        paths = tuple(s.path.resolve() for s in samples[::every])
        truths = tuple(s.landmarks for s in samples[::every])
        yield ImageSet(split, "photo", (paths,), truths)
        yield ImageSet(split, "box", (paths,), truths, (tuple(boxes),))


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
