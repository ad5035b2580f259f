"""The plots of an ablation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from train.ablation.noise import groups, nme, seed_noise
from train.ablation.row import RunRow
from train.plots import ced_figure, figure_png, new_figure

COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red")


def pictures(rows: Sequence[RunRow], *, title: str) -> Mapping[str, bytes]:
    """PNGs by name: nme, curves and ced.

    Raises:
        PlotError: matplotlib is not installed.
    """
    whole = "full" if "full" in rows[0].nme else list(rows[0].nme)[-1]
    return {
        "ablation_nme.png": nme_png(rows, title=title),
        "ablation_curves.png": curves_png(rows, title=title),
        "ablation_ced.png": figure_png(ced_figure(_ced_curves(rows, whole), title=f"{title}, {whole}")),
    }


def nme_png(rows: Sequence[RunRow], *, title: str) -> bytes:
    """A dot a run, those that differ in the seed alone in one row; bars: the mean's deviation between seeds."""
    parts, together = list(rows[0].landmarks), groups(rows)
    figure = new_figure(9.0, 0.34 * len(together) + 1.6)
    axes: Any = figure.subplots(1, len(parts), sharey=True, squeeze=False)[0]
    for column, part in enumerate(parts):
        noise = seed_noise(rows, part)
        for height, group in enumerate(together):
            values = [nme(row, part) for row in group]
            error = noise.deviation / len(group) ** 0.5 if noise else 0.0
            axes[column].errorbar(np.mean(values), height, xerr=error, color="0.6", capsize=3, zorder=1)
            axes[column].plot(values, [height] * len(values), "o", color=COLOURS[column % 4], markersize=4)
        axes[column].set(xlabel=f"NME {part}, %")
        axes[column].grid(alpha=0.3)
    axes[0].set_yticks(range(len(together)), [group[0].run for group in together], fontsize="small")
    axes[0].set_ylim(len(together) - 0.5, -0.5)  # the first run on top
    figure.suptitle(title, fontsize="medium")
    return figure_png(figure)


def curves_png(rows: Sequence[RunRow], *, title: str) -> bytes:
    """Training loss of each run over its loss in the first epoch: the losses have no common unit."""
    figure = new_figure(9.0, 5.2)
    axes: Any = figure.subplots()
    for colour, group in enumerate(groups(rows)):
        for k, row in enumerate(group):
            epochs = np.arange(1, len(row.loss) + 1)
            style = {"color": f"C{colour % 10}", "linestyle": "-:"[k % 2] if colour < 10 else ("--", "-.")[k % 2]}
            axes.plot(epochs, np.array(row.loss) / row.loss[0], **style, linewidth=1.0, label=row.run)
    axes.set(yscale="log", xlabel="epoch", ylabel="training loss over that of epoch 1", title=title)
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize="x-small", ncols=2)
    return figure_png(figure)


def _ced_curves(rows: Sequence[RunRow], part: str) -> dict[str, list[float]]:
    return {group[0].run: [v for row in group for v in row.nme[part]] for group in groups(rows)}
