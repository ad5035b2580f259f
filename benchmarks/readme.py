"""Bring the tables of README.md and of docs/ up to date with the committed results."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks import (
    accuracy,
    accuracy_tables,
    confidence,
    detection,
    emulated,
    latency,
    limits,
    machine,
    pose,
    quality,
    ratios,
    reliability,
    search,
    video,
)
from benchmarks.records import RESULTS, ROOT, read_record
from sdk.errors import InputError
from sdk.outputs import write_file
from train import input_report
from train.ablation import report as ablation

README = "README.md"

Table = Callable[[Any], str]

PAGES: Mapping[str, Mapping[str, Table]] = MappingProxyType(
    {
        README: {
            "accuracy": lambda r: accuracy.to_table(accuracy_tables.whole_300w(_accuracy_rows(r))),
            "hard-faces": lambda r: accuracy_tables.hard_faces_table(_accuracy_rows(r)),
            "latency": lambda r: _of_class(r, latency.summary_table([latency.LatencyRow(**w) for w in r["rows"]])),
            "classes": latency.class_table,
            "detection": lambda r: detection.to_table(
                [detection.DetectionRow(**row) for row in r["rows"] if abs(row["turn_deg"]) in (0, 45)]
            ),
            "detector-latency": lambda r: latency.to_table([latency.LatencyRow(**row) for row in r["rows"]]),
            "video": lambda r: video.to_table([video.VideoRow(**row) for row in r["rows"]]),
        },
        "docs/benchmarks.md": {
            "ratios": ratios.class_table,
            "emulated": lambda r: emulated.to_table([emulated.EmulatedRow(**row) for row in r["rows"]]),
        },
        "docs/conventions.md": {
            "pose": lambda r: pose.to_table(_reported([pose.PoseRow(**row) for row in r["rows"]])),
            "confidence": lambda r: confidence.to_table([confidence.ConfidenceRow(**row) for row in r["rows"]]),
            "points": lambda r: reliability.to_table([reliability.ReliabilityRow(**row) for row in r["rows"]]),
        },
        "docs/guide.md": {
            "quality": lambda r: quality.to_table([quality.QualityRow(**row) for row in r["rows"]]),
            "limits": lambda r: limits.to_table([limits.LimitRow(**row) for row in r["rows"]]),
        },
        "docs/training.md": {"input": input_report.to_table},
        "docs/ablation.md": {
            "ablation-runs": ablation.runs_table,
            "ablation-verdicts": ablation.verdicts,
            "ablation-claims": ablation.claims_table,
            "ablation-noise": ablation.noise_table,
        },
        "docs/flagship.md": {
            "accuracy": lambda r: accuracy.to_table(accuracy_tables.whole_300w(_accuracy_rows(r))),
            "parts": lambda r: accuracy.to_table(accuracy_tables.refined_parts(_accuracy_rows(r))),
            "ablation-claims": ablation.claims_table,
            "ablation-runs": ablation.runs_table,
            "search": lambda r: _of_class(r, search.to_table(r)),
        },
    }
)
"""Tables of each page, made of a record, between `<!-- TABLE: FILE -->` and `<!-- /TABLE -->`; of a list of
records where FILE has a star."""


def _of_class(record: Mapping[str, Any], table: str) -> str:
    """The table below the class of processor that it was measured on."""
    cpu = record["environment"]["device"]["cpu"]
    return f"Processor: {machine.kind_of(record)} ({cpu}).\n\n{table}"


def _accuracy_rows(record: Mapping[str, Any]) -> list[accuracy.AccuracyRow]:
    return [accuracy.AccuracyRow(**row) for row in record["rows"]]


def _reported(rows: list[pose.PoseRow]) -> list[pose.PoseRow]:
    """Rows of test sets; the train people's fitted the coefficients."""
    return [row for row in rows if row.set in ("Pointing04 test", "AFLW2000_16")]


def updated(text: str, root: Path = RESULTS, *, page: str = README) -> str:
    """Text of a page with each table made from the result file that its mark names."""
    for name, to_table in PAGES[page].items():
        marked = re.compile(rf"(<!-- {name}: (\S+) -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        found = marked.search(text)
        if found is None:
            raise InputError(f"{page}: expected a mark <!-- {name}: FILE --> and its end <!-- /{name} -->")
        files = sorted(root.glob(found[2])) or [root / found[2]]
        records = [read_record(path) for path in files]
        record = records if "*" in found[2] else records[0]
        text = text[: found.end(1)] + to_table(record) + "\n" + text[found.start(3) :]
    return text


def update() -> list[Path]:
    """Rewrite the pages in place; returns their paths."""
    paths = [ROOT / page for page in PAGES]
    for page, path in zip(PAGES, paths, strict=True):
        write_file(path, updated(path.read_text(encoding="utf-8"), page=page).encode())
    return paths
