"""The tables of README and docs are those of the committed results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.readme import PAGES, updated
from sdk.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = ROOT / "benchmarks" / "results"


@pytest.mark.parametrize("page", PAGES)
def test_the_tables_are_up_to_date(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert updated(text, page=page) == text


def test_a_changed_result_changes_the_table(tmp_path):
    for path in RESULTS.glob("*.json"):
        record = json.loads(path.read_text())
        if record["suite"] == "accuracy":
            record["rows"][0]["nme_interocular"] = 77.77
        (tmp_path / path.name).write_text(json.dumps(record))
    assert "77.77" in updated(README, tmp_path)


def test_a_missing_mark_is_named():
    with pytest.raises(InputError, match="expected a mark <!-- accuracy: FILE -->"):
        updated("# no tables")


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda p: p.stem)
def test_results_say_where_they_come_from(path):
    record = json.loads(path.read_text())
    assert path.stem.startswith(record["suite"])
    assert set(record["environment"]) >= {"command", "commit", "device", "python", "versions"}
    assert record["rows"]
