"""A progress bar: where the epoch is, and how good the last one was on val."""

from __future__ import annotations

import shutil
import time
from typing import Any, TextIO

import keras

from train.run import Run
from train.run_folder import measured

WIDTH = 20
PAUSE_S = 0.2
"""Between two drawings: a step may take a millisecond."""


class ProgressBar(keras.callbacks.Callback):  # type: ignore[misc]
    """One line of a terminal, redrawn; stands before `Run`, whose own line for the epoch replaces it."""

    def __init__(self, run: Run, steps: int, epochs: int, stream: TextIO) -> None:
        super().__init__()
        self._run, self._steps, self._epochs, self._stream = run, steps, epochs, stream
        self._began = self._drawn = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began, self._drawn = time.monotonic(), 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        now = time.monotonic()
        if now - self._drawn < PAUSE_S:
            return
        self._drawn = now
        line = self._line(batch + 1, float((logs or {}).get("loss", 0.0)), now - self._began)
        self._stream.write("\r\x1b[K" + line[: shutil.get_terminal_size().columns - 1])
        self._stream.flush()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._stream.write("\r\x1b[K")
        self._stream.flush()

    def _line(self, done: int, loss: float, seconds: float) -> str:
        full = WIDTH * done // self._steps
        bar = "=" * full + " " * (WIDTH - full)
        left = seconds / done * (self._steps - done)
        line = f"epoch {self._run.epoch + 1}/{self._epochs} [{bar}] {done}/{self._steps}  loss {loss:.4f}"
        seen, best = measured(self._run.history), self._run.best
        if best is not None:
            now = seen[-1]
            line += f"  val NME {now['val_nme']:.2f} %, best {best['val_nme']:.2f} %"
        return f"{line}  {left:.0f} s left"
