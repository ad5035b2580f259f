"""The history of a run as a TensorBoard event file, written without TensorFlow or tensorboard.

Format: records of (uint64 length, masked CRC-32C of it, an Event message, masked CRC-32C of that), all little
endian; Event and Summary as in tensorflow/core/util/event.proto and framework/summary.proto.
"""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from train.checkpoint import CheckpointError
from train.run import Run


class TensorBoard(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes `folder` anew when training begins, with the epochs so far, and then a record for each epoch.

    Stands after `Run`, whose history it tells.
    """

    def __init__(self, folder: Path, run: Run) -> None:
        super().__init__()
        self._folder, self._run = folder, run
        self._path = folder / "events.out.tfevents.run"

    def on_train_begin(self, logs: Any = None) -> None:
        content = [record(version_event())] + [record(scalars_event(row)) for row in self._run.history]
        self._write("wb", b"".join(content))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._write("ab", record(scalars_event(self._run.history[-1])))

    def _write(self, mode: str, content: bytes) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._path.open(mode) as file:
                file.write(content)
        except OSError as error:
            raise CheckpointError(f"{self._path}: could not be written ({error.strerror or error})") from error


def record(event: bytes) -> bytes:
    """An event as it stands in the file."""
    length = struct.pack("<Q", len(event))
    return length + _checksum(length) + event + _checksum(event)


def version_event() -> bytes:
    """The first of a file."""
    return _double(1, time.time()) + _bytes(3, b"brain.Event:2")


def scalars_event(row: Mapping[str, float]) -> bytes:
    """What was measured in an epoch, as scalars at the step `epoch`."""
    values = b"".join(
        _bytes(1, _bytes(1, name.encode()) + _float(2, value))
        for name, value in row.items()
        if name != "epoch" and not math.isnan(value)
    )
    return _double(1, time.time()) + _integer(2, int(row["epoch"])) + _bytes(5, values)


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _integer(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)


def _table() -> tuple[int, ...]:
    """CRC-32C (Castagnoli), reflected polynomial 0x82F63B78."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


_CRC = _table()


def _checksum(content: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in content:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
