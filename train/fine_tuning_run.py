"""What happens around each epoch of fine-tuning on int8 grids: steps, averages, evaluation, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras

from sdk.errors import SdkError
from train.batches import TrainingBatches
from train.checkpoint import (
    CheckpointError,
    assign,
    csv_bytes,
    numbered,
    read_arrays,
    remove_parts,
    write_arrays,
    write_bytes,
)
from train.fingerprint import check_same_data
from train.heartbeat import for_logs, place
from train.noise import VAL, with_noise
from train.qat import RANGE, QatConfig
from train.quantisation_plan import plan_of
from train.quantised import calibrated_ranges, quantised
from train.schedules import decay_at, learning_rate

CLIP_NORM = 10.0


class FineTuningError(SdkError):
    """Fine-tuning cannot go on."""


class Run:
    """Keeps `history`, and in the folder `out` last.npz (all needed to resume), best.npz and history.csv.

    A row of the history per epoch; epoch 0 is calibration without a step. `training=True` moves ranges and
    batch statistics; after `moving_epochs` steps are taken as in use, which leaves out dropout as well.
    `data` are digests of the faces (train.fingerprint). `teacher`, if set before the first epoch, is the network
    whose answers are imitated.
    """

    def __init__(
        self,
        network: Any,
        batches: TrainingBatches,
        losses: dict[str, list[Any]],
        measure: Callable[[Any], dict[str, float]],
        config: QatConfig,
        out: Path,
        *,
        note: dict[str, Any],
        data: Mapping[str, str],
        first_epoch: int,
    ) -> None:
        self._batches, self._losses, self._measure = batches, losses, measure
        self._config, self._out, self._note = config, out, note
        self._first_epoch, self._data = first_epoch, data
        self.beat = for_logs()
        self.teacher: Any = None
        self.history: list[dict[str, float]] = []
        self._plan = plan_of(network)
        going_on = (out / "last.npz").exists()
        ranges = {} if going_on else self._calibrate(network)
        self._target = quantised(network, self._plan)
        self._trained = self._target.network.trainable_variables
        self._means = [tf.Variable(v, trainable=False) for v in self._trained]
        self._optimizer = _optimizer(config, len(batches))
        self._optimizer.build(self._trained)
        self._step = tf.function(self._one_step)
        if going_on:
            self._resume()
        else:
            self._target.set_ranges(ranges)
            self._close_epoch(loss=math.nan, seconds=0.0)

    @property
    def epoch(self) -> int:
        """Whole epochs so far."""
        return len(self.history) - 1

    @property
    def best(self) -> dict[str, float]:
        """The row with the least error and jitter, which have one unit."""
        return min(self.history, key=lambda row: sum(row[name] for name in VAL))

    def one_epoch(self) -> None:
        """All batches once, then evaluation and checkpoint."""
        started = time.monotonic()
        moving = self.epoch < self._config.moving_epochs
        self._batches.epoch = self._first_epoch + self.epoch
        losses = []
        for index in range(len(self._batches)):
            images, truths = self._batches[index]
            losses.append(float(self._step(images, truths, moving)))
            self.beat.at(place(self.epoch + 1, self._config.epochs, index + 1, len(self._batches), losses[-1]))
            if not math.isfinite(losses[-1]):
                raise FineTuningError(
                    f"loss is {losses[-1]} in epoch {self.epoch + 1}, batch {index + 1}; {self._out / 'last.npz'} "
                    "holds the last good epoch. Lower --learning-rate, or look for damaged annotations"
                )
        self.beat.at(f"epoch {self.epoch + 1}/{self._config.epochs}, measuring on val")
        self._close_epoch(loss=float(np.mean(losses)), seconds=time.monotonic() - started)

    def _one_step(self, images: Any, truths: Any, training: bool) -> Any:
        aims = truths
        if self.teacher is not None:
            answers, share = self.teacher(images, training=False), self._config.imitation
            aims = [true + share * (answer - true) for true, answer in zip(truths, answers, strict=True)]
        twice = tf.concat([images, images], axis=0)
        seen = with_noise(twice, self._config.noise, step=self._optimizer.iterations)
        with tf.GradientTape() as tape:
            loss = self._loss(aims, self._target.network(seen, training=training))
        gradients = tf.clip_by_global_norm(tape.gradient(loss, self._trained), CLIP_NORM)[0]
        self._optimizer.apply_gradients(zip(gradients, self._trained, strict=True))
        step = tf.cast(self._optimizer.iterations - 1, tf.float32)  # this one is counted already
        keep = tf.minimum(decay_at(step), self._config.ema_momentum)
        for mean, variable in zip(self._means, self._trained, strict=True):
            mean.assign(keep * mean + (1.0 - keep) * variable)
        return loss

    def _loss(self, aims: Any, outputs: Any) -> Any:
        """Of answers to two noisy copies of each picture: error of both, and their difference."""
        loss = tf.constant(0.0)
        terms = zip(self._losses["loss"], self._losses["loss_weights"], aims, outputs, strict=True)
        for term, weight, aim, found in terms:
            # Keras 3's losses as plain functions of tensors: their reduction belongs to its own loop
            error = tf.reduce_mean(term.call(tf.concat([aim, aim], axis=0), found))
            one, other = tf.split(found, 2)
            loss += weight * (error + self._config.steadiness * tf.reduce_mean((one - other) ** 2))
        return loss

    def _calibrate(self, network: Any) -> dict[str, tuple[float, float]]:
        self._batches.epoch = self._first_epoch
        count = min(self._config.calibration_batches, len(self._batches))
        return calibrated_ranges(network, self._plan, (self._batches[i][0] for i in range(count)))

    def _close_epoch(self, *, loss: float, seconds: float) -> None:
        """Evaluate the averaged weights, keep them if they are the best, and save the state."""
        raw = [variable.numpy() for variable in self._trained]
        _assign(self._trained, self._means)
        found = self._measure(self._target.network)
        row = {"epoch": len(self.history), "loss": loss, **found, "seconds": round(seconds, 1)}
        self.history.append(row)
        if row is self.best:
            self._save_best(row)
        _assign(self._trained, raw)
        self._save_state()
        mark = " (best)" if row is self.best else ""
        done = f"epoch {self.epoch}/{self._config.epochs}"
        figures = f"val NME {found['val_nme']:.2f} %{mark}, jitter {found['val_jitter']:.3f} %"
        print(f"{done}  loss {loss:.4f}  {figures}  {seconds:.0f} s", flush=True)
        self.beat.said()

    def _save_best(self, row: dict[str, float]) -> None:
        weights = {name: variable.numpy() for name, variable in self._target.weights.items()}
        ranges = self._plan.spread(self._target.read_ranges())
        arrays = weights | {RANGE.format(name): np.array(pair, np.float32) for name, pair in ranges.items()}
        tuned = {**self._note["fine_tuning"], "epoch": int(row["epoch"]), "val": {key: row[key] for key in VAL}}
        write_arrays(self._out / "best.npz", arrays, {**self._note, "fine_tuning": tuned})

    def _state(self) -> dict[str, Any]:
        return numbered(
            model=self._target.network.variables, mean=self._means, optimizer=self._optimizer.variables
        )

    def _save_state(self) -> None:
        arrays = {name: variable.numpy() for name, variable in self._state().items()}
        write_arrays(
            self._out / "last.npz",
            arrays,
            {"run": self._note["fine_tuning"], "data": dict(self._data), "history": self.history},
        )
        write_bytes(self._out / "history.csv", csv_bytes(self.history))

    def _resume(self) -> None:
        remove_parts(self._out)
        path = self._out / "last.npz"
        arrays, note = read_arrays(path)
        there, here = note.get("run", {}), self._note["fine_tuning"]
        if changed := [key for key in here if key != "float_val" and there.get(key) != here[key]]:
            raise CheckpointError(
                f"{path}: belongs to another run (differs in {', '.join(changed)}); use another --out, or remove "
                "the folder to start again"
            )
        check_same_data(path, note.get("data", {}), self._data)
        assign(path, self._state(), arrays)
        self.history = note["history"]
        print(f"resuming after epoch {self.epoch} of {self._config.epochs}", flush=True)


def _optimizer(config: QatConfig, steps_per_epoch: int) -> Any:
    steps = max(1, config.epochs * steps_per_epoch)
    rate = learning_rate(tf_keras, "cosine", peak=config.learning_rate, steps=steps, warmup=steps_per_epoch)
    return tf_keras.optimizers.Adam(rate)


def _assign(variables: Any, values: Any) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
