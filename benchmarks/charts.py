"""Figures of the report: accuracy against cost with the Pareto front, and cumulative error distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

SIZE = (7.2, 4.2)

ERROR_MARGIN = 0.25
"""Points of NME above and below all models: differences that nobody would feel should not fill the chart."""


@dataclass(frozen=True, slots=True)
class Point:
    """A model's cost and error; less of both is better."""

    name: str
    cost: float
    error: float


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """Points that no other beats in both, cheapest first."""
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, p.error)):
        if not front or point.error < front[-1].error:
            front.append(point)
    return front


def cost_chart(points: Sequence[Point], *, cost: str, error: str) -> Any:
    """Error over cost, logarithmic, the front drawn as steps."""
    figure, axes = _axes(cost, error)
    front = pareto_front(points)
    axes.step([p.cost for p in front], [p.error for p in front], where="post", color="#9aa7b4", lw=1, ls="--")
    axes.set_xscale("log")
    for point in points:
        best = point in front
        axes.scatter(point.cost, point.error, s=40, color="#0b6bcb" if best else "#b4532a", zorder=3)
        axes.annotate(point.name, (point.cost, point.error), xytext=(6, 5), textcoords="offset points", fontsize=8)
    low, high = min(p.cost for p in points), max(p.cost for p in points)
    axes.set_xlim(low / 1.5, high * 2.5)
    bottom, top = min(p.error for p in points), max(p.error for p in points)
    axes.set_ylim(bottom - ERROR_MARGIN, top + ERROR_MARGIN)
    _write_plainly(axes.xaxis)
    return figure


def time_chart(times: Mapping[str, Mapping[str, float]], *, title: str) -> Any:
    """Horizontal bars: for each name a bar for each kind, such as int8."""
    figure, axes = _axes(title, "")
    kinds = list(dict.fromkeys(kind for of in times.values() for kind in of))
    height = 0.8 / len(kinds)
    for number, kind in enumerate(kinds):
        places = [
            row + height * (number - (len(kinds) - 1) / 2) for row, of in enumerate(times.values()) if kind in of
        ]
        values = [of[kind] for of in times.values() if kind in of]
        bars = axes.barh(places, values, height, label=kind)
        axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=7)
    axes.set_yticks(range(len(times)), list(times))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.12)
    axes.legend(fontsize=8, frameon=False)
    return figure


def ced_chart(curves: Mapping[str, Sequence[float]], *, limit: float = 10.0) -> Any:
    """Share of faces up to each NME; each curve goes from 0 to `limit` in even steps."""
    figure, axes = _axes("NME by outer-eye distance, %", "share of faces")
    for name, shares in curves.items():
        axes.plot(np.linspace(0, limit, len(shares)), shares, label=name, lw=1.6)
    axes.set_xlim(0, limit)
    axes.set_ylim(0, 1)
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    return figure


def reliability_chart(curves: Mapping[str, tuple[Any, Any]]) -> Any:
    """True over expected errors, means of parts of the points, both in per cent; on the line they are equal."""
    figure, axes = _axes("expected error, % of the outer-eye distance", "true error, %")
    ends = [float(v) for pair in curves.values() for values in pair for v in (min(values), max(values))]
    low, high = min(ends) / 1.2, max(ends) * 1.2
    axes.plot([low, high], [low, high], color="#9aa7b4", lw=1, ls="--")
    for name, (expected, true) in curves.items():
        axes.plot(expected, true, marker="o", ms=4, lw=1.4, label=name)
    for scale, limit in ((axes.set_xscale, axes.set_xlim), (axes.set_yscale, axes.set_ylim)):
        scale("log")
        limit(low, high)
    for axis in (axes.xaxis, axes.yaxis):
        _write_plainly(axis)
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    return figure


def _write_plainly(axis: Any) -> None:
    """1, 2, 5, 10 and so on along a logarithmic axis."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(NullFormatter())


def _axes(x: str, y: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE)
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
