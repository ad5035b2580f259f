"""Fit a network: Keras's own loop, with a checkpoint after every epoch and exact resume."""

from __future__ import annotations

import csv
import math
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from sdk.errors import SdkError
from sdk.metrics import nme_interocular
from sdk.shape_model import ShapeModel
from train.batches import TrainingBatches, jittered_crops, network_input, predict_landmarks
from train.checkpoint import CheckpointError, read_arrays, set_weights, weights_of, write_arrays
from train.config import TrainConfig
from train.datasets import Sample
from train.losses import AsmAssistedLoss, PoseLoss
from train.networks import build_network
from train.schedules import asm_alpha, cosine_with_warmup

RECALIBRATION = 16
"""Batches that set the batch statistics of averaged weights."""


class TrainingError(SdkError):
    """Training cannot go on."""


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a run came to: NME in per cent on val, boxes jittered by ±10 %, averaged weights."""

    epochs: int
    best_epoch: int
    best_val_nme: float
    weights: Path


def fit(
    train: Sequence[Sample],
    val: Sequence[Sample],
    shape_model: ShapeModel,
    config: TrainConfig,
    out: Path,
) -> FitResult:
    """Train from scratch, or go on from `out/last.npz` if it is there.

    Writes to `out`: last.npz (everything needed to resume), best.npz (the averaged weights with the lowest
    NME on val), history.csv.

    Raises:
        CheckpointError: the checkpoint belongs to another configuration or cannot be written.
        TrainingError: the loss is not finite.
    """
    keras.utils.set_random_seed(config.seed)
    batches = TrainingBatches(train, shape_model, config)
    model = _build(config)
    averaged = _build(config)
    landmark_loss = AsmAssistedLoss(
        shape_model, alpha=config.loss.asm_weights[0], weight=config.loss.landmark_weight
    )
    model.compile(
        optimizer=_optimizer(config, len(batches)),
        loss=[landmark_loss, PoseLoss(weight=config.loss.pose_weight)],
        jit_compile=keras.backend.backend() == "jax",
    )
    model.optimizer.build(model.trainable_variables)
    crops, truth = jittered_crops(val, size=config.size, margin=config.margin)
    run = _Run(model, averaged, batches, landmark_loss, (network_input(crops), truth), config, out)
    run.resume()
    if run.epoch < config.epochs:
        model.fit(
            batches,
            epochs=config.epochs,
            initial_epoch=run.epoch,
            shuffle=False,
            callbacks=[run],
            verbose=1 if sys.stdout.isatty() else 0,
        )
    best = min(run.history, key=lambda row: float(row["val_nme"]))
    return FitResult(run.epoch, int(best["epoch"]), float(best["val_nme"]), run.best_path)


def load_trained(path: Path, keras_namespace: Any = keras) -> tuple[Any, TrainConfig, dict[str, Any]]:
    """The network of a best.npz with its weights, built under any Keras; its configuration; its note."""
    from train.config import config_from_dict

    weights, note = read_arrays(path)
    config = config_from_dict(note["config"])
    model = _build(config, keras_namespace)
    set_weights(model, weights)
    return model, config, note


def _build(config: TrainConfig, keras_namespace: Any = keras) -> Any:
    return build_network(
        keras_namespace, config.network, size=config.size, width=config.width, dropout=config.dropout
    )


def _optimizer(config: TrainConfig, steps_per_epoch: int) -> Any:
    optimizer = keras.optimizers.AdamW(
        learning_rate=cosine_with_warmup(
            keras,
            peak=config.learning_rate,
            steps=config.epochs * steps_per_epoch,
            warmup=config.warmup_epochs * steps_per_epoch,
        ),
        weight_decay=config.weight_decay,
        global_clipnorm=config.clip_norm,
        use_ema=True,
        ema_momentum=config.ema_momentum,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def recalibrate(network: Any, batches: Iterable[np.ndarray]) -> None:
    """Replace the moving statistics of batch normalisation by their mean over `batches`.

    Averaged weights never saw a batch: the statistics of the raw weights do not fit them.
    Source: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018.
    """
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    kept = [layer.momentum for layer in layers]
    for index, batch in enumerate(batches):
        for layer in layers:
            layer.momentum = index / (index + 1.0)
        network(batch, training=True)
    for layer, momentum in zip(layers, kept, strict=True):
        layer.momentum = momentum


class _Run(keras.callbacks.Callback):  # type: ignore[misc]
    """What happens around each epoch: schedules, evaluation of the averaged weights, checkpoints."""

    def __init__(
        self,
        model: Any,
        averaged: Any,
        batches: TrainingBatches,
        landmark_loss: AsmAssistedLoss,
        val: tuple[np.ndarray, np.ndarray],
        config: TrainConfig,
        out: Path,
    ) -> None:
        super().__init__()
        self._network, self._averaged, self._batches = model, averaged, batches
        self._landmark_loss, self._val, self._config = landmark_loss, val, config
        self.last_path, self.best_path = out / "last.npz", out / "best.npz"
        self._history_path = out / "history.csv"
        self.epoch = 0
        self.history: list[dict[str, float]] = []
        self._started = time.monotonic()

    def resume(self) -> None:
        """Restore the state after the last whole epoch, if there is one."""
        if not self.last_path.exists():
            return
        arrays, note = read_arrays(self.last_path)
        if note["config"] != _jsonable(self._config):
            changed = [k for k, v in _jsonable(self._config).items() if note["config"].get(k) != v]
            raise CheckpointError(
                f"{self.last_path}: belongs to a run with another configuration (differs in "
                f"{', '.join(changed)}); use another --out, or remove the folder to start again"
            )
        for prefix, variables in self._state().items():
            for index, variable in enumerate(variables):
                variable.assign(arrays[f"{prefix}{index}"])
        self.epoch, self.history = note["epoch"], note["history"]
        print(f"resuming after epoch {self.epoch} of {self._config.epochs}", flush=True)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._started = time.monotonic()
        self._batches.epoch = epoch
        alpha = asm_alpha(epoch, self._config.epochs, self._config.loss.asm_weights)
        if not math.isclose(float(self._landmark_loss.alpha.numpy()), alpha):
            self._landmark_loss.alpha.assign(alpha)
            if keras.backend.backend() == "jax":  # a traced step holds alpha as a constant
                self._network.make_train_function(force=True)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(float(loss)):
            raise TrainingError(
                f"loss is {float(loss)} in epoch {self.epoch + 1}, batch {batch + 1}; "
                f"{self.last_path} holds the last good epoch. Lower learning_rate, or look for damaged annotations"
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.monotonic() - self._started
        self._average()
        inputs, truth = self._val
        nme = float(nme_interocular(truth, predict_landmarks(self._averaged, inputs)).mean())
        row = {
            "epoch": epoch + 1,
            "loss": float((logs or {})["loss"]),
            "learning_rate": float(keras.ops.convert_to_numpy(self._network.optimizer.learning_rate)),
            "val_nme": nme,
            "seconds": round(seconds, 1),
        }
        best = not self.history or nme < min(r["val_nme"] for r in self.history)
        self.history.append(row)
        self.epoch = epoch + 1
        if best:
            note = {"config": _jsonable(self._config), "epoch": self.epoch, "val_nme": nme}
            write_arrays(self.best_path, weights_of(self._averaged), note)
        self._save()
        print(
            f"epoch {epoch + 1}/{self._config.epochs}  loss {row['loss']:.4f}  val NME {nme:.2f} %"
            f"{' (best)' if best else ''}  {seconds:.0f} s",
            flush=True,
        )

    def _average(self) -> None:
        """Bring the moving average of the weights into `averaged`, with batch statistics of its own."""
        if keras.backend.backend() == "jax":
            self._network.jax_state_sync()
        means = self._network.optimizer._model_variables_moving_average
        for target, mean in zip(self._averaged.trainable_variables, means, strict=True):
            target.assign(mean)
        recalibrate(self._averaged, (self._batches[i][0] for i in range(min(RECALIBRATION, len(self._batches)))))

    def _state(self) -> dict[str, list[Any]]:
        return {"model/": self._network.variables, "optimizer/": self._network.optimizer.variables}

    def _save(self) -> None:
        arrays = {
            f"{prefix}{index}": keras.ops.convert_to_numpy(variable)
            for prefix, variables in self._state().items()
            for index, variable in enumerate(variables)
        }
        note = {"config": _jsonable(self._config), "epoch": self.epoch, "history": self.history}
        write_arrays(self.last_path, arrays, note)
        with self._history_path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(self.history[0]))
            writer.writeheader()
            writer.writerows(self.history)


def _jsonable(config: TrainConfig) -> dict[str, Any]:
    """The configuration as it looks after a trip through JSON."""
    import json

    return dict(json.loads(json.dumps(config.to_dict())))
