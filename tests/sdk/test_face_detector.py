"""The detector that comes along: real portraits at any place, size and roll, and frames of every shape."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from sdk import BackendError, BBox, Detection, DetectorFile, FaceAligner, FaceDetector, InputError
from sdk.cells import cell_grid
from sdk.detector import upright_box
from sdk.face_detector import letterboxed, with_margin
from sdk.measures import interocular_distance
from sdk.testing import rendered_face


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


def turned(image: np.ndarray, angle_deg: float) -> np.ndarray:
    """The image turned clockwise about its middle, whole."""
    height, width = image.shape[:2]
    side = math.ceil(math.hypot(height, width))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -angle_deg, 1.0)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    return cv2.warpAffine(image, matrix, (side, side))


@pytest.mark.parametrize("name", ["hopper", "astronaut"])
def test_one_face_is_found_where_it_is(detector, request, name):
    frame = request.getfixturevalue(name)
    (found,) = detector(frame)
    truth = FaceAligner().align(frame, found.box, refine=True)
    assert found.box.overlap(truth.box) > 0.7
    assert found.roll_deg == pytest.approx(truth.pose.roll_deg, abs=8)
    assert 0.5 < found.score <= 1.0


@pytest.mark.parametrize("angle", [-45, -20, 20, 45])
def test_the_roll_follows_the_photo(detector, hopper, angle):
    upright, found = detector(hopper)[0], detector(turned(hopper, angle))[0]
    assert found.roll_deg == pytest.approx(upright.roll_deg + angle, abs=20)  # of what the aligner bears, 30


@pytest.mark.parametrize("angle", [-45, 45])
def test_a_turned_face_is_aligned_as_well_as_an_upright_one(hopper, angle):
    (upright,) = FaceAligner().predict(hopper)
    (face,) = FaceAligner().predict(turned(hopper, angle))
    assert face.pose.roll_deg == pytest.approx(upright.pose.roll_deg + angle, abs=6)
    assert face.plausibility > 1e-4


def test_boxes_follow_the_size_of_the_frame(detector, astronaut):
    (small,) = detector(astronaut)
    (large,) = detector(cv2.resize(astronaut, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))
    assert large.box.center_x == pytest.approx(2 * small.box.center_x + 0.5, abs=0.04 * large.box.width)
    assert large.box.width == pytest.approx(2 * small.box.width, rel=0.05)


@pytest.mark.parametrize("share", [0.5, 0.7, 0.8])
def test_a_face_that_fills_the_frame_is_found(detector, astronaut, share):
    (found,) = detector(astronaut)
    half = max(found.box.width, found.box.height) / share / 2
    left, top = round(found.box.center_x - half), round(found.box.center_y - half)
    close = astronaut[max(0, top) : round(top + 2 * half), left : round(left + 2 * half)]
    (again,) = detector(cv2.resize(close, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC))
    assert again.box.width == pytest.approx(3 * found.box.width, rel=0.25)


@pytest.mark.parametrize("name", ["hopper", "astronaut"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.1])
def test_a_photo_that_ends_at_the_face_is_searched_with_a_margin(request, name, share):
    photo, aligner = request.getfixturevalue(name), FaceAligner()
    (whole,) = aligner.predict(photo)
    margin = share * max(whole.box.width, whole.box.height)
    left, top = round(whole.box.left - margin), round(whole.box.top - margin)
    cut = photo[top : round(whole.box.bottom + margin) + 1, left : round(whole.box.right + margin) + 1]
    (near,) = aligner.predict(cut)
    moved = np.hypot(*(near.landmarks + np.float32([left, top]) - whole.landmarks).T).mean()
    assert moved < 0.03 * interocular_distance(whole)


def test_only_a_hint_of_something_large_is_looked_at_again(detector, hopper, monkeypatch):
    looks = []
    run = detector._cells.run
    monkeypatch.setattr(detector._cells, "run", lambda pixels: looks.append(1) or run(pixels))
    detector(hopper)
    detector(np.full((480, 640, 3), 90, np.uint8))
    assert len(looks) == 2  # one for each frame
    (near,) = detector(hopper[157:335, 172:351])
    assert len(looks) == 4
    assert near.box.width > 150


def test_the_margin_is_black_and_as_wide_on_all_sides():
    frame = np.full((90, 60, 3), 200, np.uint8)
    pixels, scale, corner = with_margin(frame, 96)
    assert pixels.shape == (96, 96, 3)
    np.testing.assert_array_equal(corner, [26, 16])
    np.testing.assert_allclose(scale, 64 / 90, rtol=0.02)
    assert (pixels[16:80, 26:69] == 200).all()
    assert pixels.sum() == 200 * 3 * 64 * 43


def test_tall_and_wide_frames_are_the_same_to_it(detector, hopper):
    face = hopper[:400, :400]
    wide = np.zeros((400, 900, 3), np.uint8)
    wide[:, 480:880] = face
    tall = np.zeros((900, 400, 3), np.uint8)
    tall[480:880] = face
    there, below = detector(wide)[0], detector(tall)[0]
    near = 0.08 * there.box.width
    assert there.box.left - 480 == pytest.approx(below.box.left, abs=near)
    assert there.box.top == pytest.approx(below.box.top - 480, abs=near)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (20, 20), (480, 640), (4320, 7680)])
def test_frames_without_faces_have_none(detector, shape):
    assert detector(np.full((*shape, 3), 90, np.uint8)) == []


def test_many_faces_are_found(detector, hopper):
    face = cv2.resize(hopper[40:440, 40:440], (60, 60), interpolation=cv2.INTER_AREA)
    found = detector(np.tile(face, (6, 6, 1)))
    assert len(found) >= 33
    assert FaceDetector(max_faces=5)(np.tile(face, (6, 6, 1))) == found[:5]


def test_scores_are_descending(detector, astronaut, hopper):
    small = cv2.resize(hopper, astronaut.shape[1::-1])
    scores = [found.score for found in detector(np.hstack([astronaut, small]))]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)


def test_a_higher_limit_leaves_the_better_ones(detector, astronaut):
    (found,) = detector(astronaut)
    assert FaceDetector(min_score=min(0.99, found.score + 0.01))(astronaut) == []


def test_views_and_mirrored_frames_are_accepted(detector, astronaut):
    (found,) = detector(astronaut)
    (mirrored,) = detector(astronaut[:, ::-1])
    width = astronaut.shape[1]
    assert mirrored.box.center_x == pytest.approx(width - 1 - found.box.center_x, abs=0.06 * found.box.width)


def test_the_frame_is_left_as_it_was(detector, hopper):
    before = hopper.copy()
    detector(hopper)
    np.testing.assert_array_equal(hopper, before)


def test_letterboxing_keeps_the_ratio_and_turns_bgr_to_rgb():
    frame = np.zeros((100, 200, 3), np.uint8)
    frame[...] = (10, 20, 30)
    pixels, scale = letterboxed(frame, 64)
    assert pixels.shape == (64, 64, 3)
    np.testing.assert_allclose(scale, [0.32, 0.32])
    np.testing.assert_array_equal(pixels[0, 0], (30, 20, 10))
    assert not pixels[32:].any()


def between_pixels(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """docs/model_format.md, "Face detectors", word for word."""
    height, width = pixels.shape[:2]
    (u, f), (v, g) = (places(n, m) for n, m in zip((width, height), size, strict=True))
    f, g = f[:, None], g[:, None, None]
    padded = np.pad(pixels.astype(np.int64), ((0, 1), (0, 1), (0, 0)), mode="edge")
    upper = (256 - f) * padded[v][:, u] + f * padded[v][:, u + 1]
    lower = (256 - f) * padded[v + 1][:, u] + f * padded[v + 1][:, u + 1]
    return (((256 - g) * upper + g * lower + 32768) >> 16).astype(np.uint8)


def places(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    x = (1.0 / (m / n)) * (np.arange(m) + 0.5) - 0.5
    u = np.clip(np.floor(x), 0, n - 1).astype(int)
    return u, np.where((x < 0) | (u >= n - 1), 0, np.rint(256 * (x - u))).astype(int)


@pytest.mark.parametrize(
    "shape", [(64, 48), (100, 200), (127, 128), (129, 640), (1, 500), (333, 1), (5, 3), (1, 1), (301, 485)]
)
def test_the_detectors_input_is_what_the_format_says(shape):
    size = 64
    frame = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    expected, (height, width) = frame[..., ::-1], shape
    ratio = size / max(shape)
    while max(expected.shape[:2]) >= 2 * size:
        expected = between_pixels(expected, tuple(max(1, n // 2) for n in expected.shape[1::-1]))
    expected = between_pixels(expected, (max(1, round(width * ratio)), max(1, round(height * ratio))))
    got = letterboxed(frame, size)[0]
    np.testing.assert_array_equal(got[: expected.shape[0], : expected.shape[1]], expected)
    assert not got[expected.shape[0] :].any()
    assert not got[:, expected.shape[1] :].any()


@pytest.mark.parametrize(
    ("argument", "value"),
    [("min_score", 0.0), ("min_score", 1.0), ("min_score", "high"), ("max_faces", 0), ("num_threads", 0)],
)
def test_wrong_arguments_are_named(argument, value):
    with pytest.raises(InputError, match=argument):
        FaceDetector(**{argument: value})


def test_a_model_of_another_type_is_refused():
    with pytest.raises(InputError, match="expected a path, a DetectorFile or None, got int"):
        FaceDetector(3)  # type: ignore[arg-type]


def test_a_network_with_other_outputs_is_refused():
    from sdk import ModelFile

    aligner = DetectorFile(ModelFile.default().flatbuffer, dict(DetectorFile.default().metadata), "toy")
    with pytest.raises(BackendError, match="toy: expected an input of shape"):
        FaceDetector(aligner)


def test_a_roll_must_be_a_number():
    with pytest.raises(InputError, match="roll_deg: expected a finite number"):
        Detection(BBox(0, 0, 1, 1), 0.5, float("nan"))


@pytest.mark.parametrize("angle", [-45, -15, 30, 60])
def test_the_upright_box_of_a_turned_face_is_near_its_own(angle):
    landmarks = rendered_face(np.random.default_rng(1), size=400)[1]
    centre = landmarks.mean(axis=0)
    upright = BBox.around(landmarks)
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    turn = np.array([[c, -s], [s, c]])
    tight = BBox.around(((landmarks - centre) @ turn.T + centre).astype(np.float32))
    found = upright_box(Detection(tight, 1.0, angle))
    truth = turn @ (np.array([upright.center_x, upright.center_y]) - centre) + centre
    side = max(upright.width, upright.height)
    assert np.hypot(found.center_x - truth[0], found.center_y - truth[1]) < 0.08 * side
    assert max(found.width, found.height) == pytest.approx(side, rel=0.1)


def test_an_upright_box_is_left_alone():
    box = BBox(3, 4, 50, 60)
    assert upright_box(Detection(box, 1.0)) is box


def test_the_grid_of_the_shipped_detector_fits_its_outputs(detector):
    size = detector.model.input_size
    assert detector._cells.run(np.zeros((size, size, 3), np.uint8)).shape == (len(cell_grid(size, size)[0]), 7)
