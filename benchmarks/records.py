"""Result files: rows and where they come from, as JSON that is checked against schema.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sdk.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SCHEMA = Path(__file__).with_name("schema.json")


def write_record(path: Path | None, suite: str, rows: Sequence[dict[str, Any]], **more: Any) -> None:
    """Write rows and the environment, if a path is given; the old or the new file is there, never half of one."""
    from benchmarks.environment import environment
    from benchmarks.machine import kind
    from train.checkpoint import write_bytes

    if path is None:
        return
    record = {"suite": suite, "environment": environment(), "processor": kind(), **more, "rows": list(rows)}
    write_bytes(path, (json.dumps(record, indent=1) + "\n").encode())
    print(f"wrote {path}")


def read_record(path: Path) -> dict[str, Any]:
    """A result file, checked.

    Raises:
        InputError: it is missing, no JSON, or not as schema.json says; the message names the place.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: expected a result file in JSON ({error})") from error
    check(record, str(path))
    return dict(record)


def read_records(folder: Path = RESULTS, suite: str | None = None) -> dict[str, dict[str, Any]]:
    """All result files of a folder by name, in order; those of one suite if it is named."""
    records = {path.stem: read_record(path) for path in sorted(folder.glob("*.json"))}
    return {name: r for name, r in records.items() if suite in (None, r["suite"])}


def check(record: Any, origin: str) -> None:
    """Raise InputError where a record is not as schema.json says; suites unknown to it need the frame alone."""
    import jsonschema

    errors = sorted(jsonschema.Draft202012Validator(_schema()).iter_errors(record), key=lambda e: list(e.path))
    if errors:
        place = "/".join(str(p) for p in errors[0].absolute_path) or "the top"
        raise InputError(f"{origin}: at {place}: {errors[0].message}")


@cache
def _schema() -> dict[str, Any]:
    return dict(json.loads(SCHEMA.read_text(encoding="utf-8")))
