"""What the input pipeline was measured to cost: to print, to keep as a record, to read as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from train.environment import environment

BUSY = 0.5
"""Load of the minute before above which others had part of the cores: times by the clock are not shown then."""


@dataclass(frozen=True, slots=True)
class InputReport:
    """Seconds a batch: of the input pipeline alone, of the training step alone, of both as `fit` runs them.

    `input_cpu_s` and `step_cpu_s` are processor time over all cores, which others on the machine hardly change;
    `load` is the machine's load average of the minute before: above a few tenths, others took part of the cores.
    """

    network: str
    size: int
    faces: int
    batches: int
    input_s: float
    step_s: float
    both_s: float
    input_cpu_s: float
    step_cpu_s: float
    cores: int
    load: float

    @property
    def waiting(self) -> float:
        """Share of the time, 0 to 1, that training would not need if every batch lay ready."""
        return max(0.0, 1.0 - self.step_s / self.both_s)

    @property
    def busy(self) -> bool:
        """Whether other work took part of the cores, or nobody knows."""
        return not self.load <= BUSY

    def __str__(self) -> str:
        parts = {"input alone": self.input_s, "step alone": self.step_s, "both": self.both_s}
        lines = [f"{name:<12}{1.0 / s:8.2f} batches/s {1000.0 * s:9.1f} ms" for name, s in parts.items()]
        head = f"{self.batches} batches of {self.faces} faces, {self.cores} cores, load {self.load:.1f} before"
        work = (
            f"processor time: {1000.0 * self.input_cpu_s:.0f} ms for the input, "
            f"{1000.0 * self.step_cpu_s:.0f} ms for the step"
        )
        return "\n".join([head, *lines, f"training waits {self.waiting:.0%} of its time", work])


def to_json(report: InputReport, *, command: str) -> str:
    """A record to keep."""
    record = {"suite": "input", "environment": environment(command), "rows": [asdict(report)]}
    return json.dumps(record, indent=1) + "\n"


def to_table(record: Mapping[str, Any]) -> str:
    """The rows of a record in milliseconds a batch; times by the clock only where the machine was quiet."""
    head = "| network | faces a batch | cores | load before | input, CPU ms | step, CPU ms | input, ms | step, ms "
    lines = [head + "| both, ms | waiting |", "|---|" + "---:|" * 9]
    for report in (InputReport(**row) for row in record["rows"]):
        clock = [f"{1000.0 * s:.0f}" for s in (report.input_s, report.step_s, report.both_s)]
        shown = ["-"] * 4 if report.busy else [*clock, f"{report.waiting:.0%}"]
        cells = [f"{report.network}, {report.size} px", str(report.faces), str(report.cores), f"{report.load:.1f}"]
        work = [f"{1000.0 * s:.0f}" for s in (report.input_cpu_s, report.step_cpu_s)]
        lines.append(f"| {' | '.join([*cells, *work, *shown])} |")
    return "\n".join(lines)
