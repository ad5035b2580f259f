"""Values as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from convert.checks import Check
from convert.comparison import Comparison
from convert.layers import LayerError
from convert.parity import Spread


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: the first column names, the others hold numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def comparison_tables(found: Comparison) -> str:
    """What differs, then both models' own figures."""
    differences = []
    for name, p in found.parity.items():
        differences.append((f"{name}: landmarks, % of eye distance", *_spread(p.landmarks_percent, 3)))
        differences.append((f"{name}: pose, degrees", *_spread(p.pose_deg, 3)))
        if p.raw_landmarks is not None:
            differences.append((f"{name}: raw landmarks, sides of the crop", *_spread(p.raw_landmarks, 5)))
        differences.append((f"{name}: raw pose, units of 90°", *_spread(p.raw_pose, 5)))
    own = table(("", found.a.name, found.b.name, "B - A", "B / A"), _sides(found))
    return table(("B against A", "mean", "p95", "max"), differences) + "\n\n" + own


def layer_table(rows: Sequence[LayerError]) -> str:
    """A row per activation, in the order they are computed."""
    head = ("layer", "operation", "own grid, %", "in all, %", "clipped, %", "levels used, %")
    return table(head, [(r.layer, r.code, *_layer_figures(r)) for r in rows])


def _layer_figures(row: LayerError) -> tuple[str, ...]:
    levels = "float" if row.levels_percent is None else f"{row.levels_percent:.0f}"
    return *(f"{v:.2f}" for v in (row.grid_percent, row.total_percent, row.clipped_percent)), levels


def check_table(checks: Sequence[Check]) -> str:
    """A row per limit."""
    rows = [(c.name, _measured(c), f"{c.bound} {_words(c.limit)}".strip(), _verdict(c)) for c in checks]
    return table(("limit", "measured, and on other faces", "passes", ""), rows)


def _measured(check: Check) -> str:
    """The value, with its interval where there is one."""
    if check.low is None or check.high is None:
        return _words(check.value)
    return f"{_words(check.value)} ({check.low:.3g} to {check.high:.3g})"


def _verdict(check: Check) -> str:
    return "kept" if check.passed else "BROKEN"


def _words(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _sides(found: Comparison) -> list[tuple[str, ...]]:
    a, b = found.a, found.b
    rows = [("recipe", a.recipe, b.recipe, "", "")]
    for name in a.accuracy:
        p, q = a.accuracy[name], b.accuracy[name]
        rows.append(_row(f"{name}, {p.faces} faces: NME %", p.nme_interocular, q.nme_interocular, 3))
        rows.append(_row(f"{name}: failures above 8 %", p.failure_rate_at_8, q.failure_rate_at_8, 4))
        rows.append(_row(f"{name}: failures above 10 %", p.failure_rate_at_10, q.failure_rate_at_10, 4))
        rows.append(_row(f"{name}: pose MAE, degrees", p.pose_mae_deg, q.pose_mae_deg, 3))
    for name in a.jitter:
        p_, q_ = a.jitter[name], b.jitter[name]
        rows.append(_row(f"{name}: jitter, % of eye distance", p_.landmarks_percent, q_.landmarks_percent, 3))
        rows.append(_row(f"{name}: jitter of pose, degrees", p_.pose_deg, q_.pose_deg, 3))
    rows.append(_row("flatbuffer and head, MB", a.flatbuffer_bytes / 1e6, b.flatbuffer_bytes / 1e6, 2))
    rows.append(_row("multiply-accumulates, M", a.macs / 1e6, b.macs / 1e6, 1))
    unit = f"{a.latency.backend}, {a.latency.num_threads} thread, ms"
    rows.append(_row(f"best run, {unit}", a.latency.best_ms, b.latency.best_ms, 3))
    rows.append(_row(f"median run, {unit}", a.latency.p50_ms, b.latency.p50_ms, 3))
    return rows


def _row(name: str, a: float, b: float, digits: int) -> tuple[str, ...]:
    ratio = f"{b / a:.2f}" if a else ""
    return name, f"{a:.{digits}f}", f"{b:.{digits}f}", f"{b - a:+.{digits}f}", ratio


def _spread(spread: Spread, digits: int) -> tuple[str, str, str]:
    return f"{spread.mean:.{digits}f}", f"{spread.p95:.{digits}f}", f"{spread.max:.{digits}f}"
