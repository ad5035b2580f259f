"""The table of an ablation: its runs, and the claims that they put to the test."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdk.errors import InputError
from train.config import TrainConfig, config_from_dict, read_toml


@dataclass(frozen=True, slots=True)
class Claim:
    """That the runs like `better` err less than those like `than`; `source` says who claims it, with figures."""

    text: str
    source: str
    better: str
    than: str


@dataclass(frozen=True, slots=True)
class Ablation:
    """Configurations by the name of their run, and claims about them.

    Attributes:
        anew: layers by the name of a run, that start at random where all runs start from trained weights.
    """

    runs: Mapping[str, TrainConfig]
    claims: tuple[Claim, ...] = ()
    anew: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.runs:
            raise InputError("ablation: expected tables [runs.NAME], got none")
        for name, layers in self.anew.items():
            if name not in self.runs or not isinstance(layers, list | tuple):
                raise InputError(f"ablation: anew: expected NAME = [layers] of a run, got {name} = {layers!r}")
        for claim in self.claims:
            for name in (claim.better, claim.than):
                if name not in self.runs:
                    known = ", ".join(self.runs)
                    raise InputError(f"ablation: claim {claim.text!r} names the run {name!r}; known are {known}")


def same_but_for_the_seed(configs: Mapping[str, Mapping[str, Any]], name: str) -> list[str]:
    """Names of the configurations that equal one of them in all but the seed."""
    return [other for other, config in configs.items() if {**config, "seed": 0} == {**configs[name], "seed": 0}]


def load_ablation(path: Path) -> Ablation:
    """Read a table: [base], then [runs.NAME] with what each run changes, [[claims]], and perhaps [anew].

    A table of a run, such as `landmarks`, replaces the base's whole.

    Raises:
        InputError: the file, a run's configuration or a claim is wrong; the message names it.
    """
    table = read_toml(path)
    if unknown := sorted(set(table) - {"base", "runs", "claims", "anew"}):
        raise InputError(f"{path}: unknown table {unknown[0]}; known are base, runs, claims, anew")
    base, runs = table.get("base", {}), table.get("runs", {})
    try:
        configs = {name: config_from_dict({**base, **changes}) for name, changes in runs.items()}
        claims = tuple(_claim(row) for row in table.get("claims", []))
        return Ablation(configs, claims, table.get("anew", {}))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _claim(row: Mapping[str, str]) -> Claim:
    fields = [field.name for field in dataclasses.fields(Claim)]
    if sorted(row) != sorted(fields):
        raise InputError(f"claim: expected {', '.join(fields)}, got {', '.join(row)}")
    return Claim(**row)
