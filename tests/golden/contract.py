"""The golden contract as values and as text; README.md describes the file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk import BBox, Face, FaceAligner
from sdk.geometry import Crop
from sdk.interpreter import Interpreter

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

HERE = Path(__file__).parent
FILE = HERE / "golden.txt"
VERSION = 2
NO_FRAME = "-"
"""Where a case has this for a frame, its outputs are made up: decode them, run nothing."""


@dataclass(frozen=True)
class Case:
    """What `align` is given and every stage of what it makes of it; of the second look where it refines."""

    name: str
    frame: str
    box: tuple[float, float, float, float]
    refine: bool

    @property
    def arguments(self) -> str:
        numbers = " ".join(repr(v) for v in self.box)
        return f"frame {self.frame}\nbox {numbers}\nrefine {int(self.refine)}"


@dataclass(frozen=True, eq=False)
class Stages:
    """Of one look: the crop, the bytes the network saw and gave, landmarks and pose in them; and the face."""

    crop: Crop
    pixels: UInt8
    outputs: bytes
    raw_landmarks: Float32
    raw_pose: Float32
    face: Face

    def lines(self) -> Iterator[str]:
        crop, pose = self.crop, self.face.pose
        yield f"crop {crop.center_x!r} {crop.center_y!r} {crop.side!r} {crop.angle_deg!r}"
        yield f"crop_sha256 {hashlib.sha256(self.pixels.tobytes()).hexdigest()}"
        if self.outputs:
            yield f"outputs_sha256 {hashlib.sha256(self.outputs).hexdigest()}"
        yield f"raw_landmarks {_text(self.raw_landmarks)}"
        yield f"raw_pose {_text(self.raw_pose)}"
        yield f"landmarks {_text(self.face.landmarks)}"
        yield f"pose {pose.yaw_deg!r} {pose.pitch_deg!r} {pose.roll_deg!r}"
        yield f"shape_parameters {_text(self.face.shape_parameters)}"
        yield f"plausibility {self.face.plausibility!r}"
        if self.face.confidence is not None:
            yield f"confidence {self.face.confidence!r}"
        if self.face.point_errors is not None:
            yield f"point_errors {_text(self.face.point_errors)}"


class Recorder:
    """An interpreter that remembers what it saw and answered last."""

    def __init__(self, inner: Interpreter) -> None:
        self._inner = inner

    def run(self, crop: UInt8, /) -> tuple[Float32, Float32]:
        self.pixels = crop
        self.landmarks, self.pose = self._inner.run(crop)
        self.outputs = b"".join(part.tobytes() for part in getattr(self._inner, "raw_outputs", ()))
        return self.landmarks, self.pose

    @property
    def confidence(self) -> float | None:
        """Of the last crop; None where the interpreter behind gives none."""
        value: float | None = getattr(self._inner, "confidence", None)
        return value

    @property
    def point_errors(self) -> Float32 | None:
        """Of the last crop (n,); None where the interpreter behind gives none."""
        values: Float32 | None = getattr(self._inner, "point_errors", None)
        return values


class Watched(FaceAligner):
    """An aligner of a Recorder that remembers where it looked last."""

    crop: Crop

    def _look(self, frame: UInt8, crop: Crop, score: float, *, mirrored: bool = False) -> Face:
        self.crop = crop
        return super()._look(frame, crop, score, mirrored=mirrored)


def run(case: Case, frame: UInt8, aligner: Watched) -> Stages:
    """Every stage of a case; of its last look where it refines, but for the face."""
    recorder = aligner.interpreter
    assert isinstance(recorder, Recorder)
    face = aligner.align(frame, BBox(*case.box), refine=case.refine)
    return Stages(aligner.crop, recorder.pixels, recorder.outputs, recorder.landmarks, recorder.pose, face)


def read_frame(name: str) -> UInt8:
    """A binary portable pixmap (P6, one header line) as (h, w, 3) BGR."""
    content = (HERE / name).read_bytes()
    header, pixels = content.split(b"\n", 1)
    magic, width, height, depth = header.split()
    assert (magic, depth) == (b"P6", b"255")
    rgb = np.frombuffer(pixels, np.uint8).reshape(int(height), int(width), 3)
    return np.ascontiguousarray(rgb[..., ::-1])


def write_frame(name: str, image: UInt8) -> None:
    height, width = image.shape[:2]
    (HERE / name).write_bytes(b"P6 %d %d 255\n" % (width, height) + image[..., ::-1].tobytes())


def read_cases(text: str) -> tuple[dict[str, list[str]], list[tuple[Case, dict[str, list[str]]]]]:
    """Head and cases: each line's words by its first one."""
    head: dict[str, list[str]] = {}
    cases: list[dict[str, list[str]]] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        key, *words = line.split(" ")
        if key == "tensor":  # one a line
            key = f"tensor {words[0]}"
        if key == "case":
            cases.append({})
        (cases[-1] if cases else head)[key] = words
    return head, [(_case(fields), fields) for fields in cases]


def floats(words: list[str]) -> Float32:
    return np.array([float(word) for word in words], np.float32)


def _case(fields: dict[str, list[str]]) -> Case:
    left, top, right, bottom = (float(word) for word in fields["box"])
    return Case(fields["case"][0], fields["frame"][0], (left, top, right, bottom), fields["refine"] == ["1"])


def _text(values: Float32) -> str:
    return " ".join(str(v) for v in np.asarray(values, np.float32).ravel())
