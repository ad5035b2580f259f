"""The folder of a run: last.npz to go on from, best.npz to use, history.csv to look at."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sdk.errors import InputError
from train.checkpoint import (
    CheckpointError,
    assign,
    csv_bytes,
    numbered,
    read_arrays,
    remove_parts,
    weights_of,
    write_arrays,
    write_bytes,
)
from train.config import TrainConfig, config_from_dict
from train.fingerprint import check_same_data

Row = dict[str, float]
"""Of the history: epoch, loss and its terms, alpha of an ASM loss, learning_rate, val_nme and val_pose_mae_deg
(NaN where they were not measured), seconds."""


def measured(history: Sequence[Row]) -> list[Row]:
    """The rows with an NME on val."""
    return [row for row in history if not math.isnan(row["val_nme"])]


def best_of(history: Sequence[Row]) -> Row | None:
    """The first row of the lowest NME on val, if any was measured."""
    return min(measured(history), key=lambda row: row["val_nme"], default=None)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Each file is whole or absent, and last.npz is never older than a line of history.csv.

    Attributes:
        data: digests of what the run is trained on (train.fingerprint), by name; it goes on with the same alone.
    """

    path: Path
    config: TrainConfig
    data: Mapping[str, str] = field(default_factory=dict)

    @property
    def last(self) -> Path:
        return self.path / "last.npz"

    @property
    def best(self) -> Path:
        return self.path / "best.npz"

    def restore(self, network: Any) -> list[Row]:
        """Bring a compiled network and its optimizer to the last whole epoch; its history, empty if there is none.

        Raises:
            CheckpointError: the file is damaged or belongs to another configuration or network.
        """
        remove_parts(self.path)
        if not self.last.exists():
            return []
        arrays, note = read_arrays(self.last)
        self._check_same(note)
        assign(self.last, state_of(network), arrays)
        return list(note["history"])

    def finished(self) -> bool:
        """Whether the last epoch of the configuration is done.

        Raises:
            CheckpointError: as `restore`.
        """
        if not self.last.exists():
            return False
        note = read_arrays(self.last)[1]
        self._check_same(note)
        return int(note["epoch"]) >= self.config.epochs

    def save(self, network: Any, averaged: Any, history: Sequence[Row], note: dict[str, Any]) -> None:
        """Write the state after an epoch, and `averaged` if it is the best so far, with `note` beside it."""
        row, config = history[-1], jsonable(self.config)
        if row is best_of(history):
            known = {"config": config, "epoch": int(row["epoch"]), "val_nme": row["val_nme"]}
            write_arrays(self.best, weights_of(averaged), known | note)
        arrays = {name: np.asarray(variable) for name, variable in state_of(network).items()}
        write_arrays(
            self.last,
            arrays,
            {"config": config, "data": dict(self.data), "epoch": int(row["epoch"]), "history": list(history)},
        )
        write_bytes(self.path / "history.csv", csv_bytes(history))

    def _check_same(self, note: dict[str, Any]) -> None:
        """A setting that an older version did not know has its default."""
        try:
            there = jsonable(config_from_dict(note["config"]))
        except InputError as error:
            raise CheckpointError(f"{self.last}: {error}; was it written by a newer version?") from error
        check_same_data(self.last, note.get("data", {}), self.data)
        changed = [key for key, value in jsonable(self.config).items() if there[key] != value]
        if changed:
            raise CheckpointError(
                f"{self.last}: belongs to a run with another configuration (differs in "
                f"{', '.join(changed)}); use another --out, or remove the folder to start again"
            )


def state_of(network: Any) -> dict[str, Any]:
    """Every variable of a compiled network that the next step depends on, by its name in last.npz."""
    return numbered(model=network.variables, optimizer=network.optimizer.variables)


def jsonable(config: TrainConfig) -> dict[str, Any]:
    """The configuration as it looks after a trip through JSON."""
    return dict(json.loads(json.dumps(config.to_dict())))
