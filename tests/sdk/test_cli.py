"""The console script: what it writes, prints and refuses."""

from __future__ import annotations

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from sdk.cli import main


@pytest.fixture
def photo(tmp_path, hopper):
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), hopper)
    return path


def test_predict_writes_a_picture_and_json(photo, tmp_path, capsys):
    picture, table = tmp_path / "out.png", tmp_path / "out.json"
    assert main(["predict", str(photo), "--out", str(picture), "--json", str(table)]) == 0
    assert "photo.png: 1 face" in capsys.readouterr().out
    drawn, original = cv2.imread(str(picture)), cv2.imread(str(photo))
    assert drawn.shape == original.shape
    assert (drawn != original).any()
    (face,) = json.loads(table.read_text())["faces"]
    assert np.array(face["landmarks"]).shape == (68, 2)
    assert set(face["pose"]) == {"yaw_deg", "pitch_deg", "roll_deg"}


def test_json_alone_goes_to_the_screen(photo, capsys):
    assert main(["predict", str(photo), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["faces"]) == 1


def test_no_face_is_status_1(tmp_path, capsys):
    blank = tmp_path / "blank.png"
    cv2.imwrite(str(blank), np.full((100, 100, 3), 90, np.uint8))
    assert main(["predict", str(blank), "--out", str(tmp_path / "o.png")]) == 1
    assert "0 faces" in capsys.readouterr().out


def test_demo_marks_the_portrait(tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path / "demo.png")]) == 0
    assert "grace_hopper.jpg: 1 face" in capsys.readouterr().out
    assert (tmp_path / "demo.png").stat().st_size > 10_000


def test_inspect_prints_the_metadata(capsys):
    assert main(["inspect"]) == 0
    assert json.loads(capsys.readouterr().out)["scheme"] == "ibug68"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "{dir}/none.jpg", "--out", "{dir}/o.png"], "none.jpg: not found"),
        (["predict", "{dir}/text.jpg", "--out", "{dir}/o.png"], "expected an image that OpenCV can read"),
        (["predict", "{dir}/empty.jpg", "--out", "{dir}/o.png"], "expected an image that OpenCV can read"),
        (["predict", "{photo}"], "--out PICTURE, --json, or both"),
        (["predict", "{photo}", "--out", "{dir}/no/such/o.png"], "cannot be written"),
        (["predict", "{photo}", "--out", "{dir}/o.xyz"], "image suffix such as .png"),
        (["predict", "{photo}", "--out", "{dir}/o.png", "--model", "{dir}/none"], "cannot be read"),
        (["predict", "{photo}", "--out", "{dir}/o.png", "--threads", "0"], "num_threads"),
        (["inspect", "{dir}/text.jpg"], "expected a TFLite flatbuffer"),
    ],
)
def test_bad_input_is_status_2_and_explained(photo, tmp_path, capsys, arguments, message):
    (tmp_path / "text.jpg").write_text("not an image")
    (tmp_path / "empty.jpg").touch()
    filled = [a.format(dir=tmp_path, photo=photo) for a in arguments]
    assert main(filled) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert not list(tmp_path.glob("*.part"))


def test_help_of_every_command_is_there():
    for command in ([], ["predict"], ["video"], ["demo"], ["inspect"], ["doctor"]):
        done = subprocess.run(
            [sys.executable, "-m", "sdk.cli", *command, "--help"], capture_output=True, text=True, check=True
        )
        assert "usage: asmnet" in done.stdout


@pytest.fixture
def clip(tmp_path, hopper):
    path = tmp_path / "clip.avi"
    small = cv2.resize(hopper, (256, 304), interpolation=cv2.INTER_AREA)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (256, 304))
    for i in range(6):
        writer.write(np.roll(small, 2 * i, axis=1))
    writer.release()
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_video_writes_a_marked_video_and_a_line_per_frame(clip, tmp_path, capsys, suffix):
    out, lines = tmp_path / f"out{suffix}", tmp_path / "out.jsonl"
    assert main(["video", str(clip), "--out", str(out), "--jsonl", str(lines)]) == 0
    assert "6 frames, 6 with a face" in capsys.readouterr().out
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [row["frame"] for row in rows] == list(range(6))
    assert {face["id"] for row in rows for face in row["faces"]} == {1}
    assert rows[1]["timestamp_s"] == pytest.approx(0.1)
    capture = cv2.VideoCapture(str(out))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == 6
    capture.release()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{clip}"], "--out VIDEO, --jsonl FILE, or both"),
        (["{dir}/none.mp4", "--out", "{dir}/o.mp4"], "none.mp4: not found"),
        (["{clip}", "--jsonl", "{dir}/no/o.jsonl"], "cannot be written"),
        (["{clip}", "--out", "{dir}/no/o.mp4"], "cannot be written"),
    ],
)
def test_bad_video_input_is_explained(clip, tmp_path, capfd, arguments, message):
    filled = [a.format(clip=clip, dir=tmp_path) for a in arguments]
    assert main(["video", *filled]) == 2
    assert message in capfd.readouterr().err


def test_doctor_names_what_is_here_and_times_the_model(capsys):
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for word in ("asmnet-edge", "numpy", "opencv", "ai_edge_litert", "median", "ms"):
        assert word in text
