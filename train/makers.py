"""A function that other processes compute, where threads would wait for each other at Python's lock."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as NoAnswerError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from sdk.errors import BackendError, InputError

P = ParamSpec("P")
T = TypeVar("T")

READY_S = 120
"""Within this, a process that was forked has to answer."""

_function: Callable[..., Any] | None = None
"""Of a forked process: what it computes."""


def forked(function: Callable[P, T], count: int) -> Callable[P, T]:
    """`function`, computed by `count` processes that are forked now, with all that it knows.

    To be called before an accelerator is in use: what it holds cannot be forked. Arguments and results are sent;
    several threads may ask at once.

    Raises:
        InputError: the system cannot fork, or the count is below 1.
        BackendError: a process does not answer.
    """
    if count < 1:
        raise InputError(f"makers: expected 0 or more processes, got {count}")
    if "fork" not in multiprocessing.get_all_start_methods():
        raise InputError(f"makers: expected 0 on a system that cannot fork, got {count}")
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("fork"), _become, (function,))
    with _without_threads_of_opencv():
        answers = [pool.submit(_ready) for _ in range(count)]  # pools start their processes when first asked
    try:
        for answer in answers:
            answer.result(READY_S)
    except (NoAnswerError, BrokenProcessPool) as error:
        for process in multiprocessing.active_children():
            process.kill()
        raise BackendError("makers: a forked process does not answer; use --makers 0") from error
    return lambda *args, **named: pool.submit(_call, args, named).result()


@contextmanager
def _without_threads_of_opencv() -> Iterator[None]:
    """Its threads are not there in a forked process, which would wait for them."""
    import cv2

    count = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(count)


def _become(function: Callable[..., Any]) -> None:
    global _function
    _function = function


def _ready() -> None:
    """Something to wait for."""


def _call(args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    assert _function is not None, "the process has become one of a pool"
    return _function(*args, **named)
