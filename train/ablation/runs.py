"""The runs of an ablation: trained where they are not finished, then measured."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.geometry import Crop
from sdk.metrics import pose_mae
from sdk.pose_fit import pose_from_landmarks
from sdk.schemes import LandmarkScheme
from sdk.shape_model import ShapeModel
from train.ablation.row import ERROR, RunRow
from train.ablation.table import Ablation
from train.balance import shown_indices
from train.checkpoint import read_arrays
from train.config import TrainConfig
from train.datasets import Sample
from train.evaluation import evaluate, open_predictor
from train.evaluation.run import Evaluation, nme_of
from train.evaluation.sets import SPLITS, Looked, obstacle, whole
from train.loop import Options, TrainingError, fit
from train.losses import compile_arguments, set_epoch
from train.run_folder import RunFolder, jsonable


@dataclass(frozen=True, slots=True)
class Faces:
    """What all runs are trained on, chosen by and aligned with.

    Attributes:
        extra: for the runs with a share of them.
        weights: a best.npz that all runs start from, but for the layers that the table starts anew.
        also: packed sets whose val split is measured beside the data.
    """

    train: Sequence[Sample]
    val: Sequence[Sample]
    shape_model: ShapeModel
    scheme: LandmarkScheme
    extra: Sequence[Sample] = ()
    weights: Path | None = None
    also: Sequence[Path] = ()


def train_all(
    ablation: Ablation, faces: Faces, folder: Path, *, data: str, leave: Container[str] = ()
) -> dict[str, str]:
    """Bring every run to its last epoch, in folder/NAME, as `fit` does; the message of each that diverged.

    Finished runs and those to `leave` are left alone, broken off ones go on.

    Raises:
        CheckpointError: a folder is damaged, cannot be written, or holds a run of another configuration.
        InputError: a run there started from other weights.
    """
    diverged = {}
    for name, config in ablation.runs.items():
        _check_start(folder / name, faces.weights)
        if name in leave or RunFolder(folder / name, config).finished():
            continue
        print(f"{name}: {config.epochs} epochs of {config.network} at {config.size} px", flush=True)
        keras.utils.clear_session()
        options = Options(
            data=data,
            weights=faces.weights,
            anew=ablation.anew.get(name, ()) if faces.weights else (),
            extra=faces.extra if config.extra_share else (),
        )
        try:
            fit(faces.train, faces.val, faces.shape_model, config, folder / name, options)
        except TrainingError as error:
            diverged[name] = str(error)
            print(f"{name}: {error}; the others go on", flush=True)
    return diverged


def _check_start(folder: Path, weights: Path | None) -> None:
    """A run that is there already has to have started where all are to start."""
    if not (folder / "best.npz").is_file():
        return
    there, here = str(read_arrays(folder / "best.npz")[1].get("started_from", "")), weights.name if weights else ""
    if there != here:
        raise InputError(
            f"--runs {folder.parent}: {folder.name} started from {there or 'random weights'}, expected "
            f"{here or 'random weights'}; use another --runs, or remove the folder to train it again"
        )


def measure_all(ablation: Ablation, faces: Faces, folder: Path, data: Path) -> Iterator[RunRow]:
    """A row for each finished run, in the order of the table; `data` is the packed set to evaluate on."""
    for name, config in ablation.runs.items():
        if RunFolder(folder / name, config).finished():
            yield measure(name, config, faces, folder / name, data)


def measure(name: str, config: TrainConfig, faces: Faces, folder: Path, data: Path) -> RunRow:
    """Figures of one finished run on val and on the test splits."""
    weights, note = read_arrays(folder / "best.npz")
    keras.utils.clear_session()
    predictor = open_predictor(folder / "best.npz")
    splits = [split for split in SPLITS if obstacle(data, split, predictor.scheme) is None]
    others = {root.resolve().name: evaluate(predictor, root, split="val") for root in faces.also}
    results = [evaluate(predictor, data, split=split) for split in splits]
    parts = {name: whole(next(iter(result.parts.values()))) for name, result in others.items()}
    parts |= {part: looked for result in results for part, looked in result.parts[data.resolve().name].items()}
    shown = shown_indices(
        np.stack([sample.landmarks for sample in faces.train]),
        faces.shape_model,
        bins=config.balance_bins,
        scheme=faces.scheme,
    )
    history = _history(folder / "history.csv")
    return RunRow(
        run=name,
        config=jsonable(config),
        commit=str(note.get("commit", "unknown")),
        weights_sha256=hashlib.sha256((folder / "best.npz").read_bytes()).hexdigest(),
        epochs=int(note["epoch"]),
        faces_per_epoch=len(shown) + round(config.extra_share * len(faces.train)),
        parameters=sum(array.size for array in weights.values()),
        seconds_per_epoch=round(float(np.median(history["seconds"])), 2),
        slopes=slopes(config, faces),
        loss=history["loss"].tolist(),
        landmarks=_figures(others, results),
        pose_mae_deg={part: _pose_mae(looked, faces) for part, looked in parts.items()},
        nme={part: nme_of(looked, faces.scheme).round(3).tolist() for part, looked in parts.items()},
        started_from=str(note.get("started_from", "")),
    )


def _figures(others: Mapping[str, Evaluation], results: Sequence[Evaluation]) -> dict[str, dict[str, Any]]:
    """By part of the data; of the other sets, which have a val split alone, by their names, first."""
    named = {name: row for name, result in others.items() for row in result.landmarks if row.part == "val"}
    named |= {row.part: row for result in results for row in result.landmarks}
    return {part: _without_name(asdict(row)) for part, row in named.items()}


def slopes(config: TrainConfig, faces: Faces) -> list[float] | None:
    """d(loss)/d(error) of the weighted landmark loss in the first and the last epoch, every coordinate of the
    val faces wrong by ERROR to a random side; None where the truth needs teachers."""
    if config.teachers.tough:
        return None
    true = np.stack([_in_crop(sample, config.margin) for sample in faces.val])
    side = np.random.default_rng(0).choice([-1.0, 1.0], true.shape)
    loss = compile_arguments(faces.shape_model, config.size, [config.landmarks])["loss"][0]
    step, values = ERROR / 10, []
    for epoch in (0, config.epochs - 1):
        set_epoch([loss], epoch, config.epochs)
        high, low = (
            float(np.mean(np.asarray(loss.call(true, (true + (ERROR + h) * side).astype(np.float32)))))
            for h in (step, -step)
        )
        values.append(round(config.landmarks.weight * (high - low) / (2 * step), 3))
    return values


def _in_crop(sample: Sample, margin: float) -> npt.NDArray[np.float32]:
    return Crop.around_landmarks(sample.landmarks, size=64, margin=margin).to_crop(sample.landmarks).ravel()


def _pose_mae(looked: Looked, faces: Faces) -> list[float]:
    labels = [pose_from_landmarks(face, faces.shape_model, scheme=faces.scheme) for face in looked.true_landmarks]
    true = np.array([(p.yaw_deg, p.pitch_deg, p.roll_deg) for p in labels])
    return [float(v) for v in pose_mae(true, looked.pose_deg)]


def _without_name(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("set", "part")}


def _history(path: Path) -> dict[str, npt.NDArray[np.float64]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
