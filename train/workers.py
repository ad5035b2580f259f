"""Several processes, on one machine or on many, that train one network on the same step.

Data parallel on keras.distribution, with JAX: each worker makes its part of every batch, the step is compiled
for all of them as one program, and sums over the batch (gradients, batch normalisation) run over the network.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from sdk.errors import BackendError, InputError, SdkError

VARIABLES = (
    "KERAS_DISTRIBUTION_JOB_ADDRESSES",
    "KERAS_DISTRIBUTION_NUM_PROCESSES",
    "KERAS_DISTRIBUTION_PROCESS_ID",
)
"""Environment variables of `keras.distribution.initialize`."""

HEARTBEAT_S = 100
"""Without a sign of life for so long, a machine counts as lost; a process that ends is noticed at once."""


@dataclass(frozen=True, slots=True)
class Workers:
    """Which of how many workers this process is, and where they meet: host:port of the first."""

    rank: int = 0
    count: int = 1
    address: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.count:
            raise InputError(f"worker: expected 0 to {self.count - 1} of {self.count} workers, got {self.rank}")
        if self.count > 1 and not self.address:
            raise InputError(f"workers: expected the first one's host:port in {VARIABLES[0]}, got nothing")

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Workers:
        """Workers as Keras's own environment variables say; alone without them."""
        addresses, count, rank = (variables.get(name, "") for name in VARIABLES)
        if not count:
            return cls()
        try:
            return cls(int(rank or 0), int(count), addresses.split(",")[0])
        except ValueError as error:
            raise InputError(
                f"workers: expected whole numbers in {VARIABLES[1]} and {VARIABLES[2]}: {error}"
            ) from None

    @property
    def first(self) -> bool:
        """The worker that writes files and prints."""
        return self.rank == 0

    @property
    def share(self) -> tuple[int, int]:
        return self.rank, self.count

    def meet(self) -> None:
        """Wait for all workers. Before anything else of JAX.

        Raises:
            BackendError: another backend than JAX.
        """
        if self.count == 1:
            return
        if os.environ.get("KERAS_BACKEND") != "jax":
            raise BackendError("several workers need --backend jax; docs/training.md says why")
        import jax

        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(self.address, self.count, self.rank, heartbeat_timeout_seconds=HEARTBEAT_S)

    def together(self) -> AbstractContextManager[Any]:
        """Where the network is built and trained: its variables are the same on every worker."""
        if self.count == 1:
            return nullcontext()
        import keras

        return keras.distribution.DataParallel(auto_shard_dataset=False).scope()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside `together`: what is done here, this worker does by itself."""
        if self.count == 1:
            yield
            return
        import keras

        shared = keras.distribution.distribution()
        keras.distribution.set_distribution(None)
        try:
            yield
        finally:
            keras.distribution.set_distribution(shared)

    @contextmanager
    def all_or_none(self) -> Iterator[None]:
        """An error ends this worker at once, with a word, so that the others notice and end as well.

        Python's own way out would first wait for them: JAX's exit handler is a barrier.
        """
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            if self.count == 1:
                raise
            if not isinstance(error, SdkError):
                traceback.print_exc()
            print(
                f"error: worker {self.rank} of {self.count}: {type(error).__name__}: {error}\n"
                "If a worker was lost, start all again: the same commands go on after the last whole epoch.",
                file=sys.stderr,
                flush=True,
            )
            os._exit(2)

    def check_same(self, what: str, value: int) -> None:
        """All workers must have the same number, or none goes on.

        Raises:
            InputError: they differ.
        """
        if self.count == 1:
            return
        from jax.experimental import multihost_utils

        everyone = np.asarray(multihost_utils.process_allgather(np.array([value]))).ravel()
        if len(set(everyone.tolist())) > 1:
            raise InputError(f"workers: expected the same {what} on all, got {everyone.tolist()}")


ALONE = Workers()
