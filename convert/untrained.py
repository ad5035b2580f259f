"""Every network of the registry by every recipe, untrained: what converts, how large, how near to float."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from convert.build import Source, model_file
from convert.faces import drawn_faces
from convert.graph import Graph, read_graph
from convert.inspection import foreign_operations, size, stray_floats
from convert.latency import latencies
from convert.looks import look, rgb_crop
from convert.recipes import FLOAT32, RECIPES, Recipe
from convert.tables import table
from sdk.errors import SdkError
from sdk.geometry import Crop
from sdk.interpreter import TfliteInterpreter
from sdk.model_file import ModelFile
from sdk.shape_model import ShapeModel
from train.averaging import BatchStatistics
from train.batches import network_input
from train.config import config_from_dict
from train.networks import NETWORKS
from train.trained import build

FACES = 12
HEAD = (
    "network, recipe",
    "MB",
    "outputs moved, %",
    "latency ratio",
    "operations on integers",
    "on floats",
    "stray",
)

UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Converted:
    """One network by one recipe; `moved_percent`: mean difference of the landmark outputs from the float32
    model's, over their standard deviation. `reason` says in one line why there are no figures."""

    network: str
    recipe: str
    bytes: int = 0
    moved_percent: float = 0.0
    latency_ratio: float = 0.0
    on_integers: int = 0
    on_floats: int = 0
    stray: int = 0
    reason: str = ""


def untrained_source(name: str, crops: UInt8, *, width: float = 1.0) -> Source:
    """A network of the registry with random weights, its batch statistics those of the crops (BGR): without,
    activations fade from layer to layer."""
    keras.utils.set_random_seed(0)
    config = config_from_dict({"network": name, "size": int(crops.shape[1]), "width": width, "dropout": 0.0})
    network = build(config, 68)
    BatchStatistics(network).measure([network_input(crops)])
    return Source(network, config, {"epoch": 0, "val_nme": float("nan"), "data": "none", "scheme": "ibug68"}, {})


def conversions(size: int, shape_model: ShapeModel, names: Sequence[str] = tuple(NETWORKS)) -> Iterator[Converted]:
    """Rows of each network in the order of the registry, inputs of `size` pixels."""
    faces = drawn_faces(FACES)
    boxes = [Crop.around(face.box, size=size, margin=1.3) for face in faces]
    crops = np.stack([rgb_crop(box, face.image)[..., ::-1] for box, face in zip(boxes, faces, strict=True)])
    for name in names:
        source = untrained_source(name, crops)
        reference = ModelFile.from_bytes(model_file(source, shape_model, FLOAT32, name=name))
        wanted = look(reference, TfliteInterpreter(reference), faces).raw_landmarks
        for recipe in RECIPES.values():
            try:
                yield _converted(source, shape_model, recipe, crops, reference, faces, wanted)
            except SdkError as error:
                yield Converted(name, recipe.name, reason=str(error).splitlines()[0])


def _converted(
    source: Source,
    shape_model: ShapeModel,
    recipe: Recipe,
    crops: UInt8,
    reference: ModelFile,
    faces: Sequence[Any],
    wanted: npt.NDArray[np.float32],
) -> Converted:
    content = model_file(source, shape_model, recipe, name=reference.name, calibration=crops)
    model = ModelFile.from_bytes(content)
    got = look(model, TfliteInterpreter(model), faces).raw_landmarks
    real, other = latencies([reference, model], runs=30)
    graph = read_graph(model.flatbuffer)
    floats = _count(graph, floats=True)
    return Converted(
        reference.name,
        recipe.name,
        bytes=size(model),
        moved_percent=100.0 * float(np.abs(got - wanted).mean() / wanted.std()),
        latency_ratio=other.best_ms / real.best_ms,
        on_integers=_count(graph, floats=False),
        on_floats=floats,
        stray=len(foreign_operations(graph)) + len(stray_floats(graph)),
    )


def _count(graph: Graph, *, floats: bool) -> int:
    ends = ("QUANTIZE", "DEQUANTIZE")
    return Counter(op.is_float for op in graph.operations if op.code not in ends)[floats]


def conversion_table(rows: Sequence[Converted]) -> str:
    """A Markdown table."""
    return table(HEAD, [_row(row) for row in rows])


def _row(row: Converted) -> tuple[str, ...]:
    name = f"{row.network}, {row.recipe}"
    if row.reason:
        return name, row.reason, "", "", "", "", ""
    return (
        name,
        f"{row.bytes / 1e6:.2f}",
        f"{row.moved_percent:.2f}",
        f"{row.latency_ratio:.2f}",
        str(row.on_integers),
        str(row.on_floats),
        str(row.stray),
    )
