"""What this project set out to reach, against what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdk.model_file import PRESETS

OURS = "asmnet-edge"
TRACKING = "tracking"


@dataclass(frozen=True, slots=True)
class Goal:
    """One line: what is wanted, what was found (None: not measured here), and whether that is enough."""

    text: str
    found: float | None
    limit: float
    at_most: bool

    @property
    def verdict(self) -> str:
        if self.found is None:
            return "not measured"
        return "met" if (self.found <= self.limit) is self.at_most or self.found == self.limit else "missed"


def goals(records: Mapping[str, Mapping[str, Any]]) -> list[Goal]:
    """The goals for speed, from all result files."""
    latency = [row for r in records.values() if r["suite"] == "latency" and "reference" in r for row in r["rows"]]
    peers = [row for r in records.values() if r["suite"] == "peers" for row in r["rows"]]
    ratios = {r["model"]: r["ratio"] for r in latency if r["stage"] == "network" and r["threads"] == 1}
    lines = [
        Goal(f"network of {name}, int8, over MobileNetV2-224 int8", _of_preset(ratios, name), limit, at_most=True)
        for name, limit in (("accurate", 0.40), ("fast", 0.12))
    ]
    return [*lines, Goal("MediaPipe's fastest tracking over our tracked frame", _speed_up(peers), 3.0, False)]


def _of_preset(ratios: Mapping[str, float], preset: str) -> float | None:
    """The ratio of the int8 model that comes along by this name."""
    return ratios.get(Path(PRESETS[preset]).stem)


def _speed_up(rows: Sequence[Mapping[str, Any]]) -> float | None:
    tracking = [r for r in rows if r.get("mode") == TRACKING and r.get("p50_ms")]
    ours = [r["p50_ms"] for r in tracking if r["peer"] == OURS]
    theirs = [r["p50_ms"] for r in tracking if r["peer"].startswith("mediapipe")]
    return min(theirs) / min(ours) if ours and theirs else None


def to_table(lines: Sequence[Goal]) -> str:
    """The goals as a Markdown table."""
    out = ["| goal | wanted | measured | |", "|---|---:|---:|---|"]
    for g in lines:
        found = "-" if g.found is None else f"{g.found:.2f}"
        out.append(f"| {g.text} | {'≤' if g.at_most else '≥'} {g.limit:.2f} | {found} | {g.verdict} |")
    return "\n".join(out)
