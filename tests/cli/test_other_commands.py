"""Commands of train, convert and benchmarks: results never go over inputs, and are possible before work begins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import benchmarks.__main__
import benchmarks.peers.dlib_training
import convert.__main__
import convert.detector
import train.__main__

MAINS = {
    "train": train.__main__.main,
    "convert": convert.__main__.main,
    "convert.detector": convert.detector.main,
    "benchmarks": benchmarks.__main__.main,
    "benchmarks.peers.dlib_training": benchmarks.peers.dlib_training.main,
}

ONTO_INPUT = [
    "train fit-shape data --out data/annotations.npz",
    "train fit-shape data --out link.npz",
    "train fit data --out run --weights run/best.npz",
    "train fit data --out run --shape-model run/last.npz",
    "train fit data --out run --config run/history.csv",
    "train fit data --out linked_run --weights run/best.npz",
    "train pretrained state.pth --out state.pth",
    "train fit-pose run/best.npz data --shape-model shape.npz --extra data --out run/best.npz",
    "train fit-pose run/best.npz data --shape-model shape.npz --extra data --out hard.npz",
    "train qat run/best.npz --data data --shape-model shape.npz --out run",
    "train measure-input data --shape-model shape.npz --out shape.npz",
    "train fit data --out run --set teacher=run/best.npz",
    "benchmarks accuracy --data . --with model=a.tflite --out a.tflite",
    "train evaluate run/evaluation.json --data data --out run",
    "train ablation data --shape-model shape.npz --runs run --out shape.npz",
    "train label-faces photos --out photos/annotations.json",
    "train side-shift data run/best.npz --out run/best.npz",
    "train fit-outside state.pth --data data --out state.pth",
    "train fit-detector photos --faces run/best.npz --out run",
    "convert run/best.npz --shape-model shape.npz --recipe float32 --out shape.npz",
    "convert run/best.npz --shape-model shape.npz --recipe float32 --out ./run/../hard.npz",
    "convert compare a.tflite b.tflite --json a.tflite",
    "convert layers a.tflite b.tflite --json b.tflite",
    "convert gate a.tflite --reference b.tflite --json limits.toml --limits limits.toml",
    "convert card a.tflite --out a.tflite",
    "convert pack a.tflite --like b.tflite --out b.tflite",
    "convert.detector run/best.npz --data photos --out run/best.npz",
    "convert.detector run/best.npz --data photos --out photos/a.jpg",
    "benchmarks accuracy --data . --model a.tflite --out a.tflite",
    "benchmarks flops a.tflite --out a.tflite",
    "benchmarks sheet --folder photos --out photos/a.jpg",
    "benchmarks sheet --folder photos --out linked_photos/a.jpg",
    "benchmarks detection --data . --sheet m.png --out m.png",
    "benchmarks ratios saved.json --update --baseline saved.json",
    "benchmarks.peers.dlib_training --data photos --out photos/a.jpg",
]

NOT_WRITABLE = [
    ("train fit-shape data --out state.pth/x.npz", "no folder"),
    ("train fit data --out state.pth", "expected a folder, got a file"),
    ("train fit-shape data --out run", "expected a file, got a folder"),
    ("train blend data run/best.npz --out state.pth", "expected a folder, got a file"),
    ("convert expect a.tflite --out a.tflite", "expected a folder, got a file"),
    ("convert run/best.npz --shape-model shape.npz --recipe float32 --out state.pth/a/b.tflite", "no folder"),
    ("convert card a.tflite --out run", "expected a file, got a folder"),
    ("benchmarks flops a.tflite --out shape.npz/deep/x.json", "no folder"),
]


@pytest.fixture
def files(tmp_path, monkeypatch, hopper):
    """Small files under the names that the cases use; what they hold is never looked at."""
    for folder in ("data", "run", "photos"):
        (tmp_path / folder).mkdir()
    for name in (
        *("data/annotations.npz", "run/best.npz", "run/last.npz", "run/history.csv", "run/evaluation.json"),
        *("shape.npz", "state.pth", "a.tflite", "b.tflite", "limits.toml", "photos/a.jpg"),
        *("photos/annotations.json",),
    ):
        (tmp_path / name).write_text(name)
    (tmp_path / "saved.json").write_text(
        '{"benchmarks": [{"extra_info": {"path": "a", "ratio": 1}, "stats": {"rounds": 1}}]}'
    )
    (tmp_path / "link.npz").symlink_to("data/annotations.npz")
    (tmp_path / "linked_run").symlink_to("run")
    (tmp_path / "linked_photos").symlink_to("photos")
    os.link(tmp_path / "run" / "best.npz", tmp_path / "hard.npz")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def content(folder: Path) -> dict[str, bytes | None]:
    return {str(p): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("words", ONTO_INPUT)
def test_a_result_onto_an_input_is_refused(files, capsys, words):
    before = content(files)
    module, *arguments = words.split()
    assert MAINS[module](arguments) == 2
    error = capsys.readouterr().err
    assert "that is read" in error or "which is read" in error or "the same file" in error, error
    assert content(files) == before


def test_an_input_of_a_plural_name_is_told_in_plain_words(files, capsys):
    assert MAINS["convert"](["run/best.npz", "--shape-model", "shape.npz", "--out", "run/best.npz"]) == 2
    assert "this is the file that is read as weights; nothing was written" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "message"), NOT_WRITABLE)
def test_what_cannot_be_written_is_noticed_before_the_work(files, capsys, words, message):
    before = content(files)
    module, *arguments = words.split()
    assert MAINS[module](arguments) == 2
    error = capsys.readouterr().err
    assert "--out" in error or "cannot be written" in error
    assert message in error
    assert content(files) == before
