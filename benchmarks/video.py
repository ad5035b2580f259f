"""Tracking on clips rendered from photos by known motion: jitter, lag, accuracy and lost faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk import BBox, Face, FaceAligner, FaceTracker, OneEuro
from sdk.geometry import Similarity, fit_similarity
from sdk.metrics import nme_interocular
from sdk.testing import FixedDetector
from train.datasets import Sample
from train.jitter import NOISE

WIDTH, HEIGHT, FPS = 640, 480, 30.0

UInt8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]
Follow = Callable[[UInt8], Face | None]


@dataclass(frozen=True, slots=True)
class VideoRow:
    """One way to follow faces, over all clips. Jitter and NME in per cent of the outer-eye distance: jitter is
    the RMS of frame-to-frame change after the known motion is undone. Lag in frames, over moving clips."""

    name: str
    motion: str
    clips: int
    frames: int
    lost: int
    jitter: float
    nme: float
    lag_frames: float
    model: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def motion(frame: int, *, moving: bool) -> Similarity:
    """Where the photo is in a frame: ±30 px, ±8°, ±6 % of scale about the middle of the picture."""
    centre = complex(WIDTH / 2, HEIGHT / 2)
    if not moving:
        return Similarity(1 + 0j, 0j)
    t = 2 * np.pi * frame / 60.0  # two seconds a turn: the speed of a head that nods
    a = (1 + 0.06 * np.sin(1.3 * t)) * np.exp(1j * np.radians(8 * np.sin(t)))
    shift = 30 * complex(np.sin(t), 0.5 * np.sin(2 * t))
    return Similarity(complex(a), complex(centre + shift - a * centre))


def clip(sample: Sample, *, frames: int, moving: bool, seed: int) -> Iterator[tuple[UInt8, Float64]]:
    """Frames (480, 640, 3) of a photo in motion with fresh noise, and the true landmarks (68, 2) in each."""
    import cv2

    photo = sample.read_image()
    place = Similarity(1 + 0j, complex((WIDTH - photo.shape[1]) / 2, (HEIGHT - photo.shape[0]) / 2))
    rng = np.random.default_rng(seed)
    for i in range(frames):
        move = motion(i, moving=moving)
        full = Similarity(move.a * place.a, move.a * place.b + move.b)
        a, b = full.a, full.b
        matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
        still = cv2.warpAffine(photo, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        noisy = still + NOISE * rng.standard_normal(still.shape, np.float32)
        yield np.clip(np.rint(noisy), 0, 255).astype(np.uint8), full.apply(sample.landmarks)


def followers(aligner: FaceAligner, smoothing: OneEuro) -> dict[str, Callable[[BBox], Follow]]:
    """Ways to follow one face whose box in the first frame is known."""

    def every_frame(box: BBox) -> Follow:
        state = [box]

        def follow(frame: UInt8) -> Face | None:
            face = aligner.align(frame, state[0], refine=True)
            state[0] = face.box
            return face

        return follow

    def tracker(smoothing: OneEuro | None) -> Callable[[BBox], Follow]:
        def start(box: BBox) -> Follow:
            fixed = FaceAligner(aligner.model, detector=FixedDetector(box), interpreter=aligner.interpreter)
            follower = FaceTracker(fixed, detect_every=10**9, smoothing=smoothing, fps=FPS)

            def follow(frame: UInt8) -> Face | None:
                tracked = follower.update(frame)
                return tracked[0].face if tracked and tracked[0].id == 1 else None

            return follow

        return start

    return {
        "two looks a frame": every_frame,
        "tracker, raw": tracker(None),
        "tracker, smoothed": tracker(smoothing),
    }


def measure(
    aligner: FaceAligner, samples: Sequence[Sample], *, frames: int = 30, smoothing: OneEuro | None = None
) -> list[VideoRow]:
    """A row for each way to follow and each motion."""
    starts = followers(aligner, smoothing or OneEuro())
    rows = {}
    for moving in (False, True):
        figures = [_clip_figures(starts, s, frames, moving, seed) for seed, s in enumerate(samples)]
        for name in starts:
            jitter, nme, lag, lost = (np.array(v, float) for v in zip(*(f[name] for f in figures), strict=True))
            rows[name, moving] = VideoRow(
                name,
                "moving" if moving else "still",
                len(samples),
                frames,
                int(lost.sum()),
                float(np.sqrt(np.nanmean(jitter**2))),
                float(np.nanmean(nme)),
                float(np.nanmean(lag)) if moving else 0.0,
                aligner.model.name,
            )
    return [rows[name, moving] for name in starts for moving in (False, True)]


Figures = tuple[float, float, float, int]


def _clip_figures(
    starts: Mapping[str, Callable[[BBox], Follow]], sample: Sample, frames: int, moving: bool, seed: int
) -> dict[str, Figures]:
    """Jitter, NME, lag and lost frames of each way to follow, over one clip."""
    follows: dict[str, Follow] = {}
    truths: list[Float64] = []
    faces: dict[str, list[Face | None]] = {name: [] for name in starts}
    for frame, truth in clip(sample, frames=frames, moving=moving, seed=seed):
        box = BBox.around(truth.astype(np.float32))
        follows = follows or {name: start(box) for name, start in starts.items()}
        truths.append(truth)
        for name, follow in follows.items():
            faces[name].append(follow(frame))
    return {name: _figures(np.array(truths), found) for name, found in faces.items()}


def _figures(true: Float64, faces: Sequence[Face | None]) -> Figures:
    kept = [face.landmarks.astype(np.float64) for face in faces if face is not None]
    if len(kept) < len(faces):
        return np.nan, np.nan, np.nan, len(faces) - len(kept)
    found = np.array(kept)
    eyes = float(np.linalg.norm(true[0, 36] - true[0, 45]))
    back = np.array([fit_similarity(t, true[0]).apply(f) for t, f in zip(true, found, strict=True)])
    steps = np.diff(back[3:], axis=0)  # the first frames settle from the box given
    jitter = 100 * np.sqrt((steps**2).sum(axis=-1).mean()) / eyes
    return jitter, float(nme_interocular(true, found).mean()), _lag(true, found), 0


def _lag(true: Float64, found: Float64) -> float:
    """Frames by which the found points follow the true ones: the error along the motion over its speed."""
    offset = (found - true).mean(axis=0)
    error = (found - true - offset)[1:-1]
    speed = (true[2:] - true[:-2]) / 2.0
    return float(-(error * speed).sum() / max(float((speed**2).sum()), 1e-9))


def to_table(rows: Sequence[VideoRow]) -> str:
    """The rows as a Markdown table."""
    lines = ["| faces followed by | motion | clips | lost frames | jitter % | NME % | lag, frames |"]
    lines.append("|---|---|---:|---:|---:|---:|---:|")
    for r in rows:
        by = f"{r.model}: {r.name}" if r.model else r.name
        figures = f"{r.jitter:.2f} | {r.nme:.2f} | {r.lag_frames:.2f}"
        lines.append(f"| {by} | {r.motion} | {r.clips} | {r.lost} | {figures} |")
    return "\n".join(lines)
