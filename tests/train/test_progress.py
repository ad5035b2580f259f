"""What a run shows while it goes: the progress bar and the TensorBoard file."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import csv
import io
import struct
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fit_runs import fit_here, fit_stopped_after, history, write_data

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    return write_data(tmp_path_factory.mktemp("data") / "drawn")


def test_a_terminal_shows_the_step_the_loss_and_the_nme_on_val(packed, tmp_path, monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setattr("train.progress.PAUSE_S", 0.0)
    monkeypatch.setenv("COLUMNS", "200")
    fit_here(packed, tmp_path / "run")
    drawn = screen.getvalue().split("\r\x1b[K")
    assert any("epoch 1/3 [======              ] 1/3  loss" in line for line in drawn)
    assert any("epoch 3/3" in line and "val NME" in line and ", best" in line for line in drawn)
    assert [line.startswith("epoch 2/3  loss") for line in drawn].count(True) == 1  # Run's line stays


def test_without_a_terminal_there_is_a_line_an_epoch(packed, tmp_path, capsys):
    fit_here(packed, tmp_path / "run")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert not any("\r" in line for line in lines)


def test_a_log_says_something_while_an_epoch_lasts(packed, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("train.heartbeat.PAUSE_S", 0.05)
    fit_here(packed, tmp_path / "run")
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith(("epoch 1/3  loss", "epoch 2/3  loss", "epoch 3/3  loss")) for line in lines) == 3
    assert any("compiling the first step, " in line and line.endswith("s since the start") for line in lines)
    assert not any(thread.name == "heartbeat" for thread in threading.enumerate())


def test_nothing_is_said_within_half_a_minute_of_another_word():
    from train.heartbeat import PAUSE_S, Heartbeat

    assert PAUSE_S <= 30.0
    stream = io.StringIO()
    with Heartbeat(stream) as beat:
        beat.at("epoch 1/3")
    assert stream.getvalue() == ""


def test_the_history_has_what_the_loss_is_made_of(packed, tmp_path):
    from train.config import load_config

    out = tmp_path / "run"
    fit_here(packed, out)
    with (out / "history.csv").open() as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    assert [row["alpha"] for row in rows] == [2.0, 1.0, 0.5]
    config = load_config(None)
    for row in rows:
        terms = config.landmarks.weight * row["landmarks_loss"] + config.pose.weight * row["pose_loss"]
        assert row["loss"] == pytest.approx(terms, rel=1e-4)
        assert 0.0 < row["val_pose_mae_deg"] < 90.0


def scalars(path: Path) -> list[tuple[int, dict[str, float]]]:
    """Steps and values of an event file, read and its checksums verified by TensorFlow."""
    tf = pytest.importorskip("tensorflow")
    from tensorflow.core.util import event_pb2

    events = [event_pb2.Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(path))]
    assert events[0].file_version == "brain.Event:2"
    return [(e.step, {v.tag: v.simple_value for v in e.summary.value}) for e in events[1:]]


def test_tensorboard_gets_every_epoch_once_also_after_a_stop(packed, tmp_path, monkeypatch):
    out = tmp_path / "run"
    fit_stopped_after(2, monkeypatch, packed, out, tensorboard=True)
    fit_here(packed, out, tensorboard=True)
    files = list((out / "tensorboard").iterdir())
    assert len(files) == 1
    found = scalars(files[0])
    assert [step for step, _ in found] == [1, 2, 3]
    assert [values["val_nme"] for _, values in found] == pytest.approx(history(out)[:, 3], rel=1e-6)
    terms = {"landmarks_loss", "pose_loss", "alpha", "val_pose_mae_deg"}
    assert set(found[0][1]) == {"loss", "learning_rate", "val_nme", "seconds", *terms}


def test_the_checksum_is_castagnolis():
    from train.tensorboard import _checksum

    (masked,) = struct.unpack("<I", _checksum(b"123456789"))
    rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
    crc = (rotated >> 17 | rotated << 15) & 0xFFFFFFFF
    assert crc == 0xE3069283  # the check value of CRC-32C, RFC 3720 B.4 and its catalogues


def test_numbers_above_127_take_several_bytes():
    from train.tensorboard import _varint

    assert [_varint(n) for n in (0, 127, 128, 300)] == [b"\0", b"\x7f", b"\x80\x01", b"\xac\x02"]
