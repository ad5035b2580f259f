"""How every command of this project begins and ends: errors in words, signals, and an exit status."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sdk import console, missing, signals
from sdk.errors import SdkError


def run_command(body: Callable[[], int | None], *, stopped: str = "stopped") -> int:
    """The exit status of a command: its own, 2 after an error of this project, 128 and the number after a signal.

    Args:
        body: the command, its command line's parser included.
        stopped: what to say after a signal that the command did not handle itself.
    """
    left: SystemExit | None = None
    with signals.handled(), console.forgiving() as out:
        try:
            status = int(missing.explained(body) or 0)
        except SystemExit as error:  # of the parser: after its help, or what it does not understand
            left, status = error, 0
        except SdkError as error:
            print(f"error: {error}", file=sys.stderr)
            status = 2
        except signals.Stopped as signal:
            status = signal.status
            if signal.number != signals.SIGPIPE:
                print(f"{stopped} ({signals.name_of(signal.number)})", file=sys.stderr)
        except KeyboardInterrupt:
            print(stopped, file=sys.stderr)
            status = 130
        out.flush()
        if out.lost:
            print(f"error: standard output: cannot be written ({out.lost})", file=sys.stderr)
            left, status = None, status or 2
    if left is not None:
        raise left
    return status


def run_process(words: Sequence[str], *, folder: Path | None = None) -> int:
    """Run a program to its end; its status. A signal is handed on to it, so that it can close its files.

    Raises:
        Stopped: a signal came.
    """
    with subprocess.Popen(words, cwd=folder) as process:
        try:
            return process.wait()
        except signals.Stopped as stopped:
            process.send_signal(stopped.number)
            process.wait()
            raise
