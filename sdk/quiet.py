"""The first interpreter of a process is opened without the line that TensorFlow Lite writes then.

`INFO: Created TensorFlow Lite XNNPACK delegate for CPU.` goes straight to the error stream, once in a process, and
the interpreters have no switch for it. So it is provoked here with a network of one operator, while the error
stream leads into a temporary file. That takes half a millisecond, and no other model is opened meanwhile: whatever
is said of a user's model is seen. What other threads write in this time follows at its end.
"""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

LINE = b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU."

ONE_OPERATOR = base64.b64decode(
    "GAAAAFRGTDMAAA4AFAAQAAwACAAAAAQADgAAABAAAAAcAAAA0AAAAAMAAAABAAAACAAAAAQABAAEAAAAAQAAABAAAAAMABQAEAAMAAgABAAMAAAAEA"
    "AAADwAAABAAAAARAAAAAEAAAAQAAAAAAAKAAwAAAAIAAQACgAAAAgAAAAMAAAAAQAAAAEAAAABAAAAAAAAAAEAAAABAAAAAQAAAAAAAAACAAAAMAAA"
    "AAQAAADk////CAAAAAwAAAABAAAAYgAAAAEAAAABAAAADAAMAAgAAAAAAAQADAAAAAgAAAAMAAAAAQAAAGEAAAABAAAAAQAAAAEAAAAQAAAADAAMAAs"
    "AAAAAAAQADAAAABMAAAAAAAAT"
)
"""A network that gives max(x, 0) of one number; tests/sdk/test_quiet.py makes the same bytes."""

_STDERR = 2
_lock = threading.Lock()
_said = False

if hasattr(os, "register_at_fork"):  # a child that is forked meanwhile would keep the temporary file
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def have_it_said(create: Callable[..., Any]) -> None:
    """Let an Interpreter class write its line where nobody sees it, once in a process."""
    global _said
    with _lock:
        if not _said:
            _said = True
            with (
                _led_away(),
                suppress(ValueError, RuntimeError),
            ):  # an interpreter that cannot: then the line is seen
                create(model_content=ONE_OPERATOR).allocate_tensors()


@contextmanager
def _led_away() -> Iterator[None]:
    """The error stream without LINE; what else was written follows at the end."""
    with ExitStack() as opened:
        places = _places(opened)
        if places is None:
            yield
            return
        kept, file = places
        os.dup2(file.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            file.seek(0)
            _pass_on(file.read())


def _places(opened: ExitStack) -> tuple[int, Any] | None:
    """Another descriptor of the error stream, and a file; None where there is no stream, or no place for files."""
    import tempfile

    try:
        kept = os.dup(_STDERR)
        opened.callback(os.close, kept)
        return kept, opened.enter_context(tempfile.TemporaryFile(buffering=0))
    except OSError:
        return None


def _pass_on(written: bytes) -> None:
    rest = b"".join(line for line in written.splitlines(keepends=True) if line.strip() != LINE)
    with suppress(OSError):  # nobody reads the stream
        os.write(_STDERR, rest)
