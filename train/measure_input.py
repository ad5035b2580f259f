"""How fast batches are made, against how fast they are trained on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from sdk.shape_model import ShapeModel
from train.batches import TrainingBatches
from train.config import TrainConfig
from train.datasets import Sample
from train.losses import compile_arguments
from train.setup import common_scheme, compiled, make_batches


@dataclass(frozen=True, slots=True)
class InputReport:
    """Seconds a batch: of the input pipeline alone, of the training step alone, of both as `fit` runs them."""

    faces: int
    batches: int
    input_s: float
    step_s: float
    both_s: float

    @property
    def waiting(self) -> float:
        """Share of the time, 0 to 1, that training would not need if every batch lay ready."""
        return max(0.0, 1.0 - self.step_s / self.both_s)

    def __str__(self) -> str:
        parts = {"input alone": self.input_s, "step alone": self.step_s, "both": self.both_s}
        lines = [f"{name:<12}{1.0 / s:8.2f} batches/s {1000.0 * s:9.1f} ms" for name, s in parts.items()]
        head = f"{self.batches} batches of {self.faces} faces"
        return "\n".join([head, *lines, f"training waits {self.waiting:.0%} of its time"])


def measure_input(
    train: Sequence[Sample], shape_model: ShapeModel, config: TrainConfig, *, batches: int = 30
) -> InputReport:
    """Time `batches` batches each way, after three that are not counted."""
    scheme = common_scheme(train, shape_model)
    source = make_batches(train, shape_model, config, scheme)
    terms = compile_arguments(shape_model, config.size, [config.landmarks, config.pose])
    model = compiled(config, scheme, terms, len(source))
    count = min(batches, len(source))
    ready = [source[i] for i in range(min(3, len(source)))]
    for images, labels in ready:
        model.train_on_batch(images, labels)
    input_s = _seconds(lambda: [source[i] for i in range(count)]) / count
    step_s = _seconds(lambda: [model.train_on_batch(*ready[i % len(ready)]) for i in range(count)]) / count
    return InputReport(len(ready[0][0]), count, input_s, step_s, _together(model, source, count))


def _together(model: Any, source: TrainingBatches, count: int) -> float:
    """Seconds a batch of `fit` over `count` batches, from the first that is there."""
    clock = _Clock()
    source.epoch = 1
    model.fit(source, steps_per_epoch=count, shuffle=False, callbacks=[clock], verbose=0)
    return clock.seconds / max(1, count - 1)


class _Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Seconds from the end of the first batch to the end of the last."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        float((logs or {}).get("loss", 0.0))  # as `Run` does: wait for the step
        now = time.perf_counter()
        if batch == 0:
            self._first = now
        self.seconds = now - self._first


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
