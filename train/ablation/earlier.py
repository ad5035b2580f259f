"""Rows of an earlier record, for runs of an ablation that another machine has trained."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sdk.errors import InputError
from train.ablation.report import rows_of
from train.ablation.row import RunRow
from train.ablation.table import Ablation
from train.config import TrainConfig, config_from_dict
from train.run_folder import jsonable


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a record tells about the runs of a table.

    Attributes:
        rows: of the runs whose configuration is the same, by name.
        left: why each of the others is not used, by name.
        sources: environments that measured rows, each with the names of its runs, as in a record.
    """

    rows: Mapping[str, RunRow]
    left: Mapping[str, str]
    sources: Sequence[Mapping[str, Any]]

    def sources_of(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """The environments that measured the runs of these names, for the record that takes them over."""
        kept = [{**s, "runs": [name for name in s["runs"] if name in names]} for s in self.sources]
        return [source for source in kept if source["runs"]]


NOTHING = Earlier({}, {}, ())


def read_earlier(
    path: Path, ablation: Ablation, *, train_faces: int, val_faces: int, started_from: str = ""
) -> Earlier:
    """The rows of a record that `python -m train ablation --out` wrote.

    Args:
        started_from: name of the file of weights that the runs of the table start from; empty for random ones.
    Raises:
        InputError: it is no such record; the message names it.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        rows = rows_of(record)
        before: list[dict[str, Any]] = record.get("earlier", [])
        taken = {name for source in before for name in source["runs"]}
        own = {"environment": record["environment"], "runs": [r.run for r in rows if r.run not in taken]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"--earlier {path}: expected a record that python -m train ablation --out wrote ({error!r})"
        ) from error
    left = {
        row.run: why for row in rows if (why := _obstacle(row, ablation, train_faces, val_faces, started_from))
    }
    # The table's own configuration, so that a setting which the record did not know is no difference between rows.
    used = {row.run: replace(row, config=jsonable(ablation.runs[row.run])) for row in rows if row.run not in left}
    return Earlier(used, left, [*before, own])


def _obstacle(row: RunRow, ablation: Ablation, train_faces: int, val_faces: int, started_from: str) -> str | None:
    """Why a row is none of this table's runs on these faces; None if it is one."""
    if row.run not in ablation.runs:
        return "not in the table"
    try:
        there = config_from_dict(row.config)
    except InputError as error:
        return f"{error}; was it written by a newer version?"
    if changed := _changed(there, ablation.runs[row.run]):
        return f"another configuration: differs in {', '.join(changed)}"
    if row.started_from != started_from:
        other, ours = (name or "random weights" for name in (row.started_from, started_from))
        return f"started from {other} where these start from {ours}"
    if (count := len(row.nme.get("val", []))) != val_faces:
        return f"measured on {count} faces of val where there are {val_faces}"
    if not there.balance_bins and row.faces_per_epoch != train_faces:
        return f"trained on {row.faces_per_epoch} faces where there are {train_faces}"
    return None


def _changed(one: TrainConfig, other: TrainConfig) -> list[str]:
    there, here = jsonable(one), jsonable(other)
    return [key for key in here if there[key] != here[key]]
