"""What a forked process does with what the threads of its parent were using.

A fork copies the memory and only the thread that asked for it. A lock that another thread held stays locked in the
child, an interpreter may be in the middle of a run, and the threads of both are gone. So whatever owns such things
names here what the child does about them, before anything else runs there.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_actions: weakref.WeakKeyDictionary[Any, Callable[[Any], object]] = weakref.WeakKeyDictionary()


def in_children(owner: T, action: Callable[[T], object]) -> None:
    """Have `action(owner)` called first in every process that is forked while the owner lives.

    Args:
        owner: anything that can be weakly referenced. It has one action, the last one given.
        action: must not hold the owner, which would never be freed, so no bound method of it.
    """
    _actions[owner] = action


def reopen_in_children(owner: Any, attribute: str, again: Callable[[], Any]) -> None:
    """Have children replace an attribute by the result of `again()`, when they first use it.

    Args:
        again: must not hold the owner.
    """

    def replace(owner: Any) -> None:
        keep_for_ever(getattr(owner, attribute))
        setattr(owner, attribute, _Unopened(owner, attribute, again))

    in_children(owner, replace)


def keep_for_ever(value: object) -> None:
    """Never free an object that is the parent's: its end would wait for threads that are not here."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


class _Unopened:
    """What a child has in place of the parent's object, until it asks for anything of it."""

    def __init__(self, owner: Any, attribute: str, again: Callable[[], Any]) -> None:
        self._owner, self._attribute, self._again = owner, attribute, again

    def __getattr__(self, name: str) -> Any:
        opened = self._again()
        setattr(self._owner, self._attribute, opened)
        return getattr(opened, name)


def _after_fork() -> None:
    for owner, action in list(_actions.items()):
        action(owner)


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
