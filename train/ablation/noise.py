"""What differs between runs, and what would differ by chance: the seeds' noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from train.ablation.row import RunRow
from train.ablation.table import Claim, same_but_for_the_seed

CONFIDENCE = 0.95

HOLDS, NOISE, OPPOSITE, UNKNOWN = VERDICTS = (
    "holds",
    "within the noise",
    "the opposite holds",
    "unknown, without a second seed",
)


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviation of NME between seeds, points of per cent, from `freedom` degrees of freedom."""

    deviation: float
    freedom: int


@dataclass(frozen=True, slots=True)
class Difference:
    """NME of the better runs minus that of the others, each a mean over seeds: below 0 if the claim is right.

    `limit` is what chance alone stays below in CONFIDENCE of cases; None where no run has two seeds.
    """

    value: float
    limit: float | None

    @property
    def verdict(self) -> str:
        if self.limit is None:
            return UNKNOWN
        if abs(self.value) <= self.limit:
            return NOISE
        return HOLDS if self.value < 0 else OPPOSITE


def nme(row: RunRow, part: str) -> float:
    """Mean inter-ocular NME of a run on a part of the set, per cent."""
    return float(row.landmarks[part]["nme_interocular"])


def groups(rows: Sequence[RunRow]) -> list[list[RunRow]]:
    """Runs that differ in their seed alone, together."""
    found: list[list[RunRow]] = []
    for row in rows:
        if not any(row in group for group in found):
            found.append(like(rows, row.run))
    return found


def like(rows: Sequence[RunRow], name: str) -> list[RunRow]:
    """The run of that name and those that differ from it in their seed alone; none if it is not there."""
    configs = {row.run: row.config for row in rows}
    names = same_but_for_the_seed(configs, name) if name in configs else []
    return [row for row in rows if row.run in names]


def seed_noise(rows: Sequence[RunRow], part: str) -> Noise | None:
    """Pooled over all configurations with two seeds or more, as if their noise were alike; None without any."""
    repeated = [[nme(row, part) for row in group] for group in groups(rows) if len(group) > 1]
    freedom = sum(len(values) - 1 for values in repeated)
    if not freedom:
        return None
    squares = sum(float(np.var(values)) * len(values) for values in repeated)
    return Noise(math.sqrt(squares / freedom), freedom)


def difference(rows: Sequence[RunRow], claim: Claim, part: str) -> Difference | None:
    """How much less the better runs of a claim err, and Student's limit; None while a run is missing."""
    better, than = ([nme(row, part) for row in like(rows, name)] for name in (claim.better, claim.than))
    if not better or not than:
        return None
    noise, limit = seed_noise(rows, part), None
    if noise is not None:
        from scipy.stats import t

        factor = float(t.ppf((1.0 + CONFIDENCE) / 2.0, noise.freedom))
        limit = factor * noise.deviation * math.sqrt(1.0 / len(better) + 1.0 / len(than))
    return Difference(float(np.mean(better) - np.mean(than)), limit)
