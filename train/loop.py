"""Fit a network: Keras's own loop, with a checkpoint after every epoch and exact resume."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from sdk.shape_model import ShapeModel
from train.averaging import Average
from train.batches import TrainingBatches
from train.checkpoint import read_arrays
from train.config import TrainConfig
from train.datasets import Sample
from train.datasets.own_scheme import to_note
from train.environment import commit
from train.fingerprint import SHAPE_MODEL, data_digest, shape_model_digest
from train.heartbeat import for_logs
from train.losses import compile_arguments
from train.progress import ProgressBar
from train.run import Run, TrainingError, Validation
from train.run_folder import RunFolder
from train.setup import common_scheme, compiled, make_batches
from train.tensorboard import TensorBoard
from train.trained import build, load_trained, start_from
from train.workers import ALONE, Workers

__all__ = ["FitResult", "Options", "TrainingError", "fit", "load_trained"]


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a run came to: NME in per cent on val, boxes jittered by ±10 %, averaged weights."""

    epochs: int
    best_epoch: int
    best_val_nme: float
    weights: Path


@dataclass(frozen=True, slots=True)
class Options:
    """What of a run is not in its configuration.

    Attributes:
        data: name of what it is trained on, kept in best.npz and the models made of it.
        weights: a best.npz to start from, instead of random weights; not read again when a run goes on.
        new_heads: with weights of another landmark scheme or pose loss, the heads start at random.
        anew: layers that start at random whatever the weights have, see train.trained.start_from.
        tensorboard: write out/tensorboard as well.
        workers: the processes that train together.
        extra: faces that count for less than the train faces: see TrainConfig.extra_share.
        makers: processes beside this one that make its batches; the batches are the same.
    """

    data: str = "unknown"
    weights: Path | None = None
    new_heads: bool = False
    anew: Sequence[str] = ()
    tensorboard: bool = False
    workers: Workers = ALONE
    extra: Sequence[Sample] = ()
    makers: int = 0


def fit(
    train: Sequence[Sample],
    val: Sequence[Sample],
    shape_model: ShapeModel,
    config: TrainConfig,
    out: Path,
    options: Options | None = None,
) -> FitResult:
    """Train from the start, or go on from `out/last.npz` if it is there.

    Writes to `out`: last.npz (everything needed to resume), best.npz (the averaged weights with the lowest
    NME on val), history.csv.

    Raises:
        InputError: faces of several landmark schemes, or of another than the shape model's.
        CheckpointError: a checkpoint belongs to another configuration or network, or cannot be written.
        TrainingError: the loss is not finite.
    """
    options = Options() if options is None else options
    scheme = common_scheme([*train, *options.extra, *val], shape_model)
    digests = _digests(train, val, options.extra, shape_model)
    batches = make_batches(
        train, shape_model, config, scheme, options.workers, extra=options.extra, makers=options.makers
    )
    keras.utils.set_random_seed(config.seed)
    terms = compile_arguments(shape_model, config.size, config.tasks)
    measured_on = Validation.of(val, config, scheme, shape_model)
    with options.workers.together():
        model = compiled(config, scheme, terms, len(batches))
        with options.workers.alone():
            average = Average(build(config, scheme.n_points))
        note = {
            "data": options.data,
            "scheme": scheme.name,
            "started_from": options.weights.name if options.weights else "",
            "terms": read_arrays(options.weights)[1].get("terms", "") if options.weights else "",
            "commit": commit(),
            **to_note(scheme),
            SHAPE_MODEL: shape_model_digest(shape_model),
        }
        run = Run(
            average,
            batches,
            terms["loss"],
            measured_on,
            RunFolder(out, config, digests),
            note=note,
            workers=options.workers,
        )
        _start(run, model, options)
        if run.epoch < config.epochs:
            _train(model, batches, run, config.epochs, options)
    assert run.best is not None, "the last epoch is measured"
    return FitResult(run.epoch, int(run.best["epoch"]), run.best["val_nme"], run.folder.best)


def _digests(
    train: Sequence[Sample], val: Sequence[Sample], extra: Sequence[Sample], shape_model: ShapeModel
) -> dict[str, str]:
    named = {"train": data_digest(train), "val": data_digest(val), "extra": data_digest(extra)}
    return {**named, "shape model": shape_model_digest(shape_model)}


def _start(run: Run, model: Any, options: Options) -> None:
    """Where the run left off; or the weights that it starts from; or as drawn."""
    resumed = run.resume(model)
    options.workers.check_same("epoch to go on from (is --out on a disk that all see?)", run.epoch)
    if resumed or options.weights is None:
        return
    left = start_from(model, options.weights, new_heads=options.new_heads, anew=options.anew)
    if options.workers.first:
        anew = f"; {' and '.join(left)} start anew" if left else ""
        print(f"starting from {options.weights}{anew}", flush=True)


def _train(model: Any, batches: TrainingBatches, run: Run, epochs: int, options: Options) -> None:
    callbacks: list[Any] = [run]
    run.beat = for_logs(first=options.workers.first)
    if options.workers.first and sys.stdout.isatty():
        callbacks.insert(0, ProgressBar(run, len(batches), epochs, sys.stdout))
    if options.workers.first and options.tensorboard:
        callbacks.append(TensorBoard(run.folder.path / "tensorboard", run))
    with run.beat:
        model.fit(batches, epochs=epochs, initial_epoch=run.epoch, shuffle=False, callbacks=callbacks, verbose=0)
