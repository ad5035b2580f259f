"""Model files of strangers: whatever they hold and of whatever kind they are, ModelFileError says why not."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import socket
import struct
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sdk import DetectorFile, InputError, ModelFile, ModelFileError
from sdk.archive import MAX_MEMBERS
from sdk.arrays import array_bytes, read_array
from sdk.cli import main
from sdk.files import MAX_FILE_BYTES, read_file
from sdk.packing import METADATA_NAME, kind_of
from sdk.parsing import RefusedError

MODEL = ModelFile.default()
CONTENT = MODEL.repacked(MODEL.metadata)
NEEDS_PIPES = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


def members() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(CONTENT)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def built(method: int = zipfile.ZIP_DEFLATED, **changes: bytes) -> bytes:
    """The model with some members replaced, all checksums right."""
    found = members() | changes
    if METADATA_NAME not in changes:
        table = json.loads(found[METADATA_NAME])
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in found.items() if name != METADATA_NAME}
        found[METADATA_NAME] = json.dumps({**table, "sha256": table["sha256"] | sums}).encode()
    buffer = io.BytesIO(MODEL.flatbuffer)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", method) as archive:
        for name, data in found.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def refused(content: bytes, words: str) -> None:
    with pytest.raises(ModelFileError, match=words):
        ModelFile.from_bytes(content)


def edited(signature: bytes, at: int, layout: str, *values: int) -> bytes:
    """The model with numbers of a record of its archive replaced: the first record with that signature."""
    out = bytearray(CONTENT)
    place = out.find(signature, len(MODEL.flatbuffer))
    struct.pack_into(layout, out, place + at, *values)
    return bytes(out)


def test_a_model_that_was_built_again_is_accepted():
    assert ModelFile.from_bytes(built()).flatbuffer == MODEL.flatbuffer


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(method):
    refused(built(method), "expected a plain or deflated member")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (edited(b"PK\x01\x02", 8, "<H", 1), "expected a plain or deflated member"),  # encrypted
        (edited(b"PK\x01\x02", 10, "<H", 99), "expected a plain or deflated member"),
        (edited(b"PK\x05\x06", 4, "<H", 1), "got a split or 64-bit one"),
        (edited(b"PK\x05\x06", 8, "<HH", 60000, 60000), f"expected 1 to {MAX_MEMBERS} members, got 60000"),
        (edited(b"PK\x05\x06", 8, "<HH", 0, 0), f"expected 1 to {MAX_MEMBERS} members, got 0"),
        (edited(b"PK\x05\x06", 12, "<L", 0xFFFFFFF0), "does not fit its size"),
        (edited(b"PK\x01\x02", 42, "<L", 0xFFFFFFF0), "its directory is not plain"),
        (edited(b"PK\x01\x02", 28, "<H", 3), "its directory is not plain"),
        (edited(b"PK\x01\x02", 30, "<H", 1), "its directory is not plain"),  # a further field
        (edited(b"PK\x03\x04", 0, "<L", 0), "cannot be read"),
        (edited(b"PK\x03\x04", 40, "<Q", 0), "cannot be read|checksum"),  # the deflated data
    ],
)
def test_an_archive_that_is_not_plain_is_refused(content, words):
    refused(content, words)


def test_a_name_that_is_there_twice_is_refused():
    buffer = io.BytesIO(CONTENT)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(METADATA_NAME, b"{}")
    refused(buffer.getvalue(), "two members have the same name")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[" * 100_000, "is no JSON"),
        (b'{"a":' * 100_000, "is no JSON"),
        (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "at most 32 levels"),
        (b"\xff\xfe{", "is no JSON"),
        (b'{"a": NaN}', "is no JSON .*expected finite numbers .*got NaN"),
        (b'{"a": 1e999}', "is no JSON .*expected finite numbers .*got 1e999"),
        (b'{"a": ' + b"1" * 5000 + b"}", "at most 63 characters, got 1111"),
        (b'{"a": 0.' + b"1" * 64 + b"}", "at most 63 characters, got 0.1111"),
        ('{"a": 1}'.encode("utf-16"), "is no JSON"),
        (b'{"a": "\\ud800"}', "is no JSON"),
        (b"[1]", "expected an object, got list"),
        (b" " * (1 << 20) + b"{}", "claims 1048578 bytes, more than 1048576"),
    ],
)
def test_metadata_that_parsers_stumble_over(text, words):
    refused(built(**{METADATA_NAME: text}), words)
    assert kind_of(built(**{METADATA_NAME: text})) == "face_aligner"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("format_version", True, "expected an integer format_version of at least 1, got True"),
        ("format_version", 0, "at least 1, got 0"),
        ("kind", ["face_aligner"], "expected a face_aligner, got kind"),
        ("name", "", "1 to 127 printable bytes"),
        ("name", "x" * 128, "1 to 127 printable bytes"),
        ("name", "\x1b[2Jm", "1 to 127 printable bytes"),
        ("scheme", "ibug69", "expected scheme in"),
        ("input_size", True, "metadata input_size: expected int from 1 to 1024, got True"),
        ("input_size", 1 << 20, "metadata input_size: expected int from 1 to 1024"),
        ("input_scale", 0.0, "metadata input_scale: expected float from 1e-06 to 256, got 0.0"),
        ("input_scale", 1e300, "metadata input_scale"),
        ("crop_margin", -1.3, "metadata crop_margin: expected float from 0.1 to 10"),
        ("crop_margin", 1e30, "metadata crop_margin"),
        ("yaw_expansion", 2, "metadata yaw_expansion: expected float from 0 to 1, got 2"),
        ("yaw_expansion", None, "metadata yaw_expansion"),
        ("sha256", {"flatbuffer": 1}, "flatbuffer does not match"),
        ("head", [], "head: expected an object"),
        ("head", {**MODEL.metadata["head"], "maps_scale": 1e-400 or 0.0}, "maps_scale above 0"),
        ("head", {**MODEL.metadata["head"], "top_scale": 1e300}, r"top_scale above 0 up to 1e\+06"),
        ("head", {**MODEL.metadata["head"], "maps_side": True}, "maps_side: expected int"),
    ],
)
def test_every_number_of_the_metadata_has_its_range(field, value, words):
    refused(built(**{METADATA_NAME: json.dumps({**MODEL.metadata, field: value}).encode()}), words)


@pytest.mark.parametrize(
    ("field", "value"), [("min_score", 0), ("min_score", 1), ("max_overlap", -1), ("min_score", True)]
)
def test_every_number_of_a_detector_has_its_range(field, value):
    detector = DetectorFile.default()
    from sdk.detector_file import pack_detector

    with pytest.raises(ModelFileError, match=f"metadata {field}: expected float between 0 and 1, got {value}"):
        pack_detector(detector.flatbuffer, {**detector.metadata, field: value})


def with_array(name: str, change: object) -> bytes:
    return built(**{f"{name}.npy": array_bytes(np.asarray(change, np.float32))})


SHAPE = MODEL.shape_model
HEAD = MODEL.head
assert HEAD is not None


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("shape_model/mean", SHAPE.mean * np.nan, "mean: expected finite"),
        ("shape_model/mean", SHAPE.mean * 2, "mean: expected zero centroid and unit RMS radius"),
        ("shape_model/mean", SHAPE.mean + 1, "mean: expected zero centroid"),
        ("shape_model/mean", SHAPE.mean * 0, "mean: expected zero centroid and unit RMS radius"),
        (
            "shape_model/mean",
            np.stack([SHAPE.mean[:, 0] / SHAPE.mean[:, 0].std(), 0 * SHAPE.mean[:, 0]], 1),
            "got a line",
        ),
        ("shape_model/eigenvectors", SHAPE.eigenvectors * 1.01, "expected orthonormal rows"),
        (
            "shape_model/eigenvectors",
            SHAPE.eigenvectors[[0] * len(SHAPE.eigenvectors)],
            "expected orthonormal rows",
        ),
        ("shape_model/eigenvectors", SHAPE.eigenvectors * 1e38, "expected orthonormal rows"),
        ("shape_model/eigenvalues", -SHAPE.eigenvalues, "positive and descending"),
        ("shape_model/eigenvalues", SHAPE.eigenvalues[::-1], "positive and descending"),
        ("shape_model/eigenvalues", SHAPE.eigenvalues * 1e6, "eigenvalues: expected 1e-12 to 136"),
        ("shape_model/eigenvalues", SHAPE.eigenvalues * 1e-20, "eigenvalues: expected 1e-12 to 136"),
        ("shape_model/residual_moments", [-1, 1], "residual_moments"),
        ("shape_model/residual_moments", [1e-3, 1e3], "residual_moments"),
        ("shape_model/mean_3d", SHAPE.mean_3d * (1, 1, 0), "got a line or a plane"),
        (
            "head/landmarks_kernel",
            HEAD.landmarks_kernel * 1e38,
            r"landmarks_kernel: expected numbers up to 1e\+06",
        ),
        ("head/pose_bias", HEAD.pose_bias + 1e30, "pose_bias: expected numbers up to"),
        ("head/confidence_kernel", np.full(68, 1e30), "confidence_kernel: expected numbers up to"),
        ("head/confidence_bias", [np.inf], "confidence_bias: expected finite"),
    ],
)
def test_every_array_has_its_range(name, array, words):
    refused(with_array(name, array), words)


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999, 2), }\n",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }\n",
        b"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1), }\n",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }\n",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n",
        b"(" * 200,
        b"\xff" * 100,
    ],
)
def test_headers_of_arrays_are_no_python(header):
    member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8)
    with pytest.raises(RefusedError, match="mean: expected"):
        read_array(member, "mean")
    refused(built(**{"shape_model/mean.npy": member}), "shape model: mean: expected")


def test_content_that_is_no_bytes():
    assert ModelFile.from_bytes(bytearray(CONTENT)).flatbuffer == MODEL.flatbuffer  # type: ignore[arg-type]
    for wrong in (None, "text", 3):
        with pytest.raises(InputError, match="expected the bytes of a file"):
            ModelFile.from_bytes(wrong)  # type: ignore[arg-type]


@NEEDS_PIPES
def test_a_pipe_is_refused_and_nobody_waits(tmp_path):
    path = tmp_path / "pipe.tflite"
    os.mkfifo(path)
    said = []
    thread = threading.Thread(target=lambda: said.append(_error_of(path)), daemon=True)
    thread.start()
    thread.join(timeout=20)
    assert said
    assert "expected a regular file, got a pipe" in said[0]


def _error_of(path: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        ModelFile.load(path)
    return str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="no devices or sockets among files")
def test_devices_folders_and_sockets_are_refused(tmp_path, monkeypatch):
    assert "got a device" in _error_of(Path(os.devnull))
    assert "got a device" in _error_of(Path("/dev/zero"))
    assert "got a directory" in _error_of(tmp_path)
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        assert "got a socket" in _error_of(Path("s"))


def test_a_huge_sparse_file_is_refused_by_its_size(tmp_path):
    path = tmp_path / "sparse.tflite"
    with open(path, "wb") as file:
        file.write(CONTENT[:100])
        try:
            file.truncate(200 << 30)
        except OSError:
            pytest.skip("this file system has no sparse files of 200 GiB")
    started = time.monotonic()
    assert f"expected at most {MAX_FILE_BYTES} bytes, got {200 << 30}" in _error_of(path)
    assert time.monotonic() - started < 5.0


def test_a_name_that_is_no_name():
    assert "cannot be read" in _error_of(Path("a\0b"))
    assert "cannot be read" in _error_of(Path("x" * 5000))


@pytest.mark.skipif(sys.platform == "win32", reason="no devices among files")
@pytest.mark.parametrize("command", [["inspect"], ["demo", "--model"], ["demo", "--detector"]])
def test_commands_refuse_a_device_in_words(command, capsys):
    assert main([*command, "/dev/zero"]) == 2
    assert (
        "error: model /dev/zero: cannot be read (expected a regular file, got a device)" in capsys.readouterr().err
    )


def test_a_file_that_is_read_is_whole(tmp_path):
    path = tmp_path / "whole.tflite"
    path.write_bytes(CONTENT)
    assert read_file(path) == CONTENT


FUZZ = Path(__file__).resolve().parents[1] / "fuzz"


def _fuzz():
    spec = importlib.util.spec_from_file_location("fuzz", FUZZ / "fuzz.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process's memory are set as POSIX has them")
def test_mutated_files_are_refused_in_words_or_run():
    """A short run of tests/fuzz/fuzz.py: nothing but an SdkError leaves the reader, and no process crashes."""
    answers = list(_fuzz().fuzz(iter(range(1_000_000, 1_000_400)), seed=2))
    assert [a for a in answers if a["outcome"] not in ("refused", "accepted")] == []
    assert {a["outcome"] for a in answers} == {"refused", "accepted"}
    assert len({a["mutation"] for a in answers}) > 12


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process's memory are set as POSIX has them")
def test_the_fuzzer_sees_foreign_errors_and_crashes():
    """Its probe can fail: a worker that dies or reports something foreign is counted."""
    fuzz = _fuzz()
    worker = fuzz.Worker(1, run=False)
    try:
        worker._process.kill()
        assert worker.try_file(0)["outcome"] == "crashed"
        assert worker.try_file(0)["outcome"] in ("refused", "accepted")  # another process
    finally:
        worker.close()
