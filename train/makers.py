"""A function that other processes compute, where threads would wait for each other at Python's lock."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, ParamSpec, TypeVar

from sdk.errors import InputError

P = ParamSpec("P")
T = TypeVar("T")

_function: Callable[..., Any] | None = None
"""Of a forked process: what it computes."""


def forked(function: Callable[P, T], count: int) -> Callable[P, T]:
    """`function`, computed by `count` processes that are forked now, with all that it knows.

    To be called before an accelerator is in use: what it holds cannot be forked. Arguments and results are sent;
    several threads may ask at once.

    Raises:
        InputError: the system cannot fork.
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        raise InputError(f"makers: expected 0 on a system that cannot fork, got {count}")
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("fork"), _become, (function,))
    for done in [pool.submit(_ready) for _ in range(count)]:
        done.result()
    return lambda *args, **named: pool.submit(_call, args, named).result()


def _become(function: Callable[..., Any]) -> None:
    global _function
    import cv2

    cv2.setNumThreads(1)  # the threads that it may have had stayed in the other process
    _function = function


def _ready() -> None:
    """Something to wait for: pools start their processes when they are first asked."""


def _call(args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    assert _function is not None, "the process has become one of a pool"
    return _function(*args, **named)
