"""What a command line may name as a video, its times, and the rate at which the marked one is written."""

from __future__ import annotations

import http.server
import json
import math
import threading
import time

import cv2
import numpy as np
import pytest

from sdk import InputError
from sdk.cli import main
from sdk.pace import LATE_S, Pace
from sdk.sources import open_source
from sdk.video import Camera, FileClock, Frame, frames_of, read_video
from sdk.video_file import VideoFile


class Capture:
    """A file whose frames have the times that it is given, in seconds."""

    def __init__(self, times_s: list[float], fps: float = 30.0) -> None:
        self.times_s, self.fps, self.at, self.released = times_s, fps, -1, False

    def read(self):
        self.at += 1
        return self.at < len(self.times_s), np.zeros((4, 4, 3), np.uint8)

    def get(self, what: int) -> float:
        return {
            cv2.CAP_PROP_POS_MSEC: 1000 * self.times_s[min(self.at, len(self.times_s) - 1)],
            cv2.CAP_PROP_FPS: self.fps,
            cv2.CAP_PROP_FRAME_COUNT: -1.0,
        }[what]

    def isOpened(self) -> bool:
        return True

    def release(self) -> None:
        self.released = True


def times(capture: Capture) -> list[float]:
    return [frame.timestamp_s for frame in frames_of(capture, capture.fps)]


def test_a_clip_of_variable_rate_has_its_own_times():
    phone = [0.0, 0.033, 0.1, 0.133, 0.3, 0.6]
    capture = Capture(phone)
    assert times(capture) == pytest.approx(phone)
    assert capture.released


def test_the_first_frame_is_at_0():
    assert times(Capture([7.0, 7.5, 7.75])) == pytest.approx([0.0, 0.5, 0.75])


@pytest.mark.parametrize("position_s", [0.0, math.nan, math.inf, -1.0])
def test_a_file_without_times_goes_by_its_frame_rate(position_s):
    assert times(Capture([position_s] * 4, fps=10.0)) == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_a_capture_that_cannot_be_asked_goes_by_its_frame_rate():
    class Silent(Capture):
        get = None

    assert [f.timestamp_s for f in frames_of(Silent([0.0] * 3), 20.0)] == pytest.approx([0.0, 0.05, 0.1])


def test_time_goes_on_where_a_file_steps_back():
    clock = FileClock(10.0)
    assert [clock(t) for t in (0.0, 0.1, 0.1, 0.05, 0.4)] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


def write_clip(path, n: int, fps: float) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 48))
    for i in range(n):
        writer.write(np.full((48, 64, 3), 20 * i, np.uint8))
    writer.release()


def written(path, times_s: list[float], *, fps: float, live: bool) -> tuple[float, list[int]]:
    """Rate and grey levels of a video of frames with these times; frame i has the level 10 i."""
    with VideoFile(path, fps, live=live) as sink:
        for i, time_s in enumerate(times_s):
            sink(i, Frame(np.full((48, 64, 3), 10 * i, np.uint8), time_s), [])
    capture = cv2.VideoCapture(str(path))
    rate = capture.get(cv2.CAP_PROP_FPS)
    levels = [round(f.image.mean() / 10) for f in read_video(path)]
    capture.release()
    return rate, levels


def test_a_slow_camera_is_written_at_the_rate_that_came(tmp_path):
    rate, levels = written(tmp_path / "o.avi", [5 + 0.1 * i for i in range(20)], fps=30.0, live=True)
    assert rate == pytest.approx(10.0, abs=0.1)
    assert levels == list(range(20))


def test_a_camera_that_comes_as_it_says_keeps_its_rate(tmp_path):
    rate, levels = written(tmp_path / "o.avi", [5 + i / 29 for i in range(20)], fps=30.0, live=True)
    assert rate == pytest.approx(30.0)
    assert len(levels) == pytest.approx(20, abs=1)


def test_a_camera_that_gives_few_frames_is_written_too(tmp_path):
    assert written(tmp_path / "one.avi", [3.0], fps=30.0, live=True)[1] == [0]
    rate, levels = written(tmp_path / "three.avi", [3.0, 3.2, 3.4], fps=30.0, live=True)
    assert (rate, levels) == (pytest.approx(5.0), [0, 1, 2])


def test_a_pause_of_the_camera_lasts_as_long_in_the_video(tmp_path):
    rate, levels = written(tmp_path / "o.avi", [0.1 * i for i in range(10)] + [2.0], fps=30.0, live=True)
    assert len(levels) / rate == pytest.approx(2.1, abs=0.1)
    assert levels[-2:] == [9, 10]


def test_a_file_of_variable_rate_keeps_time_at_its_frame_rate(tmp_path):
    rate, levels = written(tmp_path / "o.avi", [0.0, 0.1, 0.2, 0.5, 0.6], fps=10.0, live=False)
    assert (rate, levels) == (pytest.approx(10.0), [0, 1, 2, 2, 2, 3, 4])


def test_pictures_in_motion_are_all_shown_where_a_file_says_its_mean_rate(tmp_path):
    phone = [i / 30 for i in range(12)] + [1.0, 2.0]
    rate, levels = written(tmp_path / "o.avi", phone, fps=7.0, live=False)
    assert rate == pytest.approx(30.0)
    assert levels[:13] == [*range(12), 11]
    assert len(levels) / rate == pytest.approx(2.0, abs=0.1)


def test_a_file_whose_rate_is_that_of_its_clock_is_measured(tmp_path):
    rate, levels = written(tmp_path / "o.avi", [0.04 * i for i in range(9)], fps=1000.0, live=False)
    assert (rate, levels) == (pytest.approx(25.0), list(range(9)))


def test_a_burst_lags_a_little_and_no_more():
    pace = Pace(10.0, live=False)
    shown = [len(list(pace.shown(np.zeros(1, np.uint8), i / 40))) for i in range(400)]
    assert sum(shown) / 10.0 == pytest.approx(10.0, abs=LATE_S + 0.05)


def test_a_jump_of_the_clock_does_not_fill_the_disk():
    pace = Pace(30.0, live=False)
    counts = [len(list(pace.shown(np.zeros(1, np.uint8), t))) for t in (0.0, 1e9, 1e9 + 1 / 30)]
    assert counts == [1, 1, 1]


@pytest.mark.parametrize("source", ["rtsp://user:secret@localhost:1/none", "http://user:secret@localhost:1/none"])
def test_an_address_that_does_not_answer_is_explained_without_its_password(source, monkeypatch, capsys):
    class Closed:
        def __init__(self, *_: object) -> None: ...

        def isOpened(self) -> bool:
            return False

    monkeypatch.setattr(cv2, "VideoCapture", Closed)
    assert main(["video", source, "--jsonl", "never.jsonl"]) == 2
    error = capsys.readouterr().err
    assert "://localhost:1/none: cannot be opened; does it answer from here" in error
    assert "secret" not in error


def test_a_device_is_a_camera_and_hands_out_the_latest_frame(monkeypatch, tmp_path):
    opened: list[object] = []

    class Fake(Capture):
        def __init__(self, source: object) -> None:
            opened.append(source)
            super().__init__([0.0] * 40)

    monkeypatch.setattr(cv2, "VideoCapture", Fake)
    (tmp_path / "door").symlink_to("/dev/video2")  # as /dev/v4l/by-id has them
    monkeypatch.setattr("sdk.sources._is_device", lambda path: path == tmp_path / "door")
    for source in (str(tmp_path / "door"), "0", "rtsp://camera/stream"):
        with open_source(source) as video:
            assert video.live
            assert video.total is None
            seen = [time.sleep(0.01) for _ in video.frames]
            assert 1 <= len(seen) < 40  # the camera gave 40; the rest was dropped
    assert opened == [2, 0, "rtsp://camera/stream"]


def test_a_clock_that_stands_still_still_rises():
    with Camera(capture=Capture([0.0] * 5), clock=lambda: 7.0) as camera:
        stamps = [frame.timestamp_s for frame in camera]
    assert stamps == sorted(set(stamps))


def test_a_camera_that_breaks_is_an_error_where_its_frames_are_taken():
    class Broken(Capture):
        def read(self):
            if self.at == 1:
                raise cv2.error("the driver is gone")
            return super().read()

    with Camera(capture=Broken([0.0] * 5)) as camera, pytest.raises(InputError, match="the driver is gone"):
        for _ in camera:
            pass


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--max-frames", "-1"], "--max-frames: expected a number above 0, got -1"),
        (["--out", "{dir}"], "got a folder"),
    ],
)
def test_wrong_options_are_explained(tmp_path, capsys, arguments, message):
    write_clip(tmp_path / "clip.avi", 3, 10.0)
    filled = [a.format(dir=tmp_path) for a in arguments]
    assert main(["video", str(tmp_path / "clip.avi"), "--jsonl", str(tmp_path / "o.jsonl"), *filled]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"),
    [("{dir}", "expected a file, got a folder"), ("{dir}/none.mp4", "not found"), ("x" * 300, "x: ")],
)
def test_what_is_no_video_is_explained(tmp_path, capsys, name, message):
    assert main(["video", name.format(dir=tmp_path), "--jsonl", str(tmp_path / "o.jsonl")]) == 2
    assert message in capsys.readouterr().err


def test_a_video_that_may_not_be_read_is_explained(tmp_path, monkeypatch, capsys):
    write_clip(tmp_path / "clip.avi", 2, 10.0)
    monkeypatch.setattr("os.access", lambda path, mode: str(path) != str(tmp_path / "clip.avi"))
    assert main(["video", str(tmp_path / "clip.avi"), "--jsonl", str(tmp_path / "o.jsonl")]) == 2
    assert "clip.avi: cannot be read; is this user allowed to read it?" in capsys.readouterr().err


def test_a_camera_is_a_number_a_device_or_an_address():
    with pytest.raises(InputError, match="camera: expected a number, a device or an address, got float"):
        Camera(0.5)  # type: ignore[arg-type]


class Stream(http.server.BaseHTTPRequestHandler):
    """A camera in the network: JPEG after JPEG, as fast as asked; and a file beside it."""

    picture: bytes = b""
    clip: bytes = b""
    served = 0

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path == "/clip.avi":
            self.send_header("Content-Type", "video/x-msvideo")
            self.send_header("Content-Length", str(len(self.clip)))
            self.end_headers()
            self.wfile.write(self.clip)
            return
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for _ in range(60):
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(self.picture)}\r\n\r\n"
            self.wfile.write(head.encode() + self.picture + b"\r\n")
            type(self).served += 1
            time.sleep(0.02)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server(hopper, tmp_path):
    small = cv2.resize(hopper, (256, 304), interpolation=cv2.INTER_AREA)
    write_clip(tmp_path / "clip.avi", 7, 10.0)
    Stream.picture, Stream.served = cv2.imencode(".jpg", small)[1].tobytes(), 0
    Stream.clip = (tmp_path / "clip.avi").read_bytes()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stream) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def test_a_stream_of_the_network_is_followed_live(server, tmp_path, capsys):
    lines, marked = tmp_path / "o.jsonl", tmp_path / "o.mp4"
    assert main(["video", f"{server}/live.mjpg", "--jsonl", str(lines), "--out", str(marked)]) == 0
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert 1 < len(rows) <= Stream.served
    stamps = [row["timestamp_s"] for row in rows]
    assert stamps == sorted(set(stamps))
    capture = cv2.VideoCapture(str(marked))
    seconds = capture.get(cv2.CAP_PROP_FRAME_COUNT) / capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    assert seconds == pytest.approx(stamps[-1] - stamps[0], abs=0.6)


def test_a_file_of_the_network_is_read_frame_by_frame(server):
    with open_source(f"{server}/clip.avi") as video:
        assert (video.live, video.total) == (False, 7)
        assert [f.timestamp_s for f in video.frames] == pytest.approx([i / 10 for i in range(7)])
