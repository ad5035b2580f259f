"""Expected errors of points: the numbers of a definition that is written as loops over single cells, and their way
from the model file to faces, files and pictures."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from sdk import BackendError, Face, FaceAligner, InputError, ModelFile, draw
from sdk.aligner import errors_of_two
from sdk.cli import main
from sdk.decoder import Decoder
from sdk.drawing import _ERROR
from sdk.head import Head
from sdk.testing import FakeInterpreter, FixedDetector
from tests.sdk.test_head import toy_head

MODEL = ModelFile.default()


def toy_errors(head: Head, *, seed: int = 5) -> Head:
    rng, n = np.random.default_rng(seed), head.n_points
    return replace(
        head,
        errors_kernel=rng.uniform(0.2, 1.0, (n, 3)).astype(np.float32),
        errors_bias=rng.normal(1.0, 0.5, n).astype(np.float32),
        errors_looks=np.array([0.8, 0.5], np.float32),
    )


@pytest.fixture(scope="module")
def model() -> ModelFile:
    """The shipped network with made-up weights of the point errors, read from a file's bytes."""
    assert MODEL.head is not None
    kernel = np.tile(np.array([0.8, 1.2, -1.3], np.float32), (68, 1))
    bias = np.linspace(3.0, 4.0, 68).astype(np.float32)
    looks = np.array([0.85, 0.45], np.float32)
    head = replace(MODEL.head, errors_kernel=kernel, errors_bias=bias, errors_looks=looks)
    return ModelFile.from_bytes(replace(MODEL, head=head).repacked(MODEL.metadata))


@pytest.fixture(scope="module")
def bare() -> ModelFile:
    """The shipped network without such weights, as files of earlier versions are."""
    assert MODEL.head is not None
    head = replace(MODEL.head, errors_kernel=None, errors_bias=None, errors_looks=None)
    return ModelFile.from_bytes(replace(MODEL, head=head).repacked(MODEL.metadata))


def defined(head: Head, maps: np.ndarray, landmarks: np.ndarray, eyes: tuple[int, int]) -> list[float]:
    """docs/model_format.md, word by word."""
    side, logs = head.maps_side, []
    for point in range(head.n_points):
        greatest = max(int(q) for q in maps[..., point].ravel())
        whole = x = y = squares = 0.0
        for i in range(side):
            for j in range(side):
                p = math.exp(head.maps_scale * (int(maps[i, j, point]) - greatest))
                right, down = (j + 0.5) / side - 0.5, (i + 0.5) / side - 0.5
                whole += p
                x += p * right
                y += p * down
                squares += p * (right * right + down * down)
        about = squares / whole - (x / whole) ** 2 - (y / whole) ** 2
        logs.append(math.log(max(about, 0.0) + 1.0 / (6.0 * side * side)))
    apart = max(math.dist(*(landmarks[eye].tolist() for eye in eyes)), 1.0 / side)
    found = []
    for own, (a, b, c), bias in zip(logs, head.errors_kernel.tolist(), head.errors_bias.tolist(), strict=True):
        z = bias + a * own + b * sum(logs) / len(logs) + c * math.log(apart)
        found.append(1.0 / (1.0 + math.exp(-z)))
    return found


@pytest.mark.parametrize("side", [1, 2, 5, 20])
def test_errors_are_what_is_defined(side):
    rng, head = np.random.default_rng(side), toy_errors(toy_head(side=side, seed=side))
    decode = Decoder(head, eyes=(0, 2))
    for spread in (0, 1, 30, 255):
        maps = (255 - rng.integers(0, spread + 1, (side, side, 3))).astype(np.uint8)
        landmarks, _ = decode(maps, np.zeros(7, np.uint8))
        np.testing.assert_allclose(decode.point_errors, defined(head, maps, landmarks, (0, 2)), rtol=2e-7)
        assert decode.point_errors.dtype == np.float32


def test_a_wider_map_has_a_larger_error_and_landmarks_stay_as_they_are():
    rng, plain = np.random.default_rng(0), toy_head(side=9)
    decode, without = Decoder(toy_errors(plain), eyes=(0, 1)), Decoder(plain)
    maps = rng.integers(0, 40, (9, 9, 3)).astype(np.uint8)
    maps[4, 4] = 150
    top = np.full(7, 100, np.uint8)  # what is said of the face is nothing: the eyes stay where they are
    before = decode(maps, top)[0]
    sharp = decode.point_errors
    np.testing.assert_array_equal(without(maps, top)[0], before)
    maps[3:6, 3:6, 2] = 150
    decode(maps, top)
    assert decode.point_errors[2] > sharp[2]


def test_weights_out_of_bounds_end_at_nought_and_one():
    head = toy_head()
    wild = np.array([[1e6, 0, 0], [-1e6, 0, 0], [0, 0, 0]], np.float32)
    head = replace(toy_errors(head), errors_kernel=wild, errors_bias=np.zeros(3, np.float32))
    decode = Decoder(head, eyes=(0, 1))
    decode(np.zeros((5, 5, 3), np.uint8), np.zeros(7, np.uint8))
    np.testing.assert_allclose(decode.point_errors, [0, 1, 0.5], atol=1e-30)
    sure = replace(head, confidence_kernel=np.full(3, 1e6, np.float32), confidence_bias=np.zeros(1, np.float32))
    decode = Decoder(sure)
    decode(np.zeros((5, 5, 3), np.uint8), np.zeros(7, np.uint8))
    assert decode.confidence == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"errors_bias": None},
            "point_errors: expected errors_kernel, errors_bias, errors_looks, got errors_kernel",
        ),
        ({"errors_kernel": np.zeros((3, 2), np.float32)}, "errors_kernel: expected 3 x 3 finite float32"),
        ({"errors_bias": np.zeros(3)}, "got float64"),
        ({"errors_looks": np.array([np.nan, 0], np.float32)}, "errors_looks: expected 2 finite float32"),
        ({"errors_looks": np.array([1, -0.1], np.float32)}, "errors_looks: expected numbers from 0 up, got -0.1"),
        ({"errors_kernel": np.full((3, 3), 1e7, np.float32)}, "errors_kernel: expected numbers up to"),
    ],
)
def test_odd_weights_are_named(change, message):
    with pytest.raises(InputError, match=message):
        replace(toy_errors(toy_head()), **change)


def test_faces_come_with_errors_and_of_two_looks_their_mean_and_distance_count(model, hopper):
    aligner = FaceAligner(model)
    (face,) = aligner.predict(hopper)
    assert face.point_errors.shape == (68,)
    assert face.point_errors.dtype == np.float32
    assert not face.point_errors.flags.writeable
    first = aligner.align(hopper, face.box)
    apart = replace(first, landmarks=first.landmarks + np.float32([3, 4]))
    eyes = np.linalg.norm(first.landmarks[36] - first.landmarks[45])
    own = first.point_errors
    np.testing.assert_allclose(errors_of_two(first, first, first.landmarks, model), 0.85 * own, rtol=1e-6)
    found = errors_of_two(first, apart, first.landmarks, model)
    np.testing.assert_allclose(found, 0.85 * own + 0.45 * 5.0 / eyes, rtol=1e-6)
    far = replace(first, landmarks=first.landmarks + np.float32(1e4))
    np.testing.assert_array_equal(errors_of_two(first, far, first.landmarks, model), np.ones(68, np.float32))


class Telling(FakeInterpreter):
    """Says of each point of what it sees an error of its own."""

    point_errors = np.linspace(0.01, 0.3, 68).astype(np.float32)


def test_a_mirrored_look_gives_each_point_its_own_error(model, hopper):
    points = (model.shape_model.mean * 0.3).astype(np.float32)
    aligner = FaceAligner(model, interpreter=Telling(points), detector=FixedDetector())
    one, both = (aligner.align(hopper, (100, 100, 300, 300), refine=refine) for refine in (False, True))
    np.testing.assert_array_equal(one.point_errors, Telling.point_errors)
    for point in (0, 36, 48):
        twin = model.scheme.mirror[point]
        own = 0.85 * (Telling.point_errors[point] + Telling.point_errors[twin]) / 2
        assert both.point_errors[point] >= own * 0.999999
        assert both.point_errors[point] - both.point_errors[twin] == pytest.approx(0.0, abs=0.02)
    seen = aligner._look(hopper, aligner._crop_of(one, hopper), 1.0, mirrored=True)
    np.testing.assert_array_equal(seen.point_errors, Telling.point_errors[list(model.scheme.mirror)])


def test_a_hidden_mouth_has_larger_errors_than_a_seen_one(model, hopper):
    aligner = FaceAligner(model)
    (face,) = aligner.predict(hopper)
    left, top = np.floor(face.landmarks[48:].min(axis=0)).astype(int) - 10
    right, bottom = np.ceil(face.landmarks[48:].max(axis=0)).astype(int) + 10
    covered = hopper.copy()
    covered[top:bottom, left:right] = (90, 60, 40)
    hidden = aligner.align(covered, face.box, refine=True)
    assert hidden.point_errors[48:].mean() > 1.5 * face.point_errors[48:].mean()


def test_models_without_weights_say_none(bare, hopper, tmp_path):
    aligner = FaceAligner(bare)
    (face,) = aligner.predict(hopper)
    assert face.point_errors is None
    assert face.confidence is not None
    np.testing.assert_array_equal(draw(hopper, [face], errors=True), draw(hopper, [face]))
    with pytest.raises(BackendError, match="gives no point errors"):
        _ = aligner.interpreter.decoder.log_spreads
    path, photo = tmp_path / "bare.tflite", tmp_path / "hopper.png"
    path.write_bytes(bare.repacked(bare.metadata))
    cv2.imwrite(str(photo), hopper)
    assert main(["predict", str(photo), "--model", str(path), "--json", str(tmp_path / "faces.json")]) == 0
    (entry,) = json.loads((tmp_path / "faces.json").read_text())["faces"]
    assert entry["point_errors"] is None


def test_files_and_pictures_carry_the_errors(model, hopper, tmp_path):
    path, photo, picture = (tmp_path / name for name in ("model.tflite", "hopper.png", "marked.png"))
    path.write_bytes(model.repacked(model.metadata))
    cv2.imwrite(str(photo), hopper)
    words = ["predict", str(photo), "--model", str(path), "--out", str(picture), "--errors"]
    assert main([*words, "--json", str(tmp_path / "faces.json")]) == 0
    (entry,) = json.loads((tmp_path / "faces.json").read_text())["faces"]
    (face,) = FaceAligner(model).predict(hopper)
    np.testing.assert_allclose(entry["point_errors"], face.point_errors, atol=6e-6)
    np.testing.assert_array_equal(cv2.imread(str(picture)), draw(hopper, [face], errors=True))
    clip = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, hopper.shape[1::-1])
    for _ in range(2):
        clip.write(hopper)
    clip.release()
    table = tmp_path / "faces.csv"
    assert main(["video", str(tmp_path / "clip.avi"), "--model", str(path), "--csv", str(table)]) == 0
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert all(0 < float(row[f"error{i}"]) < 1 for row in rows for i in range(68))


def test_circles_are_as_large_as_the_errors():
    shape = (MODEL.shape_model.mean * 60 + 150).astype(np.float32)
    face = replace(_face(shape), point_errors=np.full(68, 0.01, np.float32))
    blank = np.zeros((300, 300, 3), np.uint8)
    small = draw(blank, [face], errors=True)
    errors = face.point_errors.copy()
    errors[8] = 0.5
    large = draw(blank, [replace(face, point_errors=errors)], errors=True)
    changed = np.argwhere((large != small).any(axis=2))[:, ::-1]
    far = np.linalg.norm(changed - shape[8], axis=1)
    radius = 0.5 * np.linalg.norm(shape[36] - shape[45])
    assert abs(far.max() - radius) < 4
    assert (large == _ERROR).all(axis=2).any()


def _face(landmarks: np.ndarray) -> Face:
    face = FaceAligner(MODEL).align(np.zeros((300, 300, 3), np.uint8), (50, 50, 250, 250))
    return replace(face, landmarks=landmarks)
