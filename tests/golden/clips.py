"""The clips of the golden contract of video, as scripts: what is drawn and asked in each frame."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from tests.golden.tracks import Clip, place

HOPPER, ASTRONAUT = ("portrait.ppm", (132.0, 125.0)), ("astronaut.ppm", (75.0, 103.0))
"""Sources, and the middle of the face in each."""

SIZE = "400 300"
SMOOTH = "1 0.3 60.0 0.6"
ROOM, WALL = "frame 96 104 112", "frame 170 160 140"


def clips() -> list[Clip]:
    """All of them."""
    made = {
        "still": _still(),
        "moving": _moving(),
        "crossing": _crossing(),
        "cut": _cut(),
        "leaving": _leaving(),
        "irregular": _irregular(),
        "as_measured": _as_measured(),
        "other_smoothing": _other_smoothing(),
    }
    return [Clip(name, [line.split(" ") for line in _asked(lines)]) for name, lines in made.items()]


def _asked(lines: Iterable[str]) -> Iterator[str]:
    """With the quality of the first face in the first and sixth frame, where all clips have one."""
    updates = 0
    for line in lines:
        yield line
        updates += line.startswith("update")
        if line.startswith("update") and updates in (1, 6):
            yield "quality"


def _options(detect_every: int, max_faces: int = 0, smooth: str = SMOOTH, fps: float = 30.0) -> str:
    return f"options {SIZE} {detect_every} {max_faces} {smooth} {fps}"


def _still() -> Iterator[str]:
    """Noise alone moves."""
    yield _options(5)
    for i in range(12):
        yield from (ROOM, place(*HOPPER, (200.0, 150.0)), f"noise {i}", f"update {i / 30!r}")


def _moving() -> Iterator[str]:
    """A face that shifts, turns and grows, without searches after the first frame."""
    yield _options(1000)
    for i in range(18):
        t = i / 4.0
        at = (200.0 + 45.0 * math.sin(t), 150.0 + 20.0 * math.sin(2.0 * t))
        turned = place(*HOPPER, at, 0.9 + 0.15 * math.sin(1.3 * t), 14.0 * math.sin(t))
        yield from (ROOM, turned, f"noise {100 + i}", f"update {10.0 + i / 30!r}")


def _crossing() -> Iterator[str]:
    """Two faces pass each other, the nearer one hides the other for a while."""
    yield _options(3)
    for i in range(18):
        behind = place(*ASTRONAUT, (330.0 - 16.0 * i, 140.0), 0.75)
        yield from (WALL, behind, place(*HOPPER, (70.0 + 16.0 * i, 165.0), 0.7), f"update {i / 25!r}")


def _cut() -> Iterator[str]:
    """From one frame to the next another face is elsewhere."""
    yield _options(10)
    for i in range(10):
        shown = place(*HOPPER, (130.0 + 2.0 * i, 160.0)) if i < 5 else place(*ASTRONAUT, (290.0 - 3.0 * i, 140.0))
        yield from (ROOM if i < 5 else WALL, shown, f"update {i / 30!r}")


def _leaving() -> Iterator[str]:
    """A face leaves the frame to the right, nobody is there, and it comes back."""
    yield _options(4)
    out, back = [220.0 + 25.0 * i for i in range(11)], [360.0 - 20.0 * i for i in range(5)]
    places = [*out, 700.0, 700.0, 700.0, *back]
    for i, x in enumerate(places):
        yield from (ROOM, place(*HOPPER, (x, 150.0), 0.8), f"update {i / 30!r}")


def _irregular() -> Iterator[str]:
    """Uneven steps of time; what is refused changes nothing; after a reset time may start anew."""
    yield _options(6)
    times = [5.0, 5.04, 5.05, 5.3, 5.301, 7.0, 7.5]
    for i, time in enumerate(times):
        yield from (ROOM, place(*HOPPER, (170.0 + 7.0 * i, 160.0 - 4.0 * i)), f"noise {200 + i}")
        yield f"update {time!r}"
        yield from (f"refuse time {time!r}", f"refuse time {time - 1.0!r}", "refuse time nan", "refuse frame 9.0")
    yield from ("reset", ROOM, "update 1.0", "update 1.0", "update 0.5")
    yield from (WALL, place(*ASTRONAUT, (200.0, 150.0)), "update 0.5", "refuse time 0.5", "update 0.6")


def _as_measured() -> Iterator[str]:
    """No smoothing, one of two faces, and frames counted instead of times."""
    yield _options(2, max_faces=1, smooth="0 0.3 60.0 0.6")
    for i in range(6):
        pair = place(*ASTRONAUT, (300.0, 150.0 + i), 0.8), place(*HOPPER, (100.0 + 2.0 * i, 150.0), 0.8)
        yield from (WALL, *pair, "update -")


def _other_smoothing() -> Iterator[str]:
    """Parameters and a rate of one's own."""
    yield _options(4, smooth="1 1.5 8.0 1.0", fps=12.0)
    for i in range(8):
        turned = place(*ASTRONAUT, (190.0 + 4.0 * i, 150.0), 0.9 + 0.02 * i, 3.0 * i - 10.0)
        yield from (WALL, turned, f"noise {300 + i}", "update -")
