"""Pictures of figures and of faces, as PNG bytes or pixels; matplotlib and OpenCV are imported when used."""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.drawing import write_line
from sdk.errors import InputError, SdkError
from sdk.geometry import Crop
from sdk.metrics import ced, failure_rate
from sdk.missing import how_to_install
from sdk.results import BBox
from sdk.schemes import LandmarkScheme

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

TRUE = (80, 230, 80)
PREDICTED = (80, 80, 255)
_EMPTY = 32
_STEP = 8  # three fractional bits of OpenCV's coordinates


class PlotError(SdkError):
    """A plot cannot be drawn."""


def check_matplotlib() -> None:
    """Say at once what is missing, not after the work.

    Raises:
        PlotError: matplotlib is not installed; the message names the extra that installs it.
    """
    _figure_class()


def ced_png(curves: Mapping[str, npt.ArrayLike], *, title: str, limit: float = 10.0) -> bytes:
    """PNG of `ced_figure`."""
    return figure_png(ced_figure(curves, title=title, limit=limit))


FEW = 5
"""Curves whose legend leaves them in sight inside the axes; that of more stands beside them."""


def ced_figure(curves: Mapping[str, npt.ArrayLike], *, title: str, limit: float = 10.0) -> Any:
    """Cumulative error distributions: share of faces whose NME is at most x per cent, for x to `limit`.

    Args:
        curves: NME in per cent of each face, by the name in the legend.
    Raises:
        PlotError: matplotlib is not installed.
    """
    many = len(curves) > FEW
    figure = new_figure(10.5 if many else 7.0, 4.6)
    axes = figure.subplots()
    for k, (name, nme) in enumerate(curves.items()):
        thresholds, share = ced(nme, limit=limit)
        label = (
            f"{name}: mean {np.mean(np.asarray(nme)):.2f} %, over {limit:g}: {failure_rate(nme, limit=limit):.1%}"
        )
        axes.plot(thresholds, share, color=f"C{k % 10}", linestyle="-" if k < 10 else "--", label=label)
    axes.set(xlim=(0, limit), ylim=(0, 1), xlabel="inter-ocular NME, %", ylabel="share of faces", title=title)
    axes.grid(alpha=0.3)
    if many:
        figure.legend(loc="outside right upper", fontsize="small")
    else:
        axes.legend(loc="lower right", fontsize="small")
    return figure


def new_figure(width: float, height: float) -> Any:
    """An empty figure of that many inches.

    Raises:
        PlotError: matplotlib is not installed.
    """
    return _figure_class()(figsize=(width, height), dpi=110, layout="constrained")


def figure_png(figure: Any) -> bytes:
    """A figure of matplotlib as PNG."""
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def png(picture: UInt8) -> bytes:
    """A BGR picture as PNG."""
    import cv2

    done, content = cv2.imencode(".png", picture)
    if not done:
        raise PlotError(f"picture: OpenCV could not encode {picture.shape} as PNG")
    return content.tobytes()


def contact_sheet(pictures: Iterable[UInt8], *, tile: int, columns: int) -> UInt8:
    """Pictures of any size in a grid of tile x tile squares, shrunk or enlarged to fit."""
    import cv2

    tiles = []
    for picture in pictures:
        scale = tile / max(picture.shape[:2])
        size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
        square = np.full((tile, tile, 3), _EMPTY, np.uint8)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        square[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=interpolation)
        tiles.append(square)
    if not tiles:
        raise InputError("contact sheet: expected at least one picture, got none")
    tiles += [np.full((tile, tile, 3), _EMPTY, np.uint8)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)


def marked_face(
    image: UInt8,
    predicted: Float32 | None,
    truth: Float32 | None,
    scheme: LandmarkScheme,
    *,
    lines: Sequence[str],
    side: int,
) -> UInt8:
    """The face of a BGR image, (side, side, 3): true landmarks green, predicted ones red, lines of text below.

    Landmarks (n, 2) are in pixels of the image; None: there are none, but one of the two there must be.
    """
    shown = [points for points in (predicted, truth) if points is not None]
    crop = Crop.around(BBox.around(np.vstack(shown)), size=side, margin=1.25)
    picture = np.ascontiguousarray(crop.extract(image))
    for points, colour in ((truth, TRUE), (predicted, PREDICTED)):
        if points is not None:
            _draw_points(picture, (crop.to_crop(points) + 0.5) * side - 0.5, scheme, colour)
    for k, text in enumerate(reversed(lines)):
        place = (4, side - 6 - 15 * k)
        write_line(picture, text, place, 0.45)
    return picture


def _draw_points(picture: UInt8, points: Float32, scheme: LandmarkScheme, colour: tuple[int, int, int]) -> None:
    import cv2

    fixed = np.rint(points * _STEP).astype(np.int32)
    for indices in scheme.groups.values():
        cv2.polylines(picture, [fixed[list(indices)].reshape(-1, 1, 2)], False, colour, 1, cv2.LINE_AA, 3)
    for x, y in fixed:
        cv2.circle(picture, (int(x), int(y)), int(1.5 * _STEP), colour, -1, cv2.LINE_AA, 3)


def _figure_class() -> Any:
    """matplotlib.figure.Figure: without pyplot it needs no screen and keeps no state."""
    try:
        return importlib.import_module("matplotlib.figure").Figure
    except ImportError as error:
        raise PlotError(f"plots need matplotlib; {how_to_install('bench')}") from error
