"""The loop of quantisation-aware fine-tuning: the training's own batches and losses on a quantised network."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tf_keras

from sdk.errors import InputError
from sdk.shape_model import ShapeModel
from train.batches import jittered_crops
from train.checkpoint import CheckpointError, read_arrays, set_weights
from train.config import TrainConfig, config_from_dict
from train.datasets import Sample
from train.datasets.own_scheme import from_note
from train.fine_tuning_run import Run
from train.fingerprint import data_digest
from train.losses import compile_arguments, set_epoch
from train.noise import Measure
from train.pose_output import with_euler_pose
from train.qat import QatConfig
from train.quantised import plain_copy
from train.setup import common_scheme, make_batches
from train.trained import build


@dataclass(frozen=True, slots=True)
class FineTuned:
    """What a run came to: figures on val of the float network and of the best epoch's, and the file."""

    real: dict[str, float]
    best: dict[str, float]
    weights: Path


def fine_tune(
    weights: Path,
    train: Sequence[Sample],
    val: Sequence[Sample],
    shape_model: ShapeModel,
    config: QatConfig,
    out: Path,
) -> FineTuned:
    """Fine-tune the network of a best.npz, or go on from `out/last.npz` if it is there.

    Writes to `out`: best.npz (the averaged weights and the ranges with the least NME and jitter on val, epoch 0
    being calibration alone), last.npz, history.csv. best.npz loads like any other; python -m convert takes its
    ranges with the recipe int8_qat.

    Raises:
        CheckpointError: a file cannot be used, or last.npz belongs to another run.
        FineTuningError: the loss is not finite.
    """
    network, fitted, note = _read(weights)
    scheme = common_scheme([*train, *val], shape_model)
    tf_keras.utils.set_random_seed(fitted.seed)
    batches = make_batches(train, shape_model, _as_fine_tuned(fitted), scheme)
    measure = Measure(*jittered_crops(val, size=fitted.size, margin=fitted.margin), scheme)
    note["fine_tuning"] = {
        **config.to_dict(),
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "float_val": measure(network),
    }
    data = {"train": data_digest(train), "val": data_digest(val)}
    losses = compile_arguments(shape_model, fitted.size, [fitted.landmarks, fitted.pose])
    set_epoch(losses["loss"], fitted.epochs - 1, fitted.epochs)  # as training left them
    run = Run(network, batches, losses, measure, config, out, note=note, data=data, first_epoch=fitted.epochs)
    run.teacher = _teacher(weights, fitted) if config.imitation else None
    with run.beat:
        while run.epoch < config.epochs:
            run.one_epoch()
    return FineTuned(note["fine_tuning"]["float_val"], run.best, out / "best.npz")


def _as_fine_tuned(fitted: TrainConfig) -> TrainConfig:
    """Annotated faces alone, and the two outputs that a model file has: maps follow from imitation."""
    return replace(fitted, extra_share=0.0, maps=replace(fitted.maps, weight=0.0))


def _read(weights: Path) -> tuple[Any, TrainConfig, dict[str, Any]]:
    """The network of a best.npz under tf-keras, its pose as the loss takes it."""
    arrays, note = read_arrays(weights)
    if "config" not in note or "landmarks/1" not in arrays:
        raise CheckpointError(
            f"{weights}: expected the best.npz of python -m train fit, got a file without a config"
        )
    config = config_from_dict(note["config"])
    from_note(note)
    network = plain_copy(build(config, len(arrays["landmarks/1"]) // 2, tf_keras))
    set_weights(network, arrays)
    return network, config, note


def _teacher(weights: Path, config: TrainConfig) -> Any:
    """The float network once more, its answers in the form of the annotations."""
    if config.landmarks.loss == "kd":
        raise InputError("imitation: a network that was trained with the loss kd has teachers; use --imitation 0")
    return with_euler_pose(tf_keras, _read(weights)[0])
