"""How fast batches are made, against how fast they are trained on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras

from sdk.shape_model import ShapeModel
from train.batches import TrainingBatches
from train.config import TrainConfig
from train.datasets import Sample
from train.input_report import InputReport
from train.losses import compile_arguments
from train.setup import common_scheme, compiled, make_batches


def measure_input(
    train: Sequence[Sample], shape_model: ShapeModel, config: TrainConfig, *, batches: int = 30
) -> InputReport:
    """Time `batches` batches each way, after three that are not counted."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    scheme = common_scheme(train, shape_model)
    source = make_batches(train, shape_model, config, scheme)
    terms = compile_arguments(shape_model, config.size, config.tasks)
    model = compiled(config, scheme, terms, len(source))
    count = min(batches, len(source))
    ready = [source[i] for i in range(min(3, len(source)))]
    for images, labels in ready:
        model.train_on_batch(images, labels)
    input_s, input_cpu_s = _seconds(lambda i: source[i], count)
    step_s, step_cpu_s = _seconds(lambda i: model.train_on_batch(*ready[i % len(ready)]), count)
    return InputReport(
        network=config.network,
        size=config.size,
        faces=len(ready[0][0]),
        batches=count,
        input_s=input_s,
        step_s=step_s,
        both_s=_together(model, source, count),
        input_cpu_s=input_cpu_s,
        step_cpu_s=step_cpu_s,
        cores=os.cpu_count() or 1,
        load=load,
    )


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


def _seconds(work: Callable[[int], Any], count: int) -> tuple[float, float]:
    """Of the clock and of the processors, for each of work(0) to work(count - 1)."""
    began, busy = time.perf_counter(), time.process_time()
    for i in range(count):
        work(i)
    return (time.perf_counter() - began) / count, (time.process_time() - busy) / count
