"""A result never goes over what is read, nor two into one file: refused before anything is opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdk.cli import main

CASES = [
    "video t.mp4 --out t.mp4",
    "video t.mp4 --jsonl t.mp4",
    "video t.mp4 --csv t.mp4",
    "video t.mp4 --out ./album/../t.mp4",
    "video t.mp4 --out symbolic.mp4",
    "video t.mp4 --out hard.mp4",
    "video symbolic.mp4 --out hard.mp4",
    "video t.mp4 --jsonl rows --csv rows",
    "video t.mp4 --jsonl rows --csv ./rows",
    "video t.mp4 --jsonl m.mp4 --out m.mp4",
    "video t.mp4 --jsonl dangling --csv nowhere",
    "video t.mp4 --jsonl - --csv -",
    "video t.mp4 --jsonl - --csv /dev/stdout",
    "video t.mp4 --jsonl pipe --csv pipe",
    "video t.mp4 --jsonl rows --model rows.tflite --csv rows.tflite",
    "predict a.jpg --out a.jpg",
    "predict a.jpg --out symbolic.jpg",
    "predict a.jpg --out .",
    "predict album/a.jpg --out album/",
    "predict album --out -",
    "video series_%02d.png --jsonl series_01.png",
    "predict a.jpg --out hard.jpg",
    "predict a.jpg --json a.jpg",
    "predict a.jpg b.jpg --json a.jpg",
    "predict --json a.jpg b.jpg",
    "predict --json album",
    "predict --json unnamed b.jpg",
    "predict b.jpg --json unnamed",
    "predict a.jpg b.jpg --out .",
    "predict album --out album",
    "predict album --out linked_album",
    "predict album/*.jpg --out album",
    "predict album --out links",
    "predict a.jpg --out album/a.jpg --json album/a.jpg",
    "predict a.jpg --out - --json -",
    "predict a.jpg --out same.png --json same.png",
    "predict a.jpg --out m.png --detector own.tflite --json own.tflite",
    "demo --out portrait.jpg",
]


@pytest.fixture
def names(work):
    (work / "symbolic.mp4").symlink_to("t.mp4")
    (work / "symbolic.jpg").symlink_to("a.jpg")
    (work / "linked_album").symlink_to("album")
    (work / "dangling").symlink_to("nowhere")
    (work / "links").mkdir()
    (work / "links" / "b.jpg").symlink_to(work / "album" / "b.jpg")
    os.link(work / "t.mp4", work / "hard.mp4")
    os.link(work / "a.jpg", work / "hard.jpg")
    (work / "unnamed").write_bytes((work / "a.jpg").read_bytes())
    (work / "rows.tflite").write_bytes(b"weights")
    (work / "own.tflite").write_bytes(b"weights")
    (work / "series_01.png").write_bytes(b"a picture")
    os.mkfifo(work / "pipe")
    return work


def content(folder: Path) -> dict[str, bytes | None]:
    """Every name below a folder and what it holds."""
    files = (path for path in sorted(folder.rglob("*")))
    return {str(path): path.read_bytes() if path.is_file() else None for path in files}


@pytest.mark.parametrize("words", CASES)
def test_refused_before_anything_is_opened(names, capfd, monkeypatch, words):
    monkeypatch.setattr("sdk.cli._portrait", lambda: names / "a.jpg")
    (names / "portrait.jpg").symlink_to("a.jpg")
    before = content(names)
    arguments = [str(names / w) if w == "album/*.jpg" else w for w in words.split()]
    try:
        status = main(arguments)
    except SystemExit as refused:
        status = refused.code
    assert status == 2
    assert "error: " in capfd.readouterr().err
    assert content(names) == before


@pytest.mark.parametrize("words", ["predict a.jpg --json", "predict album --json=-", "video t.mp4 --jsonl -"])
def test_standard_output_may_be_an_input_too(names, start, words):
    arguments = words.split()
    source = names / ("album/b.jpg" if arguments[1] == "album" else arguments[1])
    before = source.read_bytes()
    with source.open("ab") as appended:
        process = start(*arguments, stdout=appended)
    assert process.wait(60) == 2
    assert b"that is read" in process.stderr.read()
    assert source.read_bytes() == before


LONG = "x" * 300
UNFIT = [
    f"predict a.jpg --json {LONG}.json",
    f"predict a.jpg --out {LONG}.png",
    f"predict album --out {LONG}",
    f"video t.mp4 --out {LONG}.mp4",
    f"video t.mp4 --jsonl {LONG}",
    "video t.mp4 --out none/m.mp4",
    "video t.mp4 --out album",
    "video t.mp4 --out m.png",
    "video t.mp4 --csv album",
    "predict a.jpg --json none/a.json",
    "predict a.jpg --out none/a.png",
    "predict album --out unnamed",
    "demo --out none/a.png",
]


@pytest.mark.parametrize("words", UNFIT)
def test_places_that_take_no_result_are_refused_in_words(names, capfd, words):
    before = content(names)
    assert main(words.split()) == 2
    assert "error: " in capfd.readouterr().err
    assert content(names) == before


def test_json_that_takes_the_only_photo_says_so(names, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["predict", "--json", "a.jpg"])
    assert "required: PHOTO; what follows --json is its FILE" in capsys.readouterr().err
    assert main(["predict", "a.jpg", "--json"]) == 0
    assert main(["predict", "--json=-", "a.jpg", "b.jpg"]) == 0


def test_two_results_may_go_nowhere(names):
    assert main(["video", "t.mp4", "--jsonl", "/dev/null", "--csv", "/dev/null"]) == 0


def test_json_beside_its_photo_and_over_older_json_is_fine(names, capsys):
    assert main(["predict", "a.jpg", "--json", "a.json"]) == 0
    assert main(["predict", "a.jpg", "--json", "a.json", "--out", "a.png"]) == 0
    assert "wrote a.json" in capsys.readouterr().out
