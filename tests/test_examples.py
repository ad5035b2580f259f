"""The examples run as they are."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from sdk import ModelFile

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def places_of_examples() -> list[Path]:
    root = EXAMPLES.parent
    return [
        root / "README.md",
        *sorted((root / "docs").glob("*.md")),
        *sorted((root / "sdk").glob("*.py")),
        *EXAMPLES.glob("*.py"),
    ]


def test_every_example_of_a_tracker_gives_the_time_of_its_frame():
    """Without one the tracker counts frames, which is right for no camera."""
    calls = [
        (path.name, line.strip())
        for path in places_of_examples()
        for line in path.read_text(encoding="utf-8").splitlines()
        if "tracker.update(" in line
    ]
    assert {"README.md", "raspberry_pi.md", "tracker.py", "webcam.py"} <= {name for name, _ in calls}
    assert [call for call in calls if "timestamp_s=" not in call[1]] == []


@pytest.fixture
def photo(tmp_path, hopper, monkeypatch) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), hopper)
    monkeypatch.chdir(tmp_path)
    return path


def run(name: str, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def test_align_photo(photo, capsys, monkeypatch):
    run("align_photo.py", str(photo), monkeypatch=monkeypatch)
    assert "nose tip at" in capsys.readouterr().out
    assert Path("aligned.png").is_file()


def test_align_photo_never_writes_over_its_photo(photo, monkeypatch):
    before = photo.read_bytes()
    Path("aligned.png").symlink_to(photo)
    with pytest.raises(SystemExit, match="give the photo another name"):
        run("align_photo.py", str(photo), monkeypatch=monkeypatch)
    assert photo.read_bytes() == before


def test_own_detector(photo, capsys, monkeypatch):
    run("own_detector.py", str(photo), monkeypatch=monkeypatch)
    assert "HeadPose(yaw_deg=" in capsys.readouterr().out


def test_webcam(hopper, capsys, monkeypatch):
    class FakeCamera:
        def __init__(self, *_: object) -> None:
            self.left = 3

        def isOpened(self) -> bool:
            return True

        def read(self):
            self.left -= 1
            return self.left >= 0, np.ascontiguousarray(hopper) if self.left >= 0 else None

        def release(self) -> None: ...

    monkeypatch.setattr(cv2, "VideoCapture", FakeCamera)
    run("webcam.py", monkeypatch=monkeypatch)
    assert "face 1: yaw" in capsys.readouterr().out


def test_video_file(hopper, tmp_path, capsys, monkeypatch):
    small = cv2.resize(hopper, (256, 304), interpolation=cv2.INTER_AREA)
    writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (256, 304))
    for _ in range(3):
        writer.write(small)
    writer.release()
    run("video_file.py", str(tmp_path / "clip.avi"), monkeypatch=monkeypatch)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:17] for line in lines] == ["0.00 s: face 1, e", "0.10 s: face 1, e", "0.20 s: face 1, e"]


def test_own_model(photo, tmp_path, capsys, monkeypatch):
    shipped = ModelFile.default()
    mine = tmp_path / "mine.tflite"
    mine.write_bytes(shipped.repacked({**shipped.metadata, "name": "mine"}))
    run("own_model.py", str(mine), str(photo), monkeypatch=monkeypatch)
    text = capsys.readouterr().out
    assert "mine: 160 px, 68 points" in text
    assert "sharpness 0." in text


@pytest.mark.parametrize("name", [p.name for p in sorted(EXAMPLES.glob("*.py"))])
def test_wrong_arguments_end_in_a_line_of_usage(name, monkeypatch):
    arguments = ["0", "1"] if name == "webcam.py" else []
    with pytest.raises(SystemExit) as ended:
        run(name, *arguments, monkeypatch=monkeypatch)
    assert str(ended.value).startswith(f"usage: python examples/{name} ")


def test_every_example_is_run_here():
    tested = {name.removeprefix("test_") + ".py" for name in globals() if name.startswith("test_")}
    assert {p.name for p in EXAMPLES.glob("*.py")} <= tested
