"""The golden contract of whole frames: what the detector sees and finds, and the faces of `predict`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sdk import Detection, Face, FaceAligner, FaceDetector
from sdk.face_detector import letterboxed
from tests.golden.contract import HERE, read_frame

UInt8 = npt.NDArray[np.uint8]

FILE = HERE / "scenes.txt"
VERSION = 1


@dataclass(frozen=True)
class Scene:
    """A frame, each of its pixels repeated `zoom` times across and down."""

    name: str
    frame: str
    zoom: int

    @property
    def arguments(self) -> str:
        return f"frame {self.frame}\nzoom {self.zoom}"

    def image(self) -> UInt8:
        """(h, w, 3) BGR."""
        return np.repeat(np.repeat(read_frame(self.frame), self.zoom, axis=0), self.zoom, axis=1)


@dataclass(frozen=True, eq=False)
class Seen:
    """The detector's input (size, size, 3) RGB, what it finds there, and the faces that two looks agree on."""

    pixels: UInt8
    detections: list[Detection]
    faces: list[Face]

    def lines(self) -> Iterator[str]:
        yield f"input_sha256 {hashlib.sha256(self.pixels.tobytes()).hexdigest()}"
        for found in self.detections:
            box = found.box
            yield "detection " + _text(box.left, box.top, box.right, box.bottom, found.score, found.roll_deg)
        for face in self.faces:
            pose = face.pose
            numbers = (face.score, face.plausibility, pose.yaw_deg, pose.pitch_deg, pose.roll_deg)
            yield "face " + _text(*numbers, *(float(v) for v in face.landmarks.ravel()))


def see(scene: Scene, detector: FaceDetector, aligner: FaceAligner) -> Seen:
    """Every stage of a scene; `aligner` has the same detector."""
    image = scene.image()
    return Seen(letterboxed(image, detector.model.input_size)[0], detector(image), aligner.predict(image))


def read_scenes(text: str) -> tuple[dict[str, list[str]], list[tuple[Scene, dict[str, list[list[str]]]]]]:
    """Head and scenes: for each key the words of its lines."""
    head: dict[str, list[str]] = {}
    scenes: list[dict[str, list[list[str]]]] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        key, *words = line.split(" ")
        if key == "scene":
            scenes.append({"detection": [], "face": []})
        if scenes:
            scenes[-1].setdefault(key, []).append(words)
        else:
            head[key] = words
    return head, [(Scene(s["scene"][0][0], s["frame"][0][0], int(s["zoom"][0][0])), s) for s in scenes]


def _text(*values: float) -> str:
    """float32 where that is exact, which makes for short lines."""
    return " ".join(str(np.float32(v)) if float(np.float32(v)) == v else repr(v) for v in values)
