"""What sharpness means: blur of known strength, what it does to the signal and to the landmarks."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.records import write_record
from sdk import BBox, FaceAligner
from sdk.metrics import nme_interocular
from train.datasets import Sample, read_packed

BLURS = (0.0, 0.02, 0.04, 0.06, 0.10)
"""Standard deviations of the blur in outer-eye distances."""
NOISES = (0.0, 6.0)
"""Standard deviations of the noise in grey levels."""

UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class QualityRow:
    """One strength of blur and noise: percentiles of sharpness, and the error of the landmarks in per cent."""

    blur: float
    noise: float
    faces: int
    sharpness_p5: float
    sharpness_p50: float
    sharpness_p95: float
    nme_interocular: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(aligner: FaceAligner, samples: Sequence[Sample], *, seed: int = 0) -> list[QualityRow]:
    """A row for each blur and noise, over the true boxes of annotated faces."""
    return [_row(aligner, samples, blur, noise, seed) for noise in NOISES for blur in BLURS]


def _row(aligner: FaceAligner, samples: Sequence[Sample], blur: float, noise: float, seed: int) -> QualityRow:
    values, errors = [], []
    for number, sample in enumerate(samples):
        eyes = float(np.linalg.norm(sample.landmarks[36] - sample.landmarks[45]))
        frame = spoiled(sample.read_image(), blur * eyes, noise, np.random.default_rng((seed, number)))
        face = aligner.align(frame, BBox.around(sample.landmarks), refine=True)
        values.append(aligner.quality(frame, face).sharpness)
        errors.append(nme_interocular(sample.landmarks[None], face.landmarks[None])[0])
    low, middle, high = (float(v) for v in np.percentile(values, (5, 50, 95)))
    return QualityRow(blur, noise, len(samples), low, middle, high, float(np.mean(errors)))


def spoiled(image: UInt8, blur: float, noise: float, rng: np.random.Generator) -> UInt8:
    """The image with a Gaussian blur of so many pixels, then noise of so many grey levels."""
    import cv2

    soft = cv2.GaussianBlur(image, (0, 0), blur) if blur > 0 else image
    return np.clip(np.rint(soft + rng.normal(0, noise, image.shape)), 0, 255).astype(np.uint8)


def to_table(rows: Sequence[QualityRow]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| blur, % of eye distance | noise | sharpness: 5th, 50th, 95th percentile | NME % |",
        "|---:|---:|---|---:|",
    ]
    lines += [
        f"| {100 * r.blur:.0f} | {r.noise:.0f} | {r.sharpness_p5:.2f}, {r.sharpness_p50:.2f}, "
        f"{r.sharpness_p95:.2f} | {r.nme_interocular:.1f} |"
        for r in rows
    ]
    return "\n".join(lines)


def add_parser(commands: Any) -> None:
    """The command `quality`."""
    parser = commands.add_parser(
        "quality",
        help="sharpness and accuracy of blurred faces",
        description="Sharpness, and NME of the landmarks, on validation faces of 300W with known blur and noise.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of 300W/")
    parser.add_argument("--every", type=int, default=3, help="take every n-th face (default %(default)s)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    rows = measure(FaceAligner(), read_packed(options.data / "300W", split="val")[:: options.every])
    print(to_table(rows))
    write_record(options.out, "quality", [r.to_dict() for r in rows])
