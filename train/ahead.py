"""Items made ahead of their use, in the background."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

THREADS = min(8, os.cpu_count() or 1)
DEPTH = 4
"""Batches in the making or waiting; more only fill memory, since the mean decides."""

Item = TypeVar("Item")


class Ahead(Generic[Item]):
    """make(epoch, index), asked for in order; the next DEPTH - 1 of the epoch are begun meanwhile.

    `make` depends on its arguments alone, so that nothing depends on which thread is first.
    """

    def __init__(self, make: Callable[[int, int], Item], *, threads: int = THREADS, depth: int = DEPTH) -> None:
        self._make, self._depth = make, depth
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="batches")
        self._begun: dict[tuple[int, int], Future[Item]] = {}
        self._lock = Lock()

    def __call__(self, epoch: int, index: int, length: int) -> Item:
        """Item `index` of an epoch of `length` items."""
        with self._lock:
            wanted = [(epoch, i) for i in range(index, max(index + 1, min(index + self._depth, length)))]
            for key in wanted:
                if key not in self._begun:
                    self._begun[key] = self._pool.submit(self._make, *key)
            future = self._begun[wanted[0]]
            for key in set(self._begun) - set(wanted[1:]):
                del self._begun[key]
        return future.result()
