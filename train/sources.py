"""What a run is trained on: a packed set or a folder of .pts files, and a shape model given or fitted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sdk.errors import InputError
from sdk.metrics import nme_interocular
from sdk.shape_model import ShapeModel
from train.checkpoint import read_arrays, write_arrays, write_bytes
from train.datasets import DataError, Sample
from train.datasets.pts import pts_files
from train.datasets.sample import common_scheme_of
from train.fingerprint import folder_digest
from train.fit_shape import fit_shape_model
from train.prepare import prepare

PACKED = "packed"
SHAPE_MODEL = "shape_model.npz"
"""Names below the folder of a run."""

SOURCE = "source.txt"
"""Below the packed set: what the .pts files were that it was made of."""

VARIANCE = 0.98

FEWEST = 3
"""Faces that a shape model is fitted to at least; one more is held out as val."""


def packed_set(source: Path, out: Path, *, skip_bad: bool = False) -> Path:
    """The packed set that `source` is, or out/packed made of the .pts files below it.

    A set that an earlier start of the run has packed is taken as it is.

    Raises:
        DataError: `source` is neither, or a face cannot be read; the message names the file.
    """
    if (source / "annotations.npz").is_file():
        return source
    packed = out / PACKED
    if packed.exists():
        _check_same_source(source, packed)
        print(f"faces as packed before in {packed}; remove it to read {source} again", flush=True)
        return packed
    count = sum(1 for _ in source.rglob("*.pts"))
    if not count:
        raise DataError(
            f"{source}: expected a packed set (annotations.npz and images/) or a folder with .pts files and their "
            "images, got neither; other sets are packed by python -m train prepare"
        )
    if count <= FEWEST:
        raise _too_few(source, count)
    result = prepare(source, "pts", packed, skip_bad=skip_bad)
    for message in result.skipped:
        print(f"skipped: {message}", flush=True)
    write_bytes(packed / SOURCE, folder_digest(source, pts_files(source)).encode())
    print(f"packed {sum(result.faces.values())} faces of {source} into {packed}", flush=True)
    return packed


def _check_same_source(source: Path, packed: Path) -> None:
    """A set that does not say what it was packed of is taken."""
    file = packed / SOURCE
    if not file.is_file() or not any(source.rglob("*.pts")):
        return
    there, here = file.read_text(encoding="utf-8"), folder_digest(source, pts_files(source))
    if there != here:
        raise DataError(
            f"{packed}: was packed from other .pts files or photos than those in {source} now "
            f"({there.partition(',')[0]} then, {here.partition(',')[0]} now); use another --out, or remove "
            f"{packed.parent} to start again"
        )


def _too_few(source: Path, count: int) -> DataError:
    faces = "1 face" if count == 1 else f"{count} faces"
    return DataError(
        f"{source}: expected at least {FEWEST + 1} faces, {FEWEST} to train on and one held out as val, got "
        f"{faces}; a useful network takes 30 or more (docs/training.md)"
    )


def shape_model_for(train: Sequence[Sample], given: Path | None, out: Path, *, data: str) -> ShapeModel:
    """The shape model given; or out/shape_model.npz, fitted to the train faces if it is not there yet."""
    path = given or out / SHAPE_MODEL
    if given is None and not path.exists():
        print("\n".join(write_shape_model(path, train, data=data)), flush=True)
    return ShapeModel.from_arrays(read_arrays(path)[0])


def write_shape_model(
    path: Path, samples: Sequence[Sample], *, data: str, variance: float = VARIANCE
) -> list[str]:
    """Fit the shape model of faces of one landmark scheme, write it and say in lines what it came to.

    Raises:
        InputError: the faces are of several schemes, or fewer than 3.
        CheckpointError: `path` cannot be written.
    """
    scheme = common_scheme_of(samples)
    if len(samples) < FEWEST:
        raise InputError(
            f"{data}: expected at least {FEWEST} faces in the train split to fit a shape model, got {len(samples)}"
        )
    faces = np.stack([sample.landmarks for sample in samples])
    model = fit_shape_model(faces, variance=variance, scheme=scheme)
    write_arrays(path, model.arrays(), {"faces": len(faces), "data": data, "variance": variance})
    lines = [f"{path}: {len(faces)} faces of {scheme.name}"]
    for share in sorted({0.9, variance}):
        part = model.truncated(share)
        smooth = np.stack([part.regularise(face) for face in faces])
        try:
            error = f"{nme_interocular(faces, smooth, scheme=scheme).mean():.2f} % NME"
        except InputError:  # the eye corners of a full profile coincide
            side = np.sqrt(np.ptp(faces, axis=1).prod(axis=1))[:, None]
            error = f"{100 * (np.linalg.norm(smooth - faces, axis=2) / side).mean():.2f} % of their boxes' side"
        lines.append(f"  {part.n_modes} modes explain {share:.0%}; smoothing with them moves faces by {error}")
    return lines
