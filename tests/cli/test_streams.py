"""Encodings, closed pipes, full disks, pipes, links, devices and `-`: words cost nothing, no result gets lost."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

LINUX = sys.platform.startswith("linux")

ENCODINGS = ["cp1252", "ascii", "utf-8:strict"]
"""A terminal of Windows, one without a locale, and one that takes no half characters."""

NAMES = ["fototermín 写真.jpg", "\udcff\udcfe.jpg"]
"""One that no Western code page has, and one that is no UTF-8."""


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", NAMES, ids=["characters", "bytes"])
def test_what_a_terminal_cannot_show_costs_nothing(asmnet, work, encoding, name):
    (work / name).write_bytes((work / "a.jpg").read_bytes())
    (work / "album" / name).write_bytes((work / "a.jpg").read_bytes())
    variables = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for photos, faces in ((name, 1), ("album", 3)):
        arguments = ("predict", photos, "--json", "faces.json", "--out", "marked.png" if faces == 1 else "marked")
        status, out, error = asmnet(*arguments, variables=variables)
        assert (status, "Traceback" in error) == (0, False), error
        assert out.count("1 face") == faces
        found = json.loads((work / "faces.json").read_text())
        assert [row["image"] for row in ([found] if faces == 1 else found)].count(name) == 1
    status, _, error = asmnet("predict", "no " + name, "--json", variables=variables)
    assert (status, "Traceback" in error) == (2, False), error
    assert "not found" in error


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
@pytest.mark.parametrize("name", ["写真.mp4", "\udcff\udcfe.mp4"], ids=["characters", "bytes"])
def test_videos_may_have_any_name(asmnet, work, name, locale):
    (work / name).write_bytes((work / "t.mp4").read_bytes())
    variables = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    status, _, error = asmnet(
        "video", name, "--out", "marked-" + name, "--csv", name + ".csv", variables=variables
    )
    if cv2.__version__.startswith("4.") and not name.isprintable():
        assert (status, "this OpenCV opens names in UTF-8 only" in error) == (2, True), error
        return
    assert status == 0, error
    assert (work / f"marked-{name}").stat().st_size > 1000
    assert (work / f"{name}.csv").read_text().count("\n") == 9


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("words", ["--help", "predict --help", "inspect", "predict a.jpg --json"])
def test_every_word_can_be_printed(asmnet, encoding, words):
    status, out, error = asmnet(*words.split(), variables={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    assert (status, "Traceback" in error) == (0, False), error
    assert out


CLOSED = [
    ("predict a.jpg --json", 141),
    ("predict album --json", 141),
    ("video t.mp4 --jsonl -", 141),
    ("video t.mp4 --csv -", 141),
    ("predict a.jpg --out -", 141),
    ("video t.mp4 --out -", 141),
    ("predict a.jpg --out m.png", 0),
    ("predict album --out marked --json faces.json", 0),
    ("video t.mp4 --jsonl rows.jsonl", 0),
    ("inspect", 0),
    ("--help", 0),
]
"""Commands whose results, or words alone, go into a pipe that nobody reads."""


@pytest.mark.parametrize(("words", "status"), CLOSED)
def test_a_closed_pipe_ends_without_a_traceback(start, work, words, status):
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*words.split(), stdout=writing)
    os.close(writing)
    _, error = process.communicate(timeout=60)
    assert process.returncode == status, error
    assert b"Traceback" not in error
    assert b"Broken pipe" not in error
    assert b"Exception ignored" not in error
    for name in ("m.png", "faces.json", "rows.jsonl"):
        assert (work / name).exists() == (name in words.split())


@pytest.mark.parametrize("module", ["train", "convert", "convert.detector", "benchmarks", "sdk.write_pins"])
def test_words_of_other_commands_cost_nothing(start, module):
    for encoding in ENCODINGS:
        process = start("--help", module=module, variables={"PYTHONIOENCODING": encoding})
        out, error = process.communicate(timeout=120)
        assert (process.returncode, error) == (0, b"")
        assert b"usage: " in out
    reading, writing = os.pipe()
    os.close(reading)
    process = start("--help", module=module, stdout=writing)
    os.close(writing)
    assert (process.wait(120), process.stderr.read()) == (0, b"")


def test_what_else_was_asked_for_is_whole_when_a_reader_leaves(work, long_clip, start):
    process = start("video", long_clip.name, "--jsonl", "-", "--out", "m.mp4")
    assert process.stdout.readline().startswith(b'{"frame": 0')
    process.stdout.close()
    process.wait(60)
    assert process.returncode == 141
    capture = cv2.VideoCapture(str(work / "m.mp4"))
    assert 0 < capture.get(cv2.CAP_PROP_FRAME_COUNT) < 3000
    capture.release()


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_take_no_files(work, closed):
    command = f'exec "{sys.executable}" -m sdk.cli predict a.jpg --out m.png --json faces.json {closed}'
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(["sh", "-c", command], cwd=work, env={**os.environ, "PYTHONPATH": root}, check=False)
    assert done.returncode == 0
    assert json.loads((work / "faces.json").read_text())["faces"]
    assert cv2.imread(str(work / "m.png")) is not None


# full disks


@pytest.fixture
def small_disk(work):
    """A folder with room for 200 KB."""
    folder = work / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not LINUX or mounted.returncode:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def without_room(kilobytes: int):
    """Files of the process may not grow beyond: like a full disk for those who may not mount one."""

    def limit() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes << 10, kilobytes << 10))

    return limit


@pytest.mark.parametrize("name", ["m.mp4", "m.avi", "m.mkv"])
def test_a_video_that_does_not_fit_is_said(asmnet, work, small_disk, long_clip, name):
    (small_disk / name).write_bytes(b"earlier")
    status, out, error = asmnet("video", long_clip.name, "--out", f"small/{name}", "--jsonl", "rows.jsonl")
    assert status == 2, error
    assert f"small/{name}: the disk is full after" in error
    assert "Traceback" not in error
    assert "frames a second" in out
    assert (small_disk / name).read_bytes() == b"earlier"
    rows = (work / "rows.jsonl.part").read_text().splitlines()
    assert [json.loads(row)["frame"] for row in rows] == list(range(len(rows)))


@pytest.mark.skipif(not LINUX, reason="RLIMIT_FSIZE")
def test_a_video_that_may_not_grow_is_read_back_and_said(asmnet, work, long_clip):
    status, _, error = asmnet(
        "video", long_clip.name, "--max-frames", "300", "--out", "m.mp4", preexec_fn=without_room(64)
    )
    assert status == 2, error
    assert "only 0 of 300 frames can be read back; is the disk full? nothing was kept" in error
    assert not list(work.glob("m*"))


@pytest.mark.parametrize("option", ["--jsonl", "--csv"])
def test_rows_that_do_not_fit_are_said_and_those_that_do_are_whole(asmnet, small_disk, long_clip, option):
    (small_disk / "rows").write_text("earlier\n")
    status, out, error = asmnet("video", long_clip.name, option, "small/rows")
    assert status == 2, error
    assert "small/rows: cannot be written (No space left on device)" in error
    assert "rows.part" in error
    assert "Traceback" not in error
    assert "frames a second" in out
    assert (small_disk / "rows").read_text() == "earlier\n"
    kept = (small_disk / "rows.part").read_text()
    assert len(kept) > 100_000
    assert kept.endswith("\n")


def test_json_of_a_folder_that_does_not_fit_is_valid_as_far_as_it_goes(asmnet, work, small_disk):
    for i in range(100):
        (work / "album" / f"{i:03d}.jpg").write_bytes((work / "a.jpg").read_bytes())
    status, _, error = asmnet("predict", "album", "--json", "small/faces.json")
    assert status == 2, error
    assert "small/faces.json: cannot be written (No space left on device)" in error
    assert 20 < len(json.loads((small_disk / "faces.json.part").read_text())) < 102
    assert not (small_disk / "faces.json").exists()


def test_photos_of_a_folder_that_do_not_fit(asmnet, work, small_disk):
    for i in range(30):
        (work / "album" / f"{i:03d}.jpg").write_bytes((work / "a.jpg").read_bytes())
    status, _, error = asmnet("predict", "album", "--out", "small", "--json", "faces.json")
    assert status == 2, error
    assert "cannot be written (No space left on device)" in error
    assert "Traceback" not in error
    assert len(json.loads((work / "faces.json").read_text())) == 32, "faces are kept where pictures are not"
    for picture in small_disk.iterdir():
        assert cv2.imread(str(picture)) is not None, "a picture is whole or not there"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", ["predict a.jpg --json", "predict a.jpg --out m.png", "inspect", "--help"])
def test_a_full_disk_below_standard_output_is_said(start, work, words):
    with open("/dev/full", "wb") as full:
        process = start(*words.split(), stdout=full)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2, error
    assert b"No space left on device" in error
    assert b"Traceback" not in error
    assert b"Exception ignored" not in error
    assert (work / "m.png").exists() == ("m.png" in words)


# links, pipes, devices


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("predict a.jpg --json", "faces.json"),
        ("predict album --json", "faces.json"),
        ("predict a.jpg --out", "m.png"),
        ("video t.mp4 --jsonl", "rows.jsonl"),
        ("video t.mp4 --csv", "rows.csv"),
        ("video t.mp4 --out", "m.mp4"),
    ],
)
def test_links_stay_what_they_are(asmnet, work, words, name):
    (work / "store").mkdir()
    target, link, other = work / "store" / name, work / name, work / f"other-{name}"
    for exists in (False, True):
        link.unlink(missing_ok=True)
        link.symlink_to(Path("store") / name)
        status, _, error = asmnet(*words.split(), name)
        assert status == 0, error
        assert link.is_symlink()
        assert target.stat().st_size > 100, exists
    link.unlink()
    first = target.read_bytes()
    target.write_bytes(b"[]" if name.endswith("json") else b"old")
    target.chmod(0o600)
    os.link(target, other)
    status, _, error = asmnet(*words.split(), f"store/{name}")
    assert status == 0, error
    assert target.samefile(other)
    assert len(other.read_bytes()) == pytest.approx(len(first), rel=0.01)
    assert stat.S_IMODE(other.stat().st_mode) == 0o600
    assert sorted(p.name for p in (work / "store").iterdir()) == [name]


def test_a_file_keeps_its_permissions(asmnet, work):
    (work / "faces.json").write_text("{}")
    (work / "faces.json").chmod(0o600)
    assert asmnet("predict", "a.jpg", "--json", "faces.json")[0] == 0
    assert stat.S_IMODE((work / "faces.json").stat().st_mode) == 0o600
    assert json.loads((work / "faces.json").read_text())["faces"]


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ("predict a.jpg --json", b"{"),
        ("predict album --json", b"["),
        ("predict a.jpg --out", b"\x89PNG"),
        ("video t.mp4 --jsonl", b'{"frame": 0'),
        ("video t.mp4 --csv", b"frame,timestamp_s"),
        ("video t.mp4 --out", b"\x00\x00\x00"),
    ],
)
def test_a_pipe_is_written_through(asmnet, work, words, begins):
    os.mkfifo(work / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((work / "pipe").read_bytes()))
    reader.start()
    status, _, error = asmnet(*words.split(), "pipe")
    reader.join(10)
    assert status == 0, error
    assert stat.S_ISFIFO((work / "pipe").stat().st_mode)
    assert got[0].startswith(begins)


def test_a_device_is_written_through(asmnet, work):
    words = ["video", "t.mp4", "--out", "/dev/null", "--jsonl", "/dev/null", "--csv", "/dev/null"]
    assert asmnet(*words)[0] == 0
    assert asmnet("predict", "a.jpg", "--json", "/dev/null", "--out", "/dev/null")[0] == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


# standard streams


@pytest.mark.parametrize("pipe", [True, False])
def test_a_photo_comes_through_standard_input(asmnet, work, pipe):
    data = (work / "a.jpg").read_bytes()
    if pipe:
        status, out, error = asmnet("predict", "-", "--json", "-", input=data)
    else:
        with (work / "a.jpg").open("rb") as file:
            status, out, error = asmnet("predict", "-", "--json", "-", stdin=file)
    assert status == 0, error
    through, plain = json.loads(out), json.loads(asmnet("predict", "a.jpg", "--json", "-")[1])
    assert through["faces"] == plain["faces"]


def test_a_video_comes_through_standard_input(asmnet, work):
    status, out, error = asmnet("video", "-", "--jsonl", "-", input=(work / "t.mp4").read_bytes())
    assert status == 0, error
    assert [json.loads(row)["frame"] for row in out.splitlines()] == list(range(8))
    assert "8 frames, 8 with a face" in error


def test_inputs_may_be_pipes(asmnet, work):
    for name, words in (("a.jpg", ("predict", "pipe", "--json")), ("t.mp4", ("video", "pipe", "--csv", "-"))):
        os.mkfifo(work / "pipe")
        data = (work / name).read_bytes()
        writer = threading.Thread(target=lambda content=data: (work / "pipe").write_bytes(content))
        writer.start()
        status, out, error = asmnet(*words)
        writer.join(10)
        assert status == 0, error
        assert out
        (work / "pipe").unlink()


@pytest.mark.parametrize("words", ["predict - --json", "video - --jsonl -"])
@pytest.mark.parametrize("data", [b"", b"no picture at all"])
def test_nothing_useful_on_standard_input_is_explained(asmnet, words, data):
    status, out, error = asmnet(*words.split(), input=data)
    assert (status, out) == (2, "")
    assert "expected" in error
    assert "Traceback" not in error


def test_pictures_and_videos_go_to_standard_output(start, work):
    process = start("predict", "a.jpg", "--out", "-")
    out, _ = process.communicate(timeout=60)
    assert cv2.imdecode(np.frombuffer(out, np.uint8), cv2.IMREAD_COLOR).shape == (152, 128, 3)
    process = start("video", "t.mp4", "--out", "-")
    out, _ = process.communicate(timeout=60)
    (work / "copy.mp4").write_bytes(out)
    capture = cv2.VideoCapture(str(work / "copy.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 8
    capture.release()


def test_no_file_is_made_named_like_a_stream(asmnet, work):
    asmnet("predict", "a.jpg", "--json", "-")
    asmnet("video", "t.mp4", "--jsonl", "-")
    assert not (work / "-").exists()
