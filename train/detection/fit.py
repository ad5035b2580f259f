"""Fit a detector: Keras's own loop, with a checkpoint after every epoch and exact resume."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from train.averaging import Average, WarmAdamW
from train.checkpoint import (
    CheckpointError,
    assign,
    read_arrays,
    remove_parts,
    set_weights,
    weights_of,
    write_arrays,
)
from train.detection.batches import DetectorBatches
from train.detection.config import DetectorConfig
from train.detection.losses import detector_loss
from train.detection.network import HEADS, STRIDES, face_detector
from train.detection.photos import Photo
from train.detection.validation import ANGLES, ANY_ANGLES, Scores, Validation
from train.fingerprint import check_same_data, data_digest
from train.heartbeat import for_logs, place
from train.run import RECALIBRATION, TrainingError
from train.run_folder import state_of
from train.schedules import learning_rate


@dataclass(frozen=True, slots=True)
class DetectorResult:
    """What a run came to: average precision on val, averaged weights."""

    epochs: int
    best_epoch: int
    best_precision: float
    weights: Path


def joined(config: DetectorConfig) -> Any:
    """The network for frames of any size, its outputs joined to (batch, cells, 7) as `sdk.cells` reads them."""
    network = face_detector(keras, size=None, width=config.width)
    maps = dict(zip([f"{head}_{stride}" for stride in STRIDES for head in HEADS], network.outputs, strict=True))
    levels = []
    for stride in STRIDES:
        parts = [
            keras.layers.Reshape((-1, values), name=f"flat_{head}_{stride}")(maps[f"{head}_{stride}"])
            for head, values in HEADS.items()
        ]
        levels.append(keras.layers.Concatenate(name=f"cells_{stride}")(parts))
    cells = keras.layers.Concatenate(axis=1, name="cells")(levels)
    return keras.Model(network.inputs[0], cells, name="face_detector_cells")


def fit_detector(
    train: Sequence[Photo],
    val: Sequence[Photo],
    config: DetectorConfig,
    out: Path,
    *,
    extra: Sequence[Photo] = (),
    weights: Path | None = None,
    stop_after: int | None = None,
) -> DetectorResult:
    """Train from `weights`, else from the start; or go on from `out/last.npz` if it is there.

    Writes to `out`: last.npz (everything needed to resume) after every epoch, best.npz (the averaged weights
    with the highest average precision on val).

    Args:
        extra: photos beside `train`; each epoch shows a share of them, `config.extra_share`.
        weights: a best.npz to start from.
        stop_after: end after this epoch of the schedule; None goes on to its last.
    Raises:
        CheckpointError: a checkpoint belongs to another configuration or network, or cannot be written.
        TrainingError: the loss is not finite.
    """
    keras.utils.set_random_seed(config.seed)
    batches = DetectorBatches(train, config, extra=extra)
    model = joined(config)
    if weights is not None:
        set_weights(model, read_arrays(weights)[0])
    optimizer = WarmAdamW(
        learning_rate=learning_rate(
            keras,
            "cosine",
            peak=config.learning_rate,
            steps=config.epochs * len(batches),
            warmup=config.warmup_epochs * len(batches),
        ),
        weight_decay=config.weight_decay,
        global_clipnorm=config.clip_norm,
        use_ema=True,
        ema_momentum=config.ema_momentum,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer=optimizer, loss=detector_loss, jit_compile=keras.backend.backend() == "jax")
    optimizer.build(model.trainable_variables)
    measured_on = Validation(val, size=config.val_size, angles=ANY_ANGLES if config.any_roll else ANGLES)
    data = {"train": data_digest([*train, *extra]), "val": data_digest(val)}
    run = DetectorRun(Average(joined(config)), batches, measured_on, config, out, data)
    run.resume(model)
    epochs = config.epochs if stop_after is None else min(stop_after, config.epochs)
    if run.epoch < epochs:
        with run.beat:
            model.fit(batches, epochs=epochs, initial_epoch=run.epoch, shuffle=False, callbacks=[run], verbose=0)
    best = run.best
    assert best is not None, "the last epoch is measured"
    return DetectorResult(run.epoch, int(best["epoch"]), best["average_precision"], out / "best.npz")


class DetectorRun(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the history of a run and its folder."""

    def __init__(
        self,
        average: Average,
        batches: DetectorBatches,
        val: Validation,
        config: DetectorConfig,
        out: Path,
        data: dict[str, str],
    ) -> None:
        super().__init__()
        self._average, self._batches, self._val = average, batches, val
        self._config, self._out, self._data = config, out, data
        self.history: list[dict[str, float]] = []
        self.beat = for_logs()
        self._started = time.monotonic()

    @property
    def epoch(self) -> int:
        """Whole epochs so far."""
        return len(self.history)

    @property
    def best(self) -> dict[str, float] | None:
        """The first row of the highest average precision on val so far."""
        measured = [row for row in self.history if not math.isnan(row["average_precision"])]
        return max(measured, key=lambda row: row["average_precision"], default=None)

    def resume(self, network: Any) -> None:
        """Restore the state after the last whole epoch, if there is one."""
        remove_parts(self._out)
        last = self._out / "last.npz"
        if not last.exists():
            return
        arrays, note = read_arrays(last)
        if self._config != DetectorConfig(**note["config"]):
            raise CheckpointError(f"{last}: belongs to a run with another configuration; use another --out")
        check_same_data(last, note.get("data", {}), self._data)
        assign(last, state_of(network), arrays)
        self.history = list(note["history"])
        print(f"resuming after epoch {self.epoch} of {self._config.epochs}", flush=True)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._started = time.monotonic()
        self._batches.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        self.beat.at(place(self.epoch + 1, self._config.epochs, batch + 1, len(self._batches), loss))
        if not math.isfinite(loss):
            raise TrainingError(
                f"loss is {loss} in epoch {self.epoch + 1}; {self._out / 'last.npz'} holds the last good epoch. "
                "Lower learning_rate, or look for damaged annotations"
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.monotonic() - self._started
        due = (epoch + 1) % self._config.evaluate_every == 0 or epoch + 1 == self._config.epochs
        scores = self._evaluate() if due else Scores(math.nan, math.nan, math.nan)
        row = {
            "epoch": epoch + 1,
            "loss": float((logs or {})["loss"]),
            "average_precision": scores.average_precision,
            "recall": scores.recall,
            "false_per_photo": scores.false_per_photo,
            "seconds": round(seconds, 1),
        }
        self.history.append(row)
        self._save(row)
        print(_line(row, self._config.epochs, best=row is self.best), flush=True)
        self.beat.said()

    def _evaluate(self) -> Scores:
        self.beat.at(f"epoch {self.epoch + 1}/{self._config.epochs}, measuring on val")
        count = min(RECALIBRATION, len(self._batches))
        self._average.follow(self.model, (self._batches.frames(i) for i in range(count)))
        return self._val.scores(self._average.network)

    def _save(self, row: dict[str, float]) -> None:
        config = json.loads(json.dumps(self._config.to_dict()))
        if row is self.best:
            note = {"config": config, **row}
            write_arrays(self._out / "best.npz", weights_of(self._average.network), note)
        arrays = {name: np.asarray(variable) for name, variable in state_of(self.model).items()}
        write_arrays(
            self._out / "last.npz", arrays, {"config": config, "data": self._data, "history": self.history}
        )


def _line(row: dict[str, float], epochs: int, *, best: bool) -> str:
    line = f"epoch {row['epoch']}/{epochs}  loss {row['loss']:.4f}"
    if not math.isnan(row["average_precision"]):
        line += (
            f"  val AP {100 * row['average_precision']:.2f} %, recall {100 * row['recall']:.2f} %, "
            f"{row['false_per_photo']:.3f} false a photo{' (best)' if best else ''}"
        )
    return f"{line}  {row['seconds']:.0f} s"
