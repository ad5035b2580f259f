"""Two processes train as one, and go on after one of them was killed."""

from __future__ import annotations

import importlib.util
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sdk.errors import BackendError, InputError
from tests.fit_runs import ROOT, TINY, command, environment, fit_arguments, history, run, write_data
from tests.tiny_fit import drawn_weights
from train.checkpoint import read_arrays, write_arrays
from train.workers import ALONE, VARIABLES, Workers

EPOCHS = 12
SETTINGS = [*TINY, f"epochs={EPOCHS}", "landmarks.loss=l2", "landmarks.weight=100"]  # l2: one step to compile
needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed here")


def test_workers_come_from_the_variables_of_keras():
    assert Workers.from_environment({}) == ALONE
    values = ("10.0.0.1:1234,10.0.0.2:1234", "2", "1")
    assert Workers.from_environment(dict(zip(VARIABLES, values, strict=True))) == Workers(1, 2, "10.0.0.1:1234")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (("h:1", "2", "2"), "expected 0 to 1 of 2 workers, got 2"),
        (("", "2", "0"), "expected the first one's host:port in KERAS_DISTRIBUTION_JOB_ADDRESSES"),
        (("h:1", "two", "0"), "expected whole numbers in KERAS_DISTRIBUTION_NUM_PROCESSES"),
    ],
)
def test_wrong_variables_are_named(values, message):
    with pytest.raises(InputError, match=message):
        Workers.from_environment(dict(zip(VARIABLES, values, strict=True)))


def test_tensorflow_is_refused(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(BackendError, match="several workers need --backend jax"):
        Workers(0, 2, "localhost:1").meet()


def test_alone_an_error_is_left_as_it_is():
    with pytest.raises(InputError, match="broken"), ALONE.all_or_none():
        raise InputError("broken")


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    root = write_data(tmp_path_factory.mktemp("data") / "drawn")
    write_arrays(root / "weights.npz", drawn_weights(), {})
    return root


def words(packed: Path, out: Path) -> list[str]:
    arguments = fit_arguments(packed, out, *SETTINGS)
    return command(*arguments, "--backend", "jax", "--weights", str(packed / "weights.npz"))


def start_two(packed: Path, out: Path) -> list[subprocess.Popen[str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(2):
        values = (f"127.0.0.1:{port}", "2", str(rank))
        processes.append(
            subprocess.Popen(
                words(packed, out),
                cwd=ROOT,
                env=environment(**dict(zip(VARIABLES, values, strict=True))),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    return processes


def finish(processes: list[subprocess.Popen[str]]) -> list[str]:
    try:
        return [process.communicate(timeout=300)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()


@needs_jax
@pytest.mark.slow
def test_two_workers_reach_the_weights_of_one_also_after_a_kill(packed, tmp_path):
    """Each of the two sees two faces of every batch of four, with dropout and batch normalisation."""
    one, two = tmp_path / "one", tmp_path / "two"
    run(words(packed, one))
    processes = start_two(packed, two)
    assert processes[0].stdout is not None
    for line in processes[0].stdout:
        if line.startswith("epoch 1/"):
            break
    processes[1].send_signal(signal.SIGKILL)
    texts = finish(processes)
    assert processes[0].returncode == 2, texts[0]
    assert "error: worker 0 of 2" in texts[0]
    assert len(history(two)) < EPOCHS
    processes = start_two(packed, two)
    texts = finish(processes)
    assert [process.returncode for process in processes] == [0, 0], texts
    assert "resuming after epoch" in texts[0]
    # Tolerance: 36 steps of float32 sums in another order; a few 1e-7 of the loss were seen.
    np.testing.assert_allclose(history(two), history(one), rtol=1e-5)
    a, b = (read_arrays(folder / "last.npz")[0] for folder in (one, two))
    assert set(a) == set(b)
    for name in a:
        np.testing.assert_allclose(b[name], a[name], rtol=1e-4, atol=1e-5, err_msg=name)
