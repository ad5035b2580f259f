"""Makes the golden contract from the shipped model: python -m tests.golden.make [--frames]."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata, resources
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from sdk import BBox, FaceAligner, FaceDetector, ModelFile, tracker
from sdk.aligner import MAX_DISAGREEMENT
from sdk.detector_file import DEFAULT_DETECTOR
from sdk.geometry import Crop
from sdk.interpreter import TfliteInterpreter
from sdk.model_file import DEFAULT_MODEL
from sdk.shape_model import LIMIT
from sdk.testing import FakeInterpreter, rendered_face
from tests.golden import formats, tracks
from tests.golden import scenes as whole
from tests.golden.clips import clips
from tests.golden.contract import (
    FILE,
    NO_FRAME,
    VERSION,
    Case,
    Float32,
    Recorder,
    Stages,
    UInt8,
    Watched,
    read_frame,
    run,
    write_frame,
)

FACE = (88.0, 80.0, 177.25, 168.5)
CASES = (
    Case("face", "portrait.ppm", FACE, refine=False),
    Case("face_again", "portrait.ppm", FACE, refine=True),
    Case("loose_box", "portrait.ppm", (76.5, 71.0, 178.0, 190.0), refine=False),
    Case("beyond_left_and_top", "portrait.ppm", (-61.0, -74.5, 120.0, 130.0), refine=False),
    Case("beyond_right_and_bottom", "portrait.ppm", (170.0, 230.0, 300.0, 390.0), refine=True),
    Case("tiny", "portrait.ppm", (120.25, 130.5, 128.75, 138.0), refine=False),
    Case("whole_frame", "portrait.ppm", (-0.5, -0.5, 255.5, 299.5), refine=False),
    Case("far_beyond", "portrait.ppm", (-900.0, -1000.0, 1150.0, 1200.0), refine=False),
    Case("no_face", "portrait.ppm", (-13.0, 86.0, 43.0, 142.0), refine=True),
    Case("arm", "turned.ppm", (110.0, 9.0, 159.0, 58.0), refine=False),
    Case("turned", "turned.ppm", (52.0, 52.0, 172.0, 172.0), refine=True),
    Case("drawn", "drawn.ppm", (35.0, 40.0, 150.0, 155.0), refine=False),
    Case("drawn_again", "drawn.ppm", (35.0, 40.0, 150.0, 155.0), refine=True),
)
SCENES = (
    whole.Scene("portrait", "portrait.ppm", 1),
    whole.Scene("portrait_halved", "portrait.ppm", 4),
    whole.Scene("portrait_halved_twice", "portrait.ppm", 9),
    whole.Scene("turned", "turned.ppm", 1),
    whole.Scene("drawn", "drawn.ppm", 1),
    whole.Scene("group", "group.ppm", 1),
    whole.Scene("group_halved", "group.ppm", 3),
    whole.Scene("sideways", "sideways.ppm", 1),
    whole.Scene("nobody", "nobody.ppm", 1),
    whole.Scene("near", "near.ppm", 1),
)
ODD = Case("odd_shape", NO_FRAME, (50.0, -120.0, 251.0, 79.5), refine=False)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.golden.make", description=__doc__)
    parser.add_argument("--frames", action="store_true", help="make the frames again too")
    if parser.parse_args().frames:
        make_frames()
    model = ModelFile.default()
    aligner = Watched(model, interpreter=Recorder(TfliteInterpreter(model)))
    stages = [run(case, read_frame(case.frame), aligner) for case in CASES]
    everything = [*zip(CASES, stages, strict=True), (ODD, _odd(model))]
    FILE.write_text("\n".join([*_head(model, stages), *_body(everything)]) + "\n", encoding="ascii")
    _write_scenes(model)
    formats.FILE.write_text(formats.made(), encoding="ascii")
    _write_tracks(model)
    bound = LIMIT * np.sqrt(model.shape_model.eigenvalues)
    clamped = [int((np.abs(s.face.shape_parameters) >= bound * 0.999999).sum()) for _, s in everything]
    print(f"{FILE.name}: {len(clamped)} cases, shape parameters at their limit: {clamped} of {len(bound)} each")


def make_frames() -> None:
    """Portraits (Grace Hopper, US Navy; Eileen Collins, NASA; public domain), a face turned, and a drawn one."""
    photo = _photo("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
    write_frame("portrait.ppm", Crop(255.5, 299.5, 600.0, 300).extract(photo)[:, 22:278])
    write_frame("turned.ppm", Crop(265.0, 248.0, 330.0, 224, angle_deg=-32.0).extract(photo))
    write_frame("drawn.ppm", rendered_face(np.random.default_rng(3))[0])
    group = np.full((301, 485, 3), (120, 110, 100), np.uint8)
    for angle, size, left, top in ((-20.0, 200, 10, 20), (45.0, 130, 230, 150), (0.0, 70, 380, 10)):
        group[top : top + size, left : left + size] = Crop(262.0, 240.0, 380.0, size, angle).extract(photo)
    write_frame("group.ppm", group)
    write_frame("sideways.ppm", Crop(265.0, 248.0, 600.0, 200, angle_deg=-70.0).extract(photo))
    astronaut = _photo("skimage", "data/astronaut.png")
    write_frame("astronaut.ppm", astronaut[30:220, 150:310])
    write_frame("near.ppm", read_frame("portrait.ppm")[82:168, 91:176])  # a photo that ends at the face
    write_frame("nobody.ppm", Crop(80.0, 520.0, 150.0, 96).extract(photo)[:61])


def _photo(package: str, path: str) -> UInt8:
    """A photo that a package brings along."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    photo = cv2.imread(str(Path(spec.origin).parent / path))
    assert photo is not None
    return np.asarray(photo, np.uint8)


def _odd(model: ModelFile) -> Stages:
    """A shape no network would give, with modes up to 5 standard deviations, to decode only."""
    shape_model = model.shape_model
    b = np.random.default_rng(0).uniform(-5, 5, shape_model.n_modes) * np.sqrt(shape_model.eigenvalues)
    landmarks = np.asarray(shape_model.reconstruct(b) * 0.2, np.float32)
    pose = np.array([0.25, -0.5, 0.75], np.float32)
    aligner = Watched(model, interpreter=Recorder(FakeInterpreter(landmarks, pose.tolist())))
    return run(ODD, np.zeros((300, 300, 3), np.uint8), aligner)


def _write_scenes(model: ModelFile) -> None:
    detector = FaceDetector()
    aligner = FaceAligner(model, detector=detector)
    lines = [
        "# Made by python -m tests.golden.make; README.md says what the lines mean.",
        f"version {whole.VERSION}",
        f"model {DEFAULT_MODEL} {_digest(DEFAULT_MODEL)}",
        f"detector {DEFAULT_DETECTOR} {_digest(f'detectors/{DEFAULT_DETECTOR}')}",
        f"input_size {detector.model.input_size}",
    ]
    for scene in SCENES:
        seen = whole.see(scene, detector, aligner)
        lines += [f"\nscene {scene.name}\n{scene.arguments}", *seen.lines()]
        print(f"{whole.FILE.name}: {scene.name}: {len(seen.detections)} detections, {len(seen.faces)} faces")
    whole.FILE.write_text("\n".join(lines) + "\n", encoding="ascii")


def _write_tracks(model: ModelFile) -> None:
    aligner = FaceAligner(model, colour="rgb")
    lines = [
        "# Made by python -m tests.golden.make; README.md says what the lines mean.",
        f"version {tracks.VERSION}",
        f"model {DEFAULT_MODEL} {_digest(DEFAULT_MODEL)}",
        f"detector {DEFAULT_DETECTOR} {_digest(f'detectors/{DEFAULT_DETECTOR}')}",
    ]
    for clip in clips():
        with decisions() as margins:
            seen = list(tracks.replay(clip, aligner))
        lines += [f"\nclip {clip.name}", *(" ".join(line) for line in seen)]
        counts = [line[2] for line in seen if line[0] == "update"]
        print(f"{tracks.FILE.name}: {clip.name}: faces {' '.join(counts)}; closest decision {min(margins):.6f}")
    tracks.FILE.write_text("\n".join(lines) + "\n", encoding="ascii")


@contextmanager
def decisions() -> Iterator[list[float]]:
    """Collects how far decisions were from their limits: where next to nothing, languages may differ."""
    margins = [1.0]

    def watched(function: Callable[..., float], limit: float) -> Callable[..., float]:
        def call(*arguments: object) -> float:
            value = function(*arguments)
            margins.append(abs(value - limit))
            return value

        return call

    with (
        patch.object(tracker, "disagreement", watched(tracker.disagreement, MAX_DISAGREEMENT)),
        patch.object(BBox, "overlap", watched(BBox.overlap, tracker.SAME_FACE)),
    ):
        yield margins


def _digest(name: str) -> str:
    return hashlib.sha256((resources.files("sdk") / "models" / name).read_bytes()).hexdigest()


def _head(model: ModelFile, stages: list[Stages]) -> Iterator[str]:
    yield "# Made by python -m tests.golden.make; README.md says what the lines mean."
    yield f"version {VERSION}"
    yield f"model {DEFAULT_MODEL} {_digest(DEFAULT_MODEL)}"
    yield f"interpreter ai-edge-litert {metadata.version('ai-edge-litert')}"
    yield f"input_size {model.input_size}"
    yield f"crop_margin {model.margin!r}"
    yield from _tensors(model)
    yield f"raw_step {_step([s.raw_landmarks for s in stages])} {_step([s.raw_pose for s in stages])}"


def _tensors(model: ModelFile) -> Iterator[str]:
    tflite = Interpreter(model_content=model.flatbuffer)
    for detail in (*tflite.get_input_details(), *tflite.get_output_details()):
        shape = "x".join(str(n) for n in detail["shape"])
        scale, zero_point = detail["quantization"]
        yield f"tensor {shape} {np.dtype(detail['dtype']).name} {scale!s} {zero_point}"


def _body(cases: list[tuple[Case, Stages]]) -> Iterator[str]:
    for case, stage in cases:
        yield f"\ncase {case.name}\n{case.arguments}"
        yield from stage.lines()


def _step(outputs: list[Float32]) -> str:
    """The smallest difference of two outputs: one step of the integer behind them; 1/256 where there is none."""
    values = np.unique(np.concatenate([o.ravel() for o in outputs]))
    return str(max(np.diff(values).min(), np.float32(1 / 256)))


if __name__ == "__main__":
    main()
