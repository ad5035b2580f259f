"""A signal ends a run as q does; what a killed run had done is there to be read."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time

import cv2
import pytest

STATUS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}


def wait_for(found, seconds: float = 60.0) -> None:
    """Until something is there."""
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "nothing came in time"
        time.sleep(0.02)


def size_of(path) -> int:
    return path.stat().st_size if path.exists() else 0


@pytest.mark.parametrize("name", STATUS)
def test_a_signal_closes_the_files_of_a_video(start, work, long_clip, name):
    process = start("video", long_clip.name, "--out", "m.mp4", "--jsonl", "m.jsonl", "--csv", "m.csv")
    wait_for(lambda: size_of(work / "m.jsonl.part") > 10_000)
    process.send_signal(getattr(signal, name))
    process.send_signal(getattr(signal, name))  # as timeout does, to the process and to its group
    out, error = process.communicate(timeout=60)
    assert process.returncode == STATUS[name], error
    assert b"frames a second" in out
    assert f"stopped ({name}) after".encode() in error
    assert b"Traceback" not in error
    rows = [json.loads(line) for line in (work / "m.jsonl").read_text().splitlines()]
    assert [row["frame"] for row in rows] == list(range(len(rows)))
    assert (work / "m.csv").read_text().count("\n") == len(rows) + 1
    capture = cv2.VideoCapture(str(work / "m.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == len(rows) < 3000
    capture.release()
    assert not list(work.glob("*.part*"))


@pytest.mark.parametrize("name", STATUS)
def test_a_signal_keeps_the_photos_so_far(start, work, name):
    for i in range(60):
        (work / "album" / f"{i:03d}.jpg").write_bytes((work / "a.jpg").read_bytes())
    process = start("predict", "album", "--json", "faces.json", "--out", "marked")
    wait_for(lambda: size_of(work / "faces.json.part") > 10_000)
    process.send_signal(getattr(signal, name))
    _, error = process.communicate(timeout=60)
    assert process.returncode == STATUS[name], error
    assert b"Traceback" not in error
    rows = json.loads((work / "faces.json").read_text())
    assert f"stopped ({name}) after {len(rows)} of 62 photos".encode() in error
    assert len(list((work / "marked").iterdir())) == len(rows)


def test_a_killed_run_leaves_its_rows_and_the_results_of_the_run_before(start, work, long_clip):
    (work / "m.jsonl").write_text("earlier\n")
    process = start("video", long_clip.name, "--jsonl", "m.jsonl", "--out", "m.mkv")
    wait_for(lambda: size_of(work / "m.jsonl.part") > 10_000 and size_of(work / "m.part.mkv") > 300_000)
    process.kill()
    process.wait()
    assert (work / "m.jsonl").read_text() == "earlier\n"
    *whole, last = (work / "m.jsonl.part").read_text().split("\n")
    assert last == "", "a row is written in one piece"
    assert [json.loads(row)["frame"] for row in whole] == list(range(len(whole)))
    capture = cv2.VideoCapture(str(work / "m.part.mkv"))
    assert capture.read()[0]
    capture.release()


def test_a_killed_run_over_a_folder_leaves_json_that_can_be_read(start, work):
    for i in range(100):
        (work / "album" / f"{i:03d}.jpg").write_bytes((work / "a.jpg").read_bytes())
    process = start("predict", "album", "--json", "faces.json")
    wait_for(lambda: size_of(work / "faces.json.part") > 10_000)
    process.kill()
    process.wait()
    assert not (work / "faces.json").exists()
    assert len(json.loads((work / "faces.json.part").read_text())) >= 2
    assert (work / "faces.json.part").read_text().endswith("]\n")


def test_a_run_goes_on_beside_what_a_killed_one_left(asmnet, work):
    (work / "m.jsonl.part").write_text("of a killed run\n")
    status, _, error = asmnet("video", "t.mp4", "--jsonl", "m.jsonl")
    assert status == 0, error
    assert (work / "m.jsonl.part").read_text() == "of a killed run\n"
    assert len((work / "m.jsonl").read_text().splitlines()) == 8


def test_what_is_ignored_stays_ignored(start, work, long_clip):
    def nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    process = start("video", "t.mp4", "--jsonl", "m.jsonl", preexec_fn=nohup)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 0


def handles_signals(process) -> bool:
    """Whether SIGTERM is caught by now (Linux)."""
    with open(f"/proc/{process.pid}/status") as file:
        caught = next(line.split()[1] for line in file if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


WAITING = [
    "predict - --json",
    "video - --jsonl m.jsonl",
    "predict pipe --json",
    "video t.mp4 --jsonl pipe",
    "video t.mp4 --out pipe",
    "predict a.jpg --json pipe",
    "predict album --json pipe",
]
"""For standard input that does not come, and for the other end of a pipe."""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")
@pytest.mark.parametrize("words", WAITING)
def test_a_run_that_waits_can_be_stopped(start, work, words):
    os.mkfifo(work / "pipe")
    process = start(*words.split(), stdin=subprocess.PIPE)
    wait_for(lambda: handles_signals(process))
    time.sleep(1.5)  # until it waits, and that is fine earlier as well
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    error = process.stderr.read()
    assert process.returncode == 143, error
    assert b"Traceback" not in error
    assert b"stopped (SIGTERM)" in error
    assert not list(work.glob("*.part*"))


@pytest.mark.parametrize("words", ["video long.mp4 --jsonl -", "predict album --json", "video long.mp4 --out -"])
def test_a_reader_that_has_stalled_does_not_hold_up_the_end(start, work, long_clip, words):
    for i in range(100):
        (work / "album" / f"{i:03d}.jpg").write_bytes((work / "a.jpg").read_bytes())
    reading, writing = os.pipe()
    process = start(*words.split(), *(["--max-frames", "200"] if "video" in words else []), stdout=writing)
    os.close(writing)
    wait_for(lambda: len(select.select([reading], [], [], 0)[0]) > 0)
    time.sleep(1.0)  # a pipe holds 64 KB, and nobody reads
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    os.close(reading)
    assert process.returncode == 143
    assert b"Traceback" not in process.stderr.read()
