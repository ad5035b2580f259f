"""Checkpoints: one npz per file, replaced in one step, so that a killed run leaves the last whole one."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from sdk import outputs
from sdk.errors import SdkError

RUN_FILES = ("best.npz", "last.npz", "history.csv")
"""Names below the folder of a training."""


class CheckpointError(SdkError):
    """A checkpoint cannot be written, read, or does not fit the network."""


def write_arrays(path: Path, arrays: Mapping[str, npt.ArrayLike], note: Mapping[str, Any]) -> None:
    """Write arrays and a JSON note to `path` as an npz; see `replacing` for what a failure leaves."""
    with replacing(path) as file:
        named = {name: np.asarray(value) for name, value in arrays.items()}
        np.savez(file, __note__=np.array(json.dumps(note)), **named)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file; see `replacing` for what a failure leaves."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be written in place of `path`: the old or the new file is there, never half of one.

    Links, pipes and devices are written through, and `-` is standard output (`sdk.outputs`).

    Raises:
        CheckpointError: the disk is full or the folder not writable; the previous file is intact.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with outputs.replacing(path) as file:
            yield file
    except OSError as error:
        raise _not_written(path, error.strerror or str(error)) from error
    except outputs.OutputError as error:
        raise _not_written(path, error.reason) from error


def _not_written(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(f"{path}: could not be written ({reason}); the previous file, if any, is intact")


def remove_parts(folder: Path) -> None:
    """Remove what a run that was killed while it wrote has left of its files."""
    for name in RUN_FILES:
        for part in folder.glob(f"{name}.part*"):
            part.unlink(missing_ok=True)


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and note of `write_arrays`."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return arrays, json.loads(str(arrays.pop("__note__")))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: not found") from error
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(
            f"{path}: expected a file written by python -m train, got: {error}; is it damaged or another file?"
        ) from error


def numbered(**parts: Iterable[Any]) -> dict[str, Any]:
    """Variables by `part/number`, as last.npz names everything that the next step depends on."""
    return {f"{part}/{index}": v for part, variables in parts.items() for index, v in enumerate(variables)}


def assign(path: Path, variables: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Give each variable the array of its name that was read from `path`.

    Raises:
        CheckpointError: an array is missing or has another shape.
    """
    for name, variable in variables.items():
        if name not in arrays or arrays[name].shape != tuple(variable.shape):
            raise CheckpointError(
                f"{path}: {name} is missing or has another shape; of another backend or version?"
            )
        variable.assign(arrays[name])


def csv_bytes(history: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows of a run's history as history.csv has them."""
    text = io.StringIO(newline="")
    names = dict.fromkeys(name for row in history for name in row)  # rows of older versions have fewer
    writer = csv.DictWriter(text, fieldnames=list(names))
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue().encode()


def weights_of(model: Any) -> dict[str, np.ndarray]:
    """Weights by `layer/index`: the same names under Keras 3 and tf-keras."""
    named = {}
    for layer in model.layers:
        for index, value in enumerate(layer.get_weights()):
            named[f"{layer.name}/{index}"] = np.asarray(value)
    return named


def set_weights(model: Any, weights: Mapping[str, np.ndarray]) -> None:
    """Inverse of `weights_of`.

    Raises:
        CheckpointError: a weight is missing or has another shape; the message names the layer.
    """
    for layer in model.layers:
        current = layer.get_weights()
        names = [f"{layer.name}/{index}" for index in range(len(current))]
        for name, value in zip(names, current, strict=True):
            got = weights[name].shape if name in weights else None
            if got != value.shape:
                raise CheckpointError(
                    f"weights: expected {name} of shape {value.shape}, got {got}; "
                    "was it trained with another network, width or input size?"
                )
        if names:
            layer.set_weights([weights[name] for name in names])
