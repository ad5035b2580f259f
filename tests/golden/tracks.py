"""The golden contract of video: clips drawn from still frames by integers alone, and the faces tracked in them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from sdk import Face, FaceAligner, FaceTracker, InputError, OneEuro, TrackedFace
from sdk.measures import eye_openness, mouth_openness
from sdk.quality import FaceQuality
from tests.golden.contract import HERE, read_frame

UInt8 = npt.NDArray[np.uint8]
Line = list[str]

FILE = HERE / "tracks.txt"
VERSION = 1
SHIFT = 16
"""Places in a source are in steps of 2 ** -SHIFT pixels."""

RESULTS = ("face", "measured")
ANGLES = 6
"""Where the angles of a `quality` line begin; before them are signals without a unit, and pixels."""

REFUSED = {"time": "timestamp_s: expected", "frame": "frame: expected"}
"""What is wrong with an update that must be refused, and how the message begins."""


class Canvas:
    """A frame (h, w, 3) RGB and what draws into it, as README.md defines it."""

    def __init__(self, width: int, height: int, colour: Iterable[int]) -> None:
        self.pixels: UInt8 = np.full((height, width, 3), list(colour), np.uint8)

    def paste(self, source: str, a: int, b: int, u0: int, c: int, d: int, v0: int) -> None:
        """Pixel (x, y) becomes ((a x + b y + u0) >> 16, (c x + d y + v0) >> 16) of a source where that has one."""
        height, width = self.pixels.shape[:2]
        y, x = np.mgrid[:height, :width]
        u, v = (a * x + b * y + u0) >> SHIFT, (c * x + d * y + v0) >> SHIFT
        picture = _source(source)
        inside = (u >= 0) & (v >= 0) & (u < picture.shape[1]) & (v < picture.shape[0])
        self.pixels[inside] = picture[v[inside], u[inside]]

    def noise(self, seed: int) -> None:
        """Adds -6 to 6 to each value: a hash of its place and the seed in 32 bits without sign."""
        y, x, c = (grid.astype(np.uint32) for grid in np.indices(self.pixels.shape))
        h = x * np.uint32(73856093) ^ y * np.uint32(19349663) ^ c * np.uint32(83492791)
        h ^= np.uint32(seed * 2654435761 % 2**32)
        h = (h ^ (h >> np.uint32(15))) * np.uint32(2246822519)
        h ^= h >> np.uint32(13)
        moved = self.pixels + (h % np.uint32(13)).astype(np.int16) - 6
        self.pixels = np.clip(moved, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Clip:
    """A name, and lines of words: what is drawn and asked, and in a contract what came of it."""

    name: str
    lines: list[Line] = field(repr=False)

    @property
    def script(self) -> list[Line]:
        """The lines without their results."""
        asked = (line[:1] if line[0] == "quality" else line for line in self.lines)
        return [line for line in asked if line[0] not in RESULTS]


def replay(clip: Clip, aligner: FaceAligner) -> Iterator[Line]:
    """The lines of a clip's script, each followed by its results; `aligner` takes RGB."""
    tracker: FaceTracker | None = None
    size, canvas = (0, 0), Canvas(1, 1, (0, 0, 0))
    found: list[TrackedFace] = []
    for key, *words in clip.script:
        line = [key, *words]
        if key == "options":
            size, tracker = (int(words[0]), int(words[1])), _tracker(words[2:], aligner)
        elif key == "frame":
            canvas = Canvas(*size, map(int, words))
        elif key == "paste":
            canvas.paste(words[0], *map(int, words[1:]))
        elif key == "noise":
            canvas.noise(int(words[0]))
        assert tracker is not None
        if key == "reset":
            tracker.reset()
        elif key == "refuse":
            _refused(tracker, canvas.pixels, *words)
        elif key == "update":
            found = tracker.update(canvas.pixels, timestamp_s=_time(words[0]))
            digest = hashlib.sha256(canvas.pixels.tobytes()).hexdigest()
            yield [key, words[0], str(len(found)), digest]
            yield from (line for tracked in found for line in _results(tracked))
            continue
        elif key == "quality":
            line = [key, *_quality(aligner.quality(canvas.pixels, found[0].measured))]
        yield line


def read_tracks(text: str) -> tuple[dict[str, Line], list[Clip]]:
    """Head and clips."""
    head: dict[str, Line] = {}
    clips: list[Clip] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        key, *words = line.split(" ")
        if key == "clip":
            clips.append(Clip(words[0], []))
        elif clips:
            clips[-1].lines.append([key, *words])
        else:
            head[key] = words
    return head, clips


def _tracker(words: Line, aligner: FaceAligner) -> FaceTracker:
    detect_every, max_faces, smooth = map(int, words[:3])
    min_cutoff_hz, beta, speed_cutoff_hz, fps = map(float, words[3:])
    return FaceTracker(
        aligner,
        detect_every=detect_every,
        smoothing=OneEuro(min_cutoff_hz, beta, speed_cutoff_hz) if smooth else None,
        max_faces=max_faces or None,
        fps=fps,
    )


def _refused(tracker: FaceTracker, pixels: UInt8, why: str, timestamp: str) -> None:
    wrong = pixels[:0] if why == "frame" else pixels
    with pytest.raises(InputError, match=REFUSED[why]):
        tracker.update(wrong, timestamp_s=_time(timestamp))


def _results(tracked: TrackedFace) -> Iterator[Line]:
    face = tracked.face
    shown = (*eye_openness(face), mouth_openness(face))
    yield ["face", str(tracked.id), str(tracked.frames), *_numbers(*shown), *_of_face(face)]
    if face is not tracked.measured:
        yield ["measured", *_of_face(tracked.measured)]


def _quality(quality: FaceQuality) -> Line:
    q, pose = quality, quality.landmark_pose
    signals = q.score, q.plausibility, q.disagreement, q.sharpness, q.eye_distance, q.inside
    return _numbers(*signals, pose.yaw_deg, pose.pitch_deg, pose.roll_deg, q.pose_disagreement_deg)


def _of_face(face: Face) -> Line:
    pose = face.pose
    return [*_numbers(pose.yaw_deg, pose.pitch_deg, pose.roll_deg), *map(str, face.landmarks.ravel())]


def _numbers(*values: float) -> Line:
    return [f"{value:.9g}" for value in values]


def _time(word: str) -> float | None:
    """`-`: none is given; `nan`: one that is no number."""
    return None if word == "-" else float(word)


@cache
def _source(name: str) -> UInt8:
    return np.ascontiguousarray(read_frame(name)[..., ::-1])


def place(
    source: str, middle: tuple[float, float], at: tuple[float, float], scale: float = 1.0, turn_deg: float = 0.0
) -> str:
    """The line that pastes a source with its pixel `middle` at `at`, larger by `scale`, turned clockwise."""
    angle = math.radians(turn_deg)
    a, b = (round(2**SHIFT * v / scale) for v in (math.cos(angle), math.sin(angle)))
    u0 = round(2**SHIFT * (middle[0] + 0.5) - a * at[0] - b * at[1])
    v0 = round(2**SHIFT * (middle[1] + 0.5) + b * at[0] - a * at[1])
    return f"paste {source} {a} {b} {u0} {-b} {a} {v0}"
