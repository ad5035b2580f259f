"""Where an integer model loses: its activations against those of the float model, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.calibrated import layer_of
from convert.faces import Face
from convert.graph import Operation, Tensor, read_graph
from convert.taps import taps
from sdk.errors import InputError
from sdk.model_file import ModelFile
from sdk.quantization import dequantize

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LayerError:
    """One activation on all faces; errors as root mean square, in per cent of the float activation's.

    Attributes:
        grid_percent: what rounding the float activation to this grid alone costs: the layer's own share.
        total_percent: the integer activation's error, all that came before included.
        clipped_percent: values beyond the ends of the grid.
        levels_percent: share of the grid's levels between the least and the greatest value; None in a float tail.
    """

    layer: str
    code: str
    shape: tuple[int, ...]
    grid_percent: float
    total_percent: float
    clipped_percent: float
    levels_percent: float | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def layer_errors(real: ModelFile, integer: ModelFile, faces: Sequence[Face]) -> list[LayerError]:
    """A row per activation of both models, in the order the integer model computes them.

    Raises:
        InputError: the models were not made of one network by `python -m convert`.
    """
    a, b = (_activations(model) for model in (real, integer))
    shared = {key: op for key, op in b.items() if key in a}
    if not any(op.outputs[0].scales for op in shared.values()):
        raise InputError("layers: expected a float and an integer model of one network; no activation is in both")
    sums = {key: np.zeros(5) for key in shared}
    extremes = {key: [np.inf, -np.inf] for key in shared}
    watched = [{key: ops[key].outputs[0] for key in shared} for ops in (a, b)]
    runs = [taps(model, tensors, faces) for model, tensors in zip((real, integer), watched, strict=True)]
    for of_real, of_integer in zip(*runs, strict=True):
        for key, op in shared.items():
            low, high = _add(sums[key], of_real[key], of_integer[key], op.outputs[0])
            extremes[key] = [min(extremes[key][0], low), max(extremes[key][1], high)]
    return [_row(key, op, sums[key], extremes[key]) for key, op in shared.items()]


def _activations(model: ModelFile) -> dict[str, Operation]:
    """Operations by the layer and operation that their output is named after; the first of a name."""
    found: dict[str, Operation] = {}
    for op in read_graph(model.flatbuffer).operations:
        layer = layer_of(op.outputs[0].name)
        if layer and op.code not in ("QUANTIZE", "DEQUANTIZE"):
            found.setdefault(f"{layer}/{op.outputs[0].name.rsplit('/', 1)[-1]}", op)
    return found


def _add(sums: npt.NDArray[np.float64], real: Float32, grid: Float32, tensor: Tensor) -> tuple[float, float]:
    """Add a face's squares (values, own error, total error) and counts (clipped, all); extremes on the grid."""
    places = kept = rounded = real
    if tensor.scales:
        scale, zero_point = tensor.scales[0], tensor.zero_points[0]
        info = np.iinfo(np.int8 if tensor.type == "INT8" else np.int16)
        places = np.rint(real / scale) + zero_point
        kept = np.clip(places, info.min, info.max)
        rounded = dequantize(kept, scale=scale, zero_point=zero_point)
    squares = [(values**2).sum() for values in (real, rounded - real, grid - real)]
    sums += [*squares, (places != kept).sum(), real.size]
    return float(kept.min()), float(kept.max())


def _row(key: str, op: Operation, sums: npt.NDArray[np.float64], extremes: Sequence[float]) -> LayerError:
    power, own, total, clipped, count = (float(v) for v in sums)
    tensor = op.outputs[0]
    levels = {"INT8": 255, "INT16": 65535}.get(tensor.type)
    return LayerError(
        layer=key,
        code=op.code,
        shape=op.outputs[0].shape,
        grid_percent=100.0 * (own / max(power, 1e-30)) ** 0.5,
        total_percent=100.0 * (total / max(power, 1e-30)) ** 0.5,
        clipped_percent=100.0 * clipped / count,
        levels_percent=100.0 * (extremes[1] - extremes[0]) / levels if levels else None,
    )
