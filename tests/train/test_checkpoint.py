"""Files are whole or absent."""

from __future__ import annotations

import numpy as np
import pytest

from train.checkpoint import CheckpointError, read_arrays, write_arrays, write_bytes


def test_arrays_and_note_come_back(tmp_path):
    path = tmp_path / "deep" / "a.npz"
    write_arrays(path, {"x/0": np.arange(3)}, {"epoch": 4})
    arrays, note = read_arrays(path)
    np.testing.assert_array_equal(arrays["x/0"], [0, 1, 2])
    assert note == {"epoch": 4}
    assert [p.name for p in path.parent.iterdir()] == ["a.npz"]


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    write_bytes(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        CheckpointError, match=r"a\.npz: could not be written \(No space left.*previous file.*intact"
    ):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04 half a zip"])
def test_damaged_files_are_named(tmp_path, content):
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"bad\.npz: expected a file written by python -m train"):
        read_arrays(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.npz: not found"):
        read_arrays(tmp_path / "none.npz")
