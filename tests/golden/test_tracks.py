"""The Python SDK replays the golden contract of video, as every binding does."""

from __future__ import annotations

import hashlib
from importlib import resources

import numpy as np
import pytest

from sdk import FaceAligner
from sdk.detector_file import DEFAULT_DETECTOR
from sdk.model_file import DEFAULT_MODEL
from tests.golden.clips import clips
from tests.golden.test_golden import allowed_steps
from tests.golden.tracks import ANGLES, FILE, RESULTS, read_tracks, replay

HEAD, CLIPS = read_tracks(FILE.read_text(encoding="ascii"))
TOLERANCE = 1e-4
"""Pixels, degrees; openness differs by less."""

FITTED = 0.02
"""Degrees: the pose from landmarks is where a search ends, sooner or later."""


@pytest.fixture(scope="module")
def aligner():
    return FaceAligner(colour="rgb")


def faces(name: str) -> list[list[list[str]]]:
    """Of each update of a clip the words of its faces: id, frames and numbers."""
    (clip,) = [clip for clip in CLIPS if clip.name == name]
    found: list[list[list[str]]] = []
    for key, *words in clip.lines:
        if key == "update":
            found.append([])
        if key == "face":
            found[-1].append(words)
    return found


def ids(name: str) -> list[list[int]]:
    return [[int(words[0]) for words in update] for update in faces(name)]


@pytest.mark.parametrize(
    ("key", "file"), [("model", DEFAULT_MODEL), ("detector", f"detectors/{DEFAULT_DETECTOR}")]
)
def test_the_contract_belongs_to_the_shipped_models(key, file):
    content = (resources.files("sdk") / "models" / file).read_bytes()
    assert HEAD[key][1] == hashlib.sha256(content).hexdigest(), "python -m tests.golden.make"


def test_the_contract_is_made_of_these_clips():
    made = {clip.name: [line[:2] if line[0] == "update" else line for line in clip.script] for clip in CLIPS}
    assert made == {clip.name: clip.script for clip in clips()}, "python -m tests.golden.make"


def test_the_contract_covers_what_happens_in_videos():
    assert ids("still") == [[1]] * 12
    assert ids("moving") == [[1]] * 18
    assert max(map(len, ids("crossing"))) == 2
    assert ids("cut") == [[1]] * 5 + [[2]] * 5
    away = ids("leaving")
    assert away[:5] == [[1]] * 5
    assert [] in away
    assert away[-1][0] > away[0][0]
    assert ids("irregular") == [[1]] * 7 + [[], [], []] + [[2], [2]]
    assert ids("as_measured") == [[1]] * 6


def test_smoothing_shows():
    smoothed, measured = [], []
    (clip,) = [clip for clip in CLIPS if clip.name == "still"]
    for key, *words in clip.lines:
        if key in RESULTS:
            (smoothed if key == "face" else measured).append([float(word) for word in words[-136:]])
    jitter = [np.diff(np.array(values[3:]), axis=0).std() for values in (smoothed, measured)]
    assert jitter[0] < 0.7 * jitter[1]


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.name)
def test_replay(aligner, clip):
    got = list(replay(clip, aligner))
    if allowed_steps():
        return  # an older interpreter rounds some sums differently
    assert [line[0] for line in got] == [line[0] for line in clip.lines]
    for line, expected in zip(got, clip.lines, strict=True):
        if line[0] == "quality":
            off = np.abs(np.array(line[1:], float) - np.array(expected[1:], float))
            assert off[:ANGLES].max() < TOLERANCE
            assert off[ANGLES:].max() < FITTED
        elif line[0] not in RESULTS:
            assert line == expected
        elif line[0] == "face":
            assert line[:3] == expected[:3]
        if line[0] in RESULTS:
            numbers = [np.array(words[1:], float) for words in (line, expected)]
            np.testing.assert_allclose(*numbers, rtol=0, atol=TOLERANCE)
