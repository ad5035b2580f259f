"""An ablation as a record to keep and tables to read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from train.ablation.noise import VERDICTS, Difference, Noise, difference, groups, nme, seed_noise
from train.ablation.row import ERROR, RunRow
from train.ablation.table import Ablation, Claim
from train.environment import environment

WHOLE = "full"
"""The part that verdicts are about, where the set has it."""

MISSING = "a run is missing"

Record = Mapping[str, Any]


def to_record(
    ablation: Ablation,
    rows: Sequence[RunRow],
    *,
    command: str,
    diverged: Mapping[str, str],
    earlier: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """What is written as JSON; `earlier`: environments that measured some of the rows, with their runs' names."""
    there = [row.run for row in rows]
    return {
        "suite": "ablation",
        "environment": environment(command),
        "claims": [asdict(claim) for claim in ablation.claims],
        "unfinished": {n: diverged.get(n, "not trained yet") for n in ablation.runs if n not in there},
        **({"earlier": list(earlier)} if earlier else {}),
        "rows": [asdict(row) for row in rows],
    }


def to_json(record: Record) -> str:
    """The record as JSON text, a list of numbers in one line."""
    text = json.dumps(record, indent=1, allow_nan=False)
    return re.sub(r"\[[-+.eE\d,\s]+\]", lambda found: " ".join(found[0].split()), text) + "\n"


def rows_of(record: Record) -> list[RunRow]:
    """The rows of a record again."""
    return [RunRow(**row) for row in record["rows"]]


def claims_of(record: Record) -> list[Claim]:
    """The claims of a record again."""
    return [Claim(**claim) for claim in record["claims"]]


def runs_table(record: Record) -> str:
    """What each run is and came to."""
    rows = rows_of(record)
    parts = _parts(rows)
    whole = _whole(parts)
    head = (
        ["run", "landmark loss", "seed", f"slope at {ERROR:.0%}"]
        + [f"NME {part} %" for part in parts]
        + [f"FR10 {whole} %", f"AUC10 {whole}", f"yaw, pitch, roll MAE {whole}°", "s/epoch", "parameters"]
    )
    lines = [_cells_of(row, parts, whole) for row in rows]
    lines += [[name, why, *[""] * (len(head) - 2)] for name, why in record["unfinished"].items()]
    return _table(head, lines, left=2)


def claims_table(record: Record) -> str:
    """Each claim: difference in NME, better minus other, and what chance stays below."""
    rows = rows_of(record)
    parts = _parts(rows)
    whole = _whole(parts)
    head = ["claim", "claimed by", *parts, f"verdict on {whole}"]
    lines = []
    for claim in claims_of(record):
        found = {part: difference(rows, claim, part) for part in parts}
        verdict = found[whole].verdict if found[whole] else MISSING
        lines.append([claim.text, claim.source, *(_difference(found[part]) for part in parts), verdict])
    return _table(head, lines, left=2)


def verdicts(record: Record) -> str:
    """The claims by what became of them."""
    rows = rows_of(record)
    whole = _whole(_parts(rows))
    by_verdict: dict[str, list[str]] = {verdict: [] for verdict in (*VERDICTS, MISSING)}
    for claim in claims_of(record):
        found = difference(rows, claim, whole)
        by_verdict[found.verdict if found else MISSING].append(claim.text)
    return "\n".join(f"- **{verdict.capitalize()}**: {'; '.join(c)}." for verdict, c in by_verdict.items() if c)


def noise_table(record: Record) -> str:
    """The runs with several seeds side by side, and the deviation that they share."""
    rows = rows_of(record)
    parts = _parts(rows)
    repeated = [group for group in groups(rows) if len(group) > 1]
    lines = [
        [group[0].run, ", ".join(str(row.config["seed"]) for row in group)]
        + [", ".join(f"{nme(row, part):.2f}" for row in group) for part in parts]
        for group in repeated
    ]
    lines.append(["deviation between seeds", "", *(_deviation(seed_noise(rows, part)) for part in parts)])
    return _table(["run", "seeds", *(f"NME {part} %" for part in parts)], lines, left=2)


def _cells_of(row: RunRow, parts: Sequence[str], whole: str) -> list[str]:
    figures = row.landmarks[whole]
    slopes = ["-"] if row.slopes is None else list(dict.fromkeys(f"{slope:.1f}" for slope in row.slopes))
    return [
        row.run,
        _loss(row.config),
        str(row.config["seed"]),
        " to ".join(slopes),
        *(f"{nme(row, part):.2f}" for part in parts),
        f"{100 * figures['failure_rate_at_10']:.1f}",
        f"{figures['auc_at_10']:.3f}",
        ", ".join(f"{angle:.1f}" for angle in row.pose_mae_deg[whole]),
        f"{row.seconds_per_epoch:.0f}",
        f"{row.parameters / 1e6:.2f} M",
    ]


def _loss(config: Mapping[str, Any]) -> str:
    """The landmark loss and its weight, the smooth face's share where it is one."""
    task = config["landmarks"]
    share = task["options"].get("variance")
    text = f"{task['weight']:g} {task['loss']}" + (f" ({share:.0%})" if share else "")
    if config["balance_bins"]:
        text += f", {config['balance_bins']} pose bins"
    return text


def _parts(rows: Sequence[RunRow]) -> list[str]:
    """Parts that every run was measured on."""
    return [part for part in rows[0].landmarks if all(part in row.landmarks for row in rows)] if rows else []


def _whole(parts: Sequence[str]) -> str:
    return WHOLE if WHOLE in parts or not parts else parts[-1]


def _difference(found: Difference | None) -> str:
    if found is None:
        return "-"
    limit = "" if found.limit is None else f" (±{found.limit:.2f})"
    return f"{found.value:+.2f}{limit}"


def _deviation(noise: Noise | None) -> str:
    return "-" if noise is None else f"{noise.deviation:.3f}"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]], *, left: int) -> str:
    rule = "|" + "---|" * left + "---:|" * (len(head) - left)
    return "\n".join([f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(line)} |" for line in lines)])
