"""Video files and cameras, with fakes in place of hardware."""

from __future__ import annotations

import threading
import time

import cv2
import numpy as np
import pytest

from sdk import InputError
from sdk.video import Camera, read_video


class FakeCapture:
    """A camera that shows its frame's number, as fast as it is read, and then ends."""

    def __init__(self, n: int, gate: threading.Event | None = None) -> None:
        self.n, self.shown, self.gate, self.released = n, 0, gate, False

    def read(self):
        if self.shown == self.n:
            return False, None
        if self.gate is not None and self.shown == self.n - 1:
            self.gate.wait(5)
        self.shown += 1
        return True, np.full((4, 4, 3), self.shown, np.uint8)

    def release(self) -> None:
        self.released = True


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (64, 48))
    assert writer.isOpened()
    for i in range(7):
        writer.write(np.full((48, 64, 3), 30 * i, np.uint8))
    writer.release()
    return path


def test_a_file_gives_every_frame_with_its_time(clip):
    frames = list(read_video(clip))
    assert [f.timestamp_s for f in frames] == pytest.approx([i / 10 for i in range(7)])
    assert frames[3].image.shape == (48, 64, 3)
    assert abs(int(frames[3].image.mean()) - 90) < 6


def test_bad_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.mp4: not found"):
        next(read_video(tmp_path / "none.mp4"))
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(InputError, match=r"text\.mp4: expected a file that OpenCV can read"):
        next(read_video(tmp_path / "text.mp4"))


def test_a_slow_program_sees_the_latest_frame_and_the_rest_is_dropped():
    gate = threading.Event()
    capture = FakeCapture(50, gate)
    with Camera(capture=capture) as camera:
        deadline = time.monotonic() + 5
        while capture.shown < 49 and time.monotonic() < deadline:
            time.sleep(0.001)
        frames = iter(camera)
        time.sleep(0.02)
        assert next(frames).image[0, 0, 0] >= 48
        gate.set()
        last = list(frames)
        assert last[-1].image[0, 0, 0] == 50
    assert camera.dropped >= 47
    assert capture.released


def test_the_iteration_ends_with_the_camera():
    with Camera(capture=FakeCapture(0)) as camera:
        assert list(camera) == []


def test_close_wakes_a_waiting_program():
    gate = threading.Event()
    camera = Camera(capture=FakeCapture(1, gate))
    threading.Timer(0.05, lambda: (gate.set(), camera.close())).start()
    assert len(list(camera)) <= 1
    camera.close()


def test_timestamps_come_from_the_clock():
    ticks = iter(range(100))
    with Camera(capture=FakeCapture(1), clock=lambda: float(next(ticks))) as camera:
        assert [f.timestamp_s for f in camera] == [0.0]


def test_a_missing_camera_is_explained(monkeypatch):
    class Closed:
        def __init__(self, *_: object) -> None: ...

        def isOpened(self) -> bool:
            return False

    monkeypatch.setattr(cv2, "VideoCapture", Closed)
    with pytest.raises(InputError, match="camera 7: cannot be opened; is it connected"):
        Camera(7)
