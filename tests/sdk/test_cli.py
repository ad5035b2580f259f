"""The console script: what it writes, prints and refuses."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import cv2
import jsonschema
import numpy as np
import pytest

from sdk.cli import main
from sdk.jsonable import schema


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
    text = capsys.readouterr().out
    assert "grace_hopper.jpg: 1 face" in text
    assert "confidence 0.9" in text
    assert (tmp_path / "demo.png").stat().st_size > 10_000


@pytest.mark.parametrize(("arguments", "name"), [([], "accurate"), (["accurate"], "accurate"), (["fast"], "fast")])
def test_inspect_prints_the_metadata(arguments, name, capsys):
    assert main(["inspect", *arguments]) == 0
    metadata = json.loads(capsys.readouterr().out)
    assert (metadata["scheme"], metadata["name"]) == ("ibug68", f"{name}_int8")


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
        (["{clip}"], "--out VIDEO, --jsonl FILE, --csv FILE or --show"),
        (["{clip}", "--csv", "{dir}/no/o.csv"], "cannot be written"),
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
    words = (
        "asmnet-edge",
        "faces below 0.5 are not to be trusted",
        "numpy",
        "opencv",
        "ai_edge_litert",
        "threads",
        "processor features",
        "median",
        "ms",
    )
    for word in words:
        assert word in text


@pytest.fixture
def album(tmp_path, hopper, astronaut):
    folder = tmp_path / "album"
    (folder / "more").mkdir(parents=True)
    cv2.imwrite(str(folder / "b.jpg"), hopper)
    cv2.imwrite(str(folder / "a.png"), np.full((80, 80, 3), 90, np.uint8))
    cv2.imwrite(str(folder / "more" / "b.jpg"), astronaut)
    (folder / "notes.txt").write_text("no photo")
    return folder


def test_a_folder_is_marked_photo_by_photo(album, tmp_path, capsys):
    out, table = tmp_path / "marked" / "here", tmp_path / "faces.json"
    assert main(["predict", str(album), "--out", str(out), "--json", str(table)]) == 0
    assert sorted(p.name for p in out.iterdir()) == ["a.png", "b.jpg"]
    rows = json.loads(table.read_text())
    assert [(row["image"], len(row["faces"])) for row in rows] == [("a.png", 0), ("b.jpg", 1)]
    text = capsys.readouterr().out
    assert "a.png: 0 faces" in text
    assert "b.jpg: 1 face" in text


def test_patterns_reach_into_folders_and_names_do_not_collide(album, tmp_path):
    out = tmp_path / "marked"
    assert main(["predict", str(album / "**" / "*.jpg"), str(album / "b.jpg"), "--out", str(out)]) == 0
    assert sorted(p.name for p in out.iterdir()) == ["album_b.jpg", "more_b.jpg"]


def test_a_photo_that_cannot_be_read_does_not_stop_the_others(album, tmp_path, capsys):
    (album / "0.jpg").write_text("damaged")
    table = tmp_path / "faces.json"
    assert main(["predict", str(album), "--json", str(table)]) == 2
    assert "0.jpg: expected an image" in capsys.readouterr().err
    assert [row["image"] for row in json.loads(table.read_text())] == ["a.png", "b.jpg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{dir}/empty", "--json"], "expected photos (.jpg"),
        (["{dir}/empty/*.jpg", "--json"], "nothing matches"),
        (["{album}", "--out", "{album}/notes.txt"], "expected a folder for several pictures"),
    ],
)
def test_bad_folders_are_explained(album, tmp_path, capsys, arguments, message):
    (tmp_path / "empty").mkdir()
    assert main(["predict", *(a.format(dir=tmp_path, album=album) for a in arguments)]) == 2
    assert message in capsys.readouterr().err


def test_what_is_written_follows_the_schema(album, photo, clip, tmp_path):
    checker = jsonschema.Draft202012Validator(schema())
    checker.check_schema(schema())
    one, many, lines = tmp_path / "one.json", tmp_path / "many.json", tmp_path / "video.jsonl"
    assert main(["predict", str(photo), "--json", str(one), "--quality"]) == 0
    assert main(["predict", str(album), "--json", str(many)]) == 0
    assert main(["video", str(clip), "--jsonl", str(lines)]) == 0
    table = json.loads(one.read_text())
    assert table["faces"][0]["quality"]["sharpness"] > 0.2
    for value in (table, json.loads(many.read_text()), *map(json.loads, lines.read_text().splitlines())):
        checker.validate(value)
    del table["faces"][0]["pose"]["yaw_deg"]
    with pytest.raises(jsonschema.ValidationError):
        checker.validate(table)


def test_video_writes_a_row_per_face_and_frame(clip, tmp_path):
    table = tmp_path / "faces.csv"
    assert main(["video", str(clip), "--csv", str(table)]) == 0
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["frame"] for row in rows] == ["0", "1", "2", "3", "4", "5"]
    assert {row["id"] for row in rows} == {"1"}
    assert float(rows[0]["left"]) <= float(rows[0]["x30"]) <= float(rows[0]["right"])
    assert abs(float(rows[0]["yaw_deg"])) < 30


def test_video_writes_ids_and_says_where_confidence_is_low(clip, astronaut, tmp_path, capsys, monkeypatch):
    import sdk.video_file

    ids: list[object] = []
    draw = sdk.video_file.draw
    monkeypatch.setattr(
        sdk.video_file,
        "draw",
        lambda frame, faces, **more: (ids.append(more["ids"]), draw(frame, faces, **more))[1],
    )
    assert main(["video", str(clip), "--out", str(tmp_path / "o.mp4")]) == 0
    assert ids == [[1]] * 6
    assert "confidence" not in capsys.readouterr().out
    writer = cv2.VideoWriter(str(tmp_path / "down.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (512, 512))
    for _ in range(3):
        writer.write(cv2.rotate(astronaut, cv2.ROTATE_180))
    writer.release()
    lines = tmp_path / "o.jsonl"
    main(["video", str(tmp_path / "down.avi"), "--min-score", "0.02", "--jsonl", str(lines)])
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    low = sum(any(face["confidence"] < 0.5 for face in row["faces"]) for row in rows)
    assert low > 0
    assert f"{low} with a face of confidence below 0.5: do not trust" in capsys.readouterr().out


def test_show_opens_a_window_that_q_ends(clip, monkeypatch, capsys):
    shown: list[tuple[int, ...]] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "imshow", lambda title, picture: shown.append(picture.shape))
    monkeypatch.setattr(cv2, "waitKey", lambda delay: ord("q") if len(shown) == 3 else -1)
    monkeypatch.setattr(cv2, "destroyWindow", lambda title: shown.append(()))
    assert main(["video", str(clip), "--show"]) == 0
    assert shown == [(304, 256, 3)] * 3 + [()]
    assert "3 frames" in capsys.readouterr().out


def test_show_without_display_or_windows_is_explained(clip, monkeypatch, capfd):
    def no_windows(*_: object) -> None:
        raise cv2.error("The function is not implemented")

    monkeypatch.setattr(cv2, "imshow", no_windows)
    monkeypatch.setenv("DISPLAY", ":0")
    assert main(["video", str(clip), "--show"]) == 2
    assert "this OpenCV has no windows" in capfd.readouterr().err
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["video", str(clip), "--show"]) == 2
    assert "there is no display here" in capfd.readouterr().err
