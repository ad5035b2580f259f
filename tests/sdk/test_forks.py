"""A process forked while threads of its parent are at work, as servers and data loaders do it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

BEGIN = """
import os, signal, sys, threading, warnings
import numpy as np
from sdk import BBox, Detection, FaceAligner, FaceDetector, FaceTracker

warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of every fork beside threads
frame = np.random.default_rng(0).integers(0, 256, (240, 320, 3)).astype(np.uint8)
box = (100.0, 60.0, 220.0, 180.0)

def in_child(work):
    '''What a forked process makes of `work`: its exit status, -14 where it waits for ever.'''
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            work()
            status = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            status = 1
        sys.stderr.flush()
        sys.exit(status)  # with the end of all objects, unlike os._exit
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def equal(a, b):
    assert np.array_equal(a, b), "other answers than the parent's"
"""

HELD = """
inside, over = threading.Event(), threading.Event()

class Waits:
    waits = True

    def __call__(self, image):
        if self.waits:
            inside.set()
            over.wait()
        return [Detection(BBox(*box), 1.0)]

detector = Waits()
aligner = FaceAligner(detector=detector, max_disagreement=9.0)
expected = aligner.align(frame, box).landmarks
thread = threading.Thread(target=aligner.predict, args=(frame,))
thread.start()
inside.wait()
detector.waits = False

def work():
    equal(aligner.align(frame, box).landmarks, expected)
    assert len(FaceTracker(aligner).update(frame)) == 1
    assert os.fork() or (equal(aligner.align(frame, box).landmarks, expected), os._exit(0))
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0

status = in_child(work)
over.set()
thread.join()
sys.exit(status)
"""

AT_WORK = """
import cv2
cv2.setNumThreads(2)
detector = FaceDetector(min_score=0.001, max_faces=20)
aligner = FaceAligner(num_threads=2, detector=detector)
expected, found = aligner.align(frame, box).landmarks, detector(frame)
going = True

def go_on():
    while going:
        aligner.predict(frame)

thread = threading.Thread(target=go_on)
thread.start()

def work():
    global aligner
    equal(aligner.align(frame, box).landmarks, expected)
    assert detector(frame) == found
    aligner = None

statuses = [in_child(work) for _ in range(2)]
going = False
thread.join()
equal(aligner.align(frame, box).landmarks, expected)
sys.exit(max(map(abs, statuses)))
"""

CAMERA = """
from sdk.video import Camera

class Endless:
    released = False

    def read(self):
        return True, frame

    def release(self):
        print("released", "in the child" if os.getpid() != parent else "", file=sys.stderr)

parent = os.getpid()
camera = Camera(capture=Endless())
next(iter(camera))
status = in_child(lambda: next(iter(camera)))
closed = in_child(camera.close)
next(iter(camera))
camera.close()
sys.exit(0 if (status, closed) == (1, 0) else 9)
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BEGIN + script]
    root = Path(__file__).parents[2]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd=root)


def test_a_child_forked_while_a_thread_is_in_predict_uses_the_aligner():
    done = run(HELD)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_child_forked_while_networks_run_on_several_threads_gets_the_same_answers():
    done = run(AT_WORK)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_childs_camera_is_an_error_in_words_and_the_parents_goes_on():
    done = run(CAMERA)
    assert done.returncode == 0, done.stderr
    assert "InputError: camera: reading it failed (it was opened before this process was forked" in done.stderr
    assert done.stderr.count("released") == 1
    assert "in the child" not in done.stderr
