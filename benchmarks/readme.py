"""Bring the tables of README.md up to date with the committed results."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks import accuracy, latency, video
from sdk.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
TABLES: Mapping[str, Callable[[list[dict[str, Any]]], str]] = MappingProxyType(
    {
        "accuracy": lambda rows: accuracy.to_table([accuracy.AccuracyRow(**row) for row in rows]),
        "latency": lambda rows: latency.to_table([latency.LatencyRow(**row) for row in rows]),
        "video": lambda rows: video.to_table([video.VideoRow(**row) for row in rows]),
    }
)
"""Suites with a table in README.md, between `<!-- SUITE: FILE -->` and `<!-- /SUITE -->`."""


def updated(readme: str, root: Path = RESULTS) -> str:
    """README text with each suite's table made from the result file that its mark names."""
    for suite, to_table in TABLES.items():
        marked = re.compile(rf"(<!-- {suite}: (\S+) -->\n).*?(<!-- /{suite} -->)", re.DOTALL)
        found = marked.search(readme)
        if found is None:
            raise InputError(f"README.md: expected a mark <!-- {suite}: FILE --> and its end <!-- /{suite} -->")
        record = json.loads((root / found[2]).read_text(encoding="utf-8"))
        readme = readme[: found.end(1)] + to_table(record["rows"]) + "\n" + readme[found.start(3) :]
    return readme


def update() -> Path:
    """Rewrite README.md in place; returns its path."""
    path = ROOT / "README.md"
    path.write_text(updated(path.read_text(encoding="utf-8")), encoding="utf-8")
    return path
