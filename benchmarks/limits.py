"""What the SDK promises of its start, its memory and of frames at the edge: measured, each beside its limit."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.limits_probe import read_portrait
from benchmarks.records import ROOT, write_record
from sdk import BBox, Face, FaceAligner
from sdk.errors import SdkError
from sdk.testing import FixedDetector

IMPORT_S, FIRST_S, ADDED_MB = 0.25, 0.3, 60.0
GROWN_MB = 1.0
"""What a run may grow by and still count as not growing: pages of the heap come and go."""
ROWS, COLUMNS, TILE = 5, 10, 192
"""Of the frame with 50 faces."""

UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One figure beside its limit; None: stated, not limited."""

    name: str
    value: float
    unit: str
    limit: float | None
    note: str

    @property
    def holds(self) -> bool | None:
        return None if self.limit is None else self.value <= self.limit

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def process_rows(*, repeats: int, frames: int) -> list[LimitRow]:
    """Start and memory, in fresh processes. Times are the processor's: a busy machine hardly changes them."""
    starts = [_probe("import") for _ in range(repeats)]
    firsts = [_probe("first") for _ in range(repeats)]
    memory = [_probe("memory") for _ in range(3)]
    added = float(np.median([m["added_mb"] for m in memory]))
    grown = _probe("growth", str(frames))
    return [
        _seconds("import sdk", starts, "import", IMPORT_S),
        _seconds("FaceAligner()", firsts, "open", None),
        _seconds("first predict", firsts, "predict", FIRST_S),
        LimitRow("memory above numpy and OpenCV", added, "MB", ADDED_MB, "resident, after a prediction"),
        LimitRow(
            f"growth over {frames} frames", grown["grown_mb"], "MB", GROWN_MB,
            f"tracker and quality; {grown['with_face']:.0f} frames with a face",
        ),
    ]  # fmt: skip


def _seconds(name: str, runs: Sequence[dict[str, float]], what: str, limit: float | None) -> LimitRow:
    wall = [run[f"{what}_s"] for run in runs]
    times = [run[f"{what}_cpu_s"] for run in runs]
    note = f"best of {len(runs)} processes, median {np.median(times):.2f} s; on the wall at best {min(wall):.2f} s"
    return LimitRow(f"{name}, processor time", min(times), "s", limit, note)


def frame_rows() -> list[LimitRow]:
    """Milliseconds of `predict` on frames at the edge, and what it found."""
    portrait = read_portrait()
    aligner = FaceAligner()
    large = np.full((4320, 7680, 3), 90, np.uint8)
    large[1000:2680, 3000:4680] = _enlarged(portrait, 1680)
    crowd, boxes = crowd_of(portrait, aligner)
    known = FaceAligner(aligner.model, detector=FixedDetector(*boxes), interpreter=aligner.interpreter)
    frames = {
        "1 x 1": (aligner, np.zeros((1, 1, 3), np.uint8)),
        "8K (7680 x 4320), one face": (aligner, large),
        f"{ROWS * COLUMNS} faces, the detector's": (aligner, crowd),
        f"{ROWS * COLUMNS} faces, known boxes": (known, crowd),
    }
    return [_timed(name, *pair) for name, pair in frames.items()]


def crowd_of(portrait: UInt8, aligner: FaceAligner) -> tuple[UInt8, list[BBox]]:
    """A frame with ROWS x COLUMNS copies of a portrait, and the boxes of their landmarks."""
    tile = _enlarged(portrait, TILE)
    face = max(aligner.predict(portrait), key=lambda f: f.score)
    scale = TILE / portrait.shape[0]
    sides = [scale * v for v in (face.box.left, face.box.top, face.box.right, face.box.bottom)]
    places = [(TILE * column, TILE * row) for row in range(ROWS) for column in range(COLUMNS)]
    boxes = [BBox(sides[0] + x, sides[1] + y, sides[2] + x, sides[3] + y) for x, y in places]
    return np.tile(tile, (ROWS, COLUMNS, 1)), boxes


def _timed(name: str, aligner: FaceAligner, frame: UInt8) -> LimitRow:
    faces: list[Face] = []
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        faces = aligner.predict(frame)
        times.append(1e3 * (time.perf_counter() - begun))
    return LimitRow(f"frame: {name}", min(times), "ms", None, f"{len(faces)} faces found")


def _enlarged(portrait: UInt8, side: int) -> UInt8:
    import cv2

    return np.asarray(cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _probe(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.limits_probe", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SdkError(f"{' '.join(command[1:])}: {done.stderr.strip()[-500:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def to_table(rows: Sequence[LimitRow]) -> str:
    """The rows as a Markdown table."""
    lines = ["| | measured | limit | |", "|---|---:|---:|---|"]
    for r in rows:
        limit = "" if r.limit is None else f"{r.limit:g} {r.unit}" + ("" if r.holds else ", **missed**")
        lines.append(f"| {r.name} | {r.value:.3g} {r.unit} | {limit} | {r.note} |")
    return "\n".join(lines)


def add_parser(commands: Any) -> None:
    """The command `limits`."""
    parser = commands.add_parser(
        "limits",
        help="start, memory, growth, and frames at the edge",
        description="Time of `import sdk` and of a first prediction, memory above numpy and OpenCV, growth over "
        "many frames of tracking, frames of 1 x 1, 8K and 50 faces. Needs matplotlib's portrait, no other data.",
    )
    parser.add_argument("--repeats", type=int, default=7, help="fresh processes (default %(default)s)")
    parser.add_argument("--frames", type=int, default=10_000, help="frames of the long run (default %(default)s)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    rows = process_rows(repeats=options.repeats, frames=options.frames) + frame_rows()
    print(to_table(rows))
    write_record(options.out, "limits", [r.to_dict() for r in rows])
