"""Every recipe of a network side by side: the generated table of docs/quantisation.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convert.build import Source, model_file
from convert.comparison import Comparison, compare
from convert.faces import Face
from convert.recipes import FLOAT32, RECIPES, Recipe
from convert.tables import table
from sdk.errors import InputError, SdkError
from sdk.model_file import ModelFile
from sdk.shape_model import ShapeModel

HEAD = ("network, recipe", "MB", "NME %", "pose MAE °", "points moved, %", "jitter ratio", "latency ratio")


@dataclass(frozen=True, slots=True)
class Variant:
    """One recipe of one network against its float32 model, or the one line that says why there is none."""

    network: str
    recipe: str
    found: Comparison | None
    reason: str = ""


def reference_of(source: Source, shape_model: ShapeModel) -> ModelFile:
    """The float32 model.

    Raises:
        ConversionError: not even that can be made.
    """
    name = f"{source.config.network}_{source.config.size}"
    return ModelFile.from_bytes(model_file(source, shape_model, FLOAT32, name=name))


def variants(
    source: Source,
    shape_model: ShapeModel,
    reference: ModelFile,
    calibration: npt.NDArray[np.uint8],
    faces: Sequence[Face],
) -> Iterator[Variant]:
    """A row per recipe, made and measured in turn; of fine-tuned weights the recipes for them alone."""
    for recipe in RECIPES.values():
        if recipe.fine_tuned == bool(source.ranges):
            yield _variant(source, shape_model, recipe, reference, calibration, faces)


def _variant(
    source: Source,
    shape_model: ShapeModel,
    recipe: Recipe,
    reference: ModelFile,
    calibration: npt.NDArray[np.uint8],
    faces: Sequence[Face],
) -> Variant:
    try:
        content = model_file(source, shape_model, recipe, name=reference.name, calibration=calibration)
        found = compare(reference, ModelFile.from_bytes(content), {"faces": faces})
    except SdkError as error:
        return Variant(reference.name, recipe.name, None, str(error).splitlines()[0])
    return Variant(reference.name, recipe.name, found)


def variants_table(rows: Sequence[Variant]) -> str:
    """A Markdown table; points moved and both ratios are against the float32 model."""
    return table(HEAD, [_row(row) for row in rows])


def _row(row: Variant) -> tuple[str, ...]:
    name = f"{row.network}, {row.recipe}"
    if row.found is None:
        return name, row.reason, "", "", "", "", ""
    b, accuracy = row.found.b, row.found.b.accuracy.get("faces")
    return (
        name,
        f"{b.flatbuffer_bytes / 1e6:.2f}",
        "" if accuracy is None else f"{accuracy.nme_interocular:.3f}",
        "" if accuracy is None else f"{accuracy.pose_mae_deg:.3f}",
        f"{row.found.parity['faces'].landmarks_percent.mean:.3f}",
        f"{row.found.jitter_ratio('faces'):.2f}",
        f"{row.found.latency_ratio:.2f}",
    )


def replaced(document: str, mark: str, content: str) -> str:
    """A document with `content` between the marks of this name.

    Raises:
        InputError: the marks are missing.
    """
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    if document.count(begin) != 1 or document.count(end) != 1:
        raise InputError(f"document: expected one line {begin} and one {end}")
    before, rest = document.split(begin)
    return f"{before}{begin}\n{content}\n{end}{rest.split(end)[1]}"
