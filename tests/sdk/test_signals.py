"""Signals ask for the end of a run; outside they interrupt."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from sdk import signals
from sdk.command import run_command, run_process
from sdk.errors import InputError
from sdk.signals import Stopped, deferred, handled, request


@pytest.fixture(autouse=True)
def foreground():
    """As a shell in the foreground starts programs; a test run in the background ignores SIGINT and SIGHUP."""
    own = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in own.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_raises_what_ctrl_c_raises(name, status):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(KeyboardInterrupt) as stopped, handled():
            signal.raise_signal(number)
        assert stopped.value.status == status
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_the_item_in_hand_is_finished():
    done = []
    with handled(), deferred() as stop:
        for item in stop.each(range(10)):
            if item == 2:
                signal.raise_signal(signal.SIGTERM)
                signal.raise_signal(signal.SIGTERM)  # at once: the same request
            done.append(item)
    assert (done, stop.status) == ([0, 1, 2], 143)


def test_waiting_is_interrupted():
    def silent_camera():
        yield 1
        with (condition := threading.Condition()):
            condition.wait()

    with handled(), deferred() as stop:
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
        assert list(stop.each(silent_camera())) == [1]
    assert stop.status == 143


def test_a_later_signal_does_not_wait(monkeypatch):
    monkeypatch.setattr(signals, "PATIENCE_S", 0.0)
    with handled(), deferred() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.number == signal.SIGTERM
        time.sleep(0.01)
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGINT)


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handled():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_change_no_handlers():
    before, seen = signal.getsignal(signal.SIGTERM), []
    thread = threading.Thread(target=lambda: seen.append(run_command(lambda: 3)))
    thread.start()
    thread.join()
    assert (seen, signal.getsignal(signal.SIGTERM)) == ([3], before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_ends_as_it_would_have():
    import subprocess
    import sys

    program = (
        "import os, signal, time\n"
        "from sdk.signals import handled\n"
        "with handled():\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        time.sleep(30)\n"
        "    time.sleep(0.3)\n"
        "    os.kill(child, signal.SIGTERM)\n"
        "    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (str(-signal.SIGTERM), "")


def test_a_command_ends_with_its_status(capsys):
    def wrong() -> int:
        raise InputError("in words")

    def interrupted() -> int:
        raise KeyboardInterrupt

    def left() -> int:
        request(signals.SIGPIPE)
        return 0

    def parsed() -> int:
        raise SystemExit(2)

    assert [run_command(lambda: None), run_command(lambda: 1), run_command(wrong)] == [0, 1, 2]
    assert capsys.readouterr().err == "error: in words\n"
    assert [run_command(interrupted, stopped="gone"), run_command(left)] == [130, 141]
    assert capsys.readouterr().err == "gone\n"
    with pytest.raises(SystemExit, match="2"):
        run_command(parsed)


def test_a_signal_is_handed_on_to_a_program():
    import sys

    program = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(7)); time.sleep(30)"
    seen = []

    def body() -> int:
        threading.Timer(0.7, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
        seen.append(time.monotonic())
        return run_process([sys.executable, "-c", program])

    assert run_command(body) == 143
    assert time.monotonic() - seen[0] < 20
