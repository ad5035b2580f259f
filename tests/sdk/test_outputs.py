"""Files are whole or as they were; what fails half way leaves what it had."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import subprocess

import pytest

from sdk import InputError, parts
from sdk.inputs import as_file, read_input
from sdk.outputs import OutputError, replacing, whole, write_file
from sdk.parts import Part
from sdk.rows import JsonList, Rows
from sdk.signals import deferred


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def fail(file, content, failure) -> None:
    file.write(content)
    raise failure


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_new_or_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_file(path, b"first")
    assert path.read_bytes() == b"first"
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match=r"a\.json: cannot be written \(No space left on device\)") as error:
        write_file(path, b"second")
    assert error.value.reason == "No space left on device"
    assert isinstance(error.value, InputError)
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["a.json"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError])
def test_what_is_interrupted_leaves_nothing_behind(tmp_path, failure):
    with pytest.raises(failure), replacing(tmp_path / "a") as file:
        fail(file, b"half", failure)
    assert names(tmp_path) == []


def test_a_part_that_is_there_belongs_to_somebody(tmp_path):
    (tmp_path / "a.part").write_bytes(b"mine")
    write_file(tmp_path / "a", b"x")
    with Rows(tmp_path / "a") as rows:
        rows.write("y\n")
        assert names(tmp_path) == ["a", "a.part", "a.part2"]
    assert names(tmp_path) == ["a", "a.part"]
    assert (tmp_path / "a.part").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["x" * 250 + ".json", "写" * 80 + ".json"])
def test_a_name_may_be_as_long_as_the_system_takes(tmp_path, name):
    write_file(tmp_path / name, b"x")
    with Rows(tmp_path / name) as rows:
        rows.write("y\n")
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("target", ["folder", "none/a", "file/a"])
def test_what_cannot_be_a_file_is_said_at_once(tmp_path, target):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for write in (lambda path: write_file(path, b""), Rows):
        with pytest.raises(OutputError, match="cannot be written"):
            write(tmp_path / target)
    assert names(tmp_path) == ["file", "folder"]


def test_a_file_that_is_not_to_be_written_stays(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"precious")
    path.chmod(0o400)
    monkeypatch.setattr("os.access", lambda path, mode: bool(os.stat(path).st_mode & stat.S_IWUSR))  # not root
    with pytest.raises(OutputError, match="Permission denied"):
        write_file(path, b"x")
    assert path.read_bytes() == b"precious"


def test_a_file_in_a_folder_of_others_is_written_through(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"a longer content than the new one")
    node, make = path.stat().st_ino, parts._new_file

    def denied(beside, suffix):
        if beside.parent == tmp_path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return make(beside, suffix)

    monkeypatch.setattr(parts, "_new_file", denied)
    monkeypatch.setattr("os.replace", lambda *_: full())
    monkeypatch.setattr(Part, "_replaced", lambda _: False)
    write_file(path, b"new")
    assert (path.read_bytes(), path.stat().st_ino) == (b"new", node)


def test_a_file_that_is_mounted_by_itself_is_written_through(tmp_path):
    target, source = tmp_path / "a.json", tmp_path / "host.json"
    target.touch()
    source.write_text("longer than what follows")
    if subprocess.run(["mount", "--bind", str(source), str(target)], capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount")
    try:
        write_file(target, b"new")
        assert source.read_bytes() == b"new"
    finally:
        subprocess.run(["umount", str(target)], check=True)


def test_where_writing_through_fails_the_whole_result_stays(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.link(path, tmp_path / "b")
    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(OutputError, match=r"the whole result is in .*a\.part"):
        write_file(path, b"new")
    assert (tmp_path / "a.part").read_bytes() == b"new"


def test_rows_come_as_they_are_written(tmp_path):
    path = tmp_path / "rows"
    path.write_text("earlier")
    with Rows(path) as rows:
        rows.write("1\n")
        rows.write("2\n")
        assert (tmp_path / "rows.part").read_text() == "1\n2\n"
        assert path.read_text() == "earlier"
    assert path.read_text() == "1\n2\n"
    assert names(tmp_path) == ["rows"]


def test_rows_of_a_run_that_fails_stay_beside(tmp_path, capsys):
    with pytest.raises(RuntimeError), Rows(tmp_path / "rows") as rows:
        fail(rows, "1\n", RuntimeError)
    assert (tmp_path / "rows.part").read_text() == "1\n"
    assert f"rows: the records so far are in {tmp_path / 'rows.part'}" in capsys.readouterr().err
    with pytest.raises(RuntimeError), Rows(tmp_path / "none"):
        raise RuntimeError
    assert names(tmp_path) == ["rows.part"]


@pytest.mark.parametrize("kind", [Rows, JsonList])
def test_a_run_that_is_stopped_before_its_first_record_changes_nothing(tmp_path, kind):
    (tmp_path / "rows").write_text("[1]")
    with deferred() as stop, kind(tmp_path / "rows"):
        stop.request(15)
    assert names(tmp_path) == ["rows"]
    assert (tmp_path / "rows").read_text() == "[1]"
    with kind(tmp_path / "rows"):
        pass
    assert (tmp_path / "rows").read_text() in ("", "[]\n")


def test_half_a_record_is_cut(tmp_path, monkeypatch):
    def half(stream, data):
        stream.write(data[:3])
        full()

    def run() -> None:
        with Rows(tmp_path / "rows") as rows:
            rows.write("whole\n")
            monkeypatch.setattr("sdk.rows.write_all", half)
            rows.write("another\n")

    with pytest.raises(OutputError, match="No space"):
        run()
    assert (tmp_path / "rows.part").read_text() == "whole\n"


@pytest.mark.parametrize("values", [[], [{}], [{"a": [1, 2]}, {"b": "two\nlines"}, {"c": None}]])
def test_a_json_list_is_valid_at_any_time(tmp_path, values):
    path = tmp_path / "list.json"
    with JsonList(path) as listed:
        for count, value in enumerate(values, 1):
            listed.add(value)
            assert json.loads((tmp_path / "list.json.part").read_text()) == values[:count]
    assert path.read_text() == json.dumps(values, indent=1) + "\n"


def test_a_json_list_stays_valid_where_the_next_value_does_not_fit(tmp_path, monkeypatch):
    def half(stream, data):
        stream.write(data[: len(data) // 2])
        full()

    def run() -> None:
        with JsonList(tmp_path / "a.json") as listed:
            listed.add([1])
            monkeypatch.setattr("sdk.rows.write_all", half)
            listed.add(list(range(100)))

    with pytest.raises(OutputError, match="No space"):
        run()
    assert json.loads((tmp_path / "a.json.part").read_text()) == [[1]]


def test_a_suffix_stays_at_the_end(tmp_path):
    with whole(tmp_path / "m.mp4", suffix=".mp4") as part:
        assert part.name == "m.part.mp4"
        part.write_bytes(b"video")
    assert (tmp_path / "m.mp4").read_bytes() == b"video"


def test_standard_output_stays_open(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    write_file("-", b"\xff1")
    with Rows("-") as rows:
        rows.write("ü\n")
    assert raw.getvalue() == b"\xff1\xc3\xbc\n"


@pytest.mark.parametrize("name", ["none", ".", "/dev/null"])
def test_inputs_that_are_no_files_are_named(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"photo {name}: (not found|expected a file)"):
        read_input(name, what="photo")


def test_a_file_is_not_copied_to_be_read(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    with as_file(tmp_path / "a", what="video") as path:
        assert path == tmp_path / "a"
