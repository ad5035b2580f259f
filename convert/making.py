"""Commands of python -m convert that make model files and tables of them."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from convert.faces import packed_faces
from sdk.errors import InputError
from sdk.model_file import ModelFile, pack
from train.checkpoint import read_arrays, write_bytes
from train.environment import environment
from train.fingerprint import check_shape_model


def run_convert(options: argparse.Namespace) -> None:
    """Make a model file."""
    from convert.recipes import recipe_by_name

    recipe = recipe_by_name(options.recipe)
    asked = {key: getattr(options, key) for key in ("input", "heads", "outputs") if getattr(options, key)}
    recipe = replace(recipe, **asked)
    if recipe.integer and options.data is None:
        raise InputError(f"recipe {recipe.name}: expected --data, the packed set it was trained on")
    from convert.build import Source, calibration_crops, model_file

    source = Source.load(options.weights)
    shape_model = _shape_model(options.shape_model)
    check_shape_model(options.shape_model, shape_model, options.weights, source.note)
    calibration = None
    if recipe.integer:
        calibration = calibration_crops(options.data, source, faces=options.calibration_faces)
    content = model_file(source, shape_model, recipe, name=options.out.stem, calibration=calibration)
    if options.heads == "outside" and ModelFile.from_bytes(content).head is None:
        raise InputError(f"--heads outside: expected a network of mean places, got {source.config.network}")
    write_bytes(options.out, content)
    print(f"{options.out}: {recipe.name}, {len(content) / 1e6:.2f} MB")


def run_pack(options: argparse.Namespace) -> None:
    """Give a flatbuffer the metadata of a model file."""
    like = ModelFile.load(options.like)
    try:
        content = options.flatbuffer.read_bytes()
    except OSError as error:
        raise InputError(f"{options.flatbuffer}: cannot be read ({error.strerror or error})") from error
    from convert.graph import packed, unpacked

    metadata = {**like.metadata, "name": options.name or like.name}
    write_bytes(options.out, pack(packed(unpacked(content)), like.shape_model, metadata, head=like.head))
    print(f"wrote {options.out}")


def run_variants(options: argparse.Namespace) -> None:
    """Make and measure every recipe."""
    from convert.build import Source, calibration_crops
    from convert.variants import reference_of, variants, variants_table

    _check_document(options.out, "variants")
    shape_model, faces = _shape_model(options.shape_model), packed_faces(options.data, options.split)
    rows = []
    references: dict[Any, ModelFile] = {}
    for weights in options.weights:
        source = Source.load(weights)
        check_shape_model(options.shape_model, shape_model, weights, source.note)
        kind = (source.config.network, source.config.size)
        references[kind] = references.get(kind) or reference_of(source, shape_model)
        calibration = calibration_crops(options.data, source, faces=options.calibration_faces)
        for row in variants(source, shape_model, references[kind], calibration, faces):
            rows.append(row)
            print(f"{row.network}, {row.recipe}: {row.reason or 'measured'}", file=sys.stderr, flush=True)
    place = f"{options.data.name}, split {options.split}, {len(faces)} faces in boxes jittered by ±10 %"
    _publish(options.out, "variants", f"{variants_table(rows)}\n\n{place}. {_where()}")


def run_networks(options: argparse.Namespace) -> None:
    """Convert every network of the registry, untrained."""
    from convert.untrained import conversion_table, conversions

    _check_document(options.out, "networks")
    rows = []
    for row in conversions(options.size, ModelFile.default().shape_model):
        rows.append(row)
        print(f"{row.network}, {row.recipe}: {row.reason or 'converted'}", file=sys.stderr, flush=True)
    _publish(options.out, "networks", f"{conversion_table(rows)}\n\nInput {options.size} pixels. {_where()}")


def run_chain(options: argparse.Namespace) -> int:
    """Run all steps of a training; the status of the one that fails, else 0."""
    from convert.chain import run

    return run(options)


def _publish(document: Path | None, mark: str, text: str) -> None:
    """Print it, and put it in its place in a document."""
    from convert.variants import replaced

    print(text)
    if document is not None:
        write_bytes(document, replaced(_read_document(document), mark, text).encode())
        print(f"wrote {document}", file=sys.stderr)


def _check_document(document: Path | None, mark: str) -> None:
    """Notice before the work that a document has no place for the table."""
    from convert.variants import replaced

    if document is not None:
        replaced(_read_document(document), mark, "")


def _read_document(document: Path) -> str:
    try:
        return document.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--out {document}: expected a Markdown file with marks for the table ({error})"
        ) from error


def _shape_model(path: Path) -> Any:
    from sdk.shape_model import ShapeModel

    return ShapeModel.from_arrays(read_arrays(path)[0])


def _where() -> str:
    here = environment("")
    versions = here["versions"]
    return (
        f"Latency: one thread, best of interleaved runs, ai-edge-litert {versions.get('ai-edge-litert', '-')} on "
        f"{here['device']['cpu']}; commit {here['commit']}."
    )
