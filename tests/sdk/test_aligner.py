"""FaceAligner: exact mapping with fakes, real faces with the shipped model, and every bad input."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sdk import BackendError, BBox, Face, FaceAligner, InputError, ModelFile, ModelFileError
from sdk.metrics import nme_interocular
from sdk.pose import angle_between_deg, expanded_yaw
from sdk.schemes import IBUG68
from sdk.testing import FakeInterpreter, FixedDetector

MODEL = ModelFile.default()
SPAN = np.ptp(MODEL.shape_model.mean, axis=0)
SHAPE = (MODEL.shape_model.mean - MODEL.shape_model.mean.min(axis=0) - SPAN / 2) / (SPAN.max() * MODEL.margin)
"""A face in crop coordinates that fills its crop just as the margin wants: a second look sees the same."""
SYMMETRIC = (SHAPE + IBUG68.mirror_landmarks(SHAPE)) / 2
"""The same in the mirror too."""


@pytest.fixture(scope="module")
def aligner() -> FaceAligner:
    return FaceAligner()


@pytest.fixture
def fake() -> FakeInterpreter:
    return FakeInterpreter(SHAPE, (0.5, -0.1, 0.2))


def with_fake(fake: FakeInterpreter, *boxes: BBox) -> FaceAligner:
    return FaceAligner(detector=FixedDetector(*boxes), interpreter=fake)


def test_align_maps_the_crop_back_to_the_frame(fake):
    frame = np.zeros((200, 300, 3), np.uint8)
    face = with_fake(fake).align(frame, (100, 50, 180, 150))
    expected = SHAPE * (MODEL.margin * 100) + (140, 100)
    np.testing.assert_allclose(face.landmarks, expected, atol=1e-3)
    yaw = expanded_yaw(45.0, MODEL.yaw_expansion)
    assert (face.pose.yaw_deg, face.pose.pitch_deg, face.pose.roll_deg) == pytest.approx((yaw, -9, 18))
    assert face.score == 1.0


def test_the_network_sees_rgb(fake):
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[...] = (10, 20, 30)  # B, G, R
    with_fake(fake).align(frame, (20, 20, 80, 80))
    np.testing.assert_array_equal(fake.crops[0][0, 0], (30, 20, 10))


def test_refine_is_the_mean_of_two_looks_the_second_in_the_mirror():
    fake = FakeInterpreter(SYMMETRIC, [0.2, -0.1, 0.0])
    frame = np.zeros((400, 400, 3), np.uint8)
    frame[:, 200:] = 255
    box = (100, 100, 300, 300)
    once = with_fake(fake).align(frame, box)
    twice = with_fake(fake).align(frame, box, refine=True)
    dark = [crop[:, :32].mean() < crop[:, -32:].mean() for crop in fake.crops]
    assert dark == [True, True, False]
    assert twice.pose.yaw_deg == pytest.approx(0.0, abs=1e-6)  # to both sides by the same, in the mirror
    assert twice.pose.pitch_deg == pytest.approx(once.pose.pitch_deg)
    around = with_fake(fake).look_again(frame, once)
    np.testing.assert_allclose(twice.landmarks, (once.landmarks + around.landmarks) / 2, atol=1e-3)
    np.testing.assert_array_equal(fake.crops[2], fake.crops[3][:, ::-1])


class Hasty(FakeInterpreter):
    """Sees nose and eyes beside their place at the first look; the crop that follows is the right one."""

    def run(self, crop, /):
        points, pose = super().run(crop)
        if len(self.crops) == 1:
            points[27:48, 0] += 0.15
        return points, pose


def test_a_third_look_takes_the_place_of_a_first_that_is_far_off():
    frame = np.zeros((400, 400, 3), np.uint8)
    fake = Hasty(SYMMETRIC)
    face = with_fake(fake).align(frame, (100, 100, 300, 300), refine=True)
    assert len(fake.crops) == 3
    first = Hasty(SYMMETRIC)
    aligner = with_fake(first)
    second = aligner.look_again(frame, aligner.align(frame, (100, 100, 300, 300)))
    third = aligner.look_again(frame, second)
    np.testing.assert_allclose(face.landmarks, (second.landmarks + third.landmarks) / 2, atol=1e-3)


def test_predict_returns_every_detection_best_first():
    fake = FakeInterpreter(SYMMETRIC)
    frame = np.zeros((300, 300, 3), np.uint8)
    faces = with_fake(fake, BBox(10, 10, 90, 90), BBox(150, 150, 250, 250)).predict(frame)
    assert [face.score for face in faces] == [1.0, 0.5]
    assert len(fake.crops) == 4  # two passes each


def test_two_detections_of_one_face_are_one():
    faces = with_fake(FakeInterpreter(SHAPE), BBox(50, 50, 150, 150), BBox(55, 52, 153, 150)).predict(
        np.zeros((300, 300, 3), np.uint8)
    )
    assert [face.score for face in faces] == [1.0]


def test_a_detection_whose_second_look_differs_is_no_face():
    frame = np.zeros((300, 300, 3), np.uint8)
    wandering = FakeInterpreter(SHAPE + np.float32(0.2))
    assert with_fake(wandering, BBox(100, 100, 200, 200)).predict(frame) == []


def test_no_face_is_an_empty_list(aligner):
    assert aligner.predict(np.full((120, 160, 3), 128, np.uint8)) == []


def test_the_frame_is_left_as_it_was(aligner, hopper):
    before = hopper.copy()
    aligner.predict(hopper)
    np.testing.assert_array_equal(hopper, before)


def test_face_has_what_it_promises(aligner, hopper):
    (face,) = aligner.predict(hopper)
    assert (face.landmarks.shape, face.landmarks.dtype) == ((68, 2), np.float32)
    assert not face.landmarks.flags.writeable
    assert face.box == BBox.around(face.landmarks)
    assert 0.0 < face.score <= 1.0
    assert 0.0 <= face.plausibility <= 1.0
    bound = 3 * np.sqrt(MODEL.shape_model.eigenvalues)
    assert (np.abs(face.shape_parameters) <= bound * (1 + 1e-6)).all()
    with pytest.raises(dataclasses.FrozenInstanceError):
        face.score = 0.0  # type: ignore[misc]


def test_real_faces_are_plausible_and_noise_is_not(aligner, hopper, astronaut):
    assert aligner.predict(hopper)[0].plausibility > 1e-4
    assert aligner.predict(astronaut)[0].plausibility > 1e-4


def moved(face: Face, by: tuple[float, float], scale: float = 1.0) -> np.ndarray:
    return face.landmarks * scale + np.asarray(by, np.float32)


def test_moving_the_frame_moves_the_landmarks(aligner, hopper):
    box = aligner.predict(hopper)[0].box
    shifted = np.zeros((hopper.shape[0] + 40, hopper.shape[1] + 60, 3), np.uint8)
    shifted[40:, 60:] = hopper
    here = aligner.align(hopper, box)
    there = aligner.align(shifted, (box.left + 60, box.top + 40, box.right + 60, box.bottom + 40))
    np.testing.assert_allclose(there.landmarks, moved(here, (60, 40)), atol=0.02 * box.width)


def test_a_mirrored_frame_has_mirrored_landmarks_and_pose(aligner, hopper):
    scheme, width = MODEL.scheme, hopper.shape[1]
    (face,) = aligner.predict(hopper)
    (mirrored,) = aligner.predict(np.ascontiguousarray(hopper[:, ::-1]))
    expected = scheme.mirror_landmarks(face.landmarks, axis_x=(width - 1) / 2)
    assert nme_interocular(expected[None], mirrored.landmarks[None])[0] < 6.0  # per cent: two looks at one face
    assert mirrored.pose.yaw_deg == pytest.approx(-face.pose.yaw_deg, abs=8)
    assert mirrored.pose.roll_deg == pytest.approx(-face.pose.roll_deg, abs=6)


def test_a_jittered_box_finds_the_same_face(aligner, hopper):
    (face,) = aligner.predict(hopper)
    w = 0.1 * face.box.width
    for dx, dy in ((w, 0), (-w, 0), (0, w), (0, -w)):
        box = (face.box.left + dx, face.box.top + dy, face.box.right + dx, face.box.bottom + dy)
        again = aligner.align(hopper, box)
        assert nme_interocular(face.landmarks[None], again.landmarks[None])[0] < 8.0


def test_views_and_frames_that_are_not_contiguous_work(aligner, hopper):
    box = aligner.predict(hopper)[0].box
    view = np.concatenate([hopper, hopper], axis=2)[..., :3]
    np.testing.assert_array_equal(aligner.align(view, box).landmarks, aligner.align(hopper, box).landmarks)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (None, "got None; did cv2.imread not find the file"),
        ("photo.jpg", "expected a numpy array.*got str"),
        (np.zeros((4, 4), np.uint8), r'got \(4, 4\); a grey image\? FaceAligner\(colour="grey"\)'),
        (np.zeros((4, 4, 4), np.uint8), "alpha channel"),
        (np.zeros((4, 4, 5), np.uint8), r"expected shape \(h, w, 3\), got \(4, 4, 5\)$"),
        (np.zeros((), np.uint8), r"expected shape \(h, w, 3\), got \(\)$"),
        (np.full((4, 4, 3), np.nan), "expected uint8, got float64"),
        (np.zeros((4, 4, 3), np.float32), r"expected uint8, got float32; values in 0..1"),
        (np.zeros((4, 4, 3), np.int16), "expected uint8, got int16"),
        (np.zeros((0, 4, 3), np.uint8), "at least one pixel"),
    ],
)
def test_bad_frames_are_explained(aligner, frame, message):
    with pytest.raises(InputError, match=message):
        aligner.predict(frame)
    with pytest.raises(InputError, match=message):
        aligner.align(frame, (0, 0, 2, 2))


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((1, 2, 3), "expected left, top, right, bottom"),
        ("abcd", "expected left, top, right, bottom"),
        (None, "expected left, top, right, bottom"),
        ((50, 50, 20, 20), "is it x, y, width, height"),
        ((0, 0, float("nan"), 5), "four finite numbers"),
        ((1000, 1000, 1100, 1100), "touches the 64 x 48 image"),
    ],
)
def test_bad_boxes_are_explained(aligner, box, message):
    with pytest.raises(InputError, match=message):
        aligner.align(np.zeros((48, 64, 3), np.uint8), box)


def test_tiny_and_huge_boxes_and_frames_have_a_result(aligner):
    assert np.isfinite(aligner.align(np.zeros((1, 1, 3), np.uint8), (-0.5, -0.5, 0.5, 0.5)).landmarks).all()
    frame = np.zeros((48, 64, 3), np.uint8)
    for box in ((10, 10, 10.5, 10.5), (-1e5, -1e5, 1e5, 1e5), (-40, -40, 5, 5)):
        assert np.isfinite(aligner.align(frame, box, refine=True).landmarks).all()
    assert aligner.predict(np.zeros((1, 1, 3), np.uint8)) == []


def test_the_model_can_be_a_path_or_loaded(tmp_path):
    with pytest.raises(ModelFileError, match="cannot be read"):
        FaceAligner(tmp_path / "missing.tflite")
    with pytest.raises(InputError, match="model: expected a path"):
        FaceAligner(42)  # type: ignore[arg-type]
    assert FaceAligner(MODEL).model is MODEL


def test_a_detector_must_be_callable():
    with pytest.raises(InputError, match="detector: expected a callable"):
        FaceAligner(detector="haar")  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [0, -1.0, float("nan"), "none"])
def test_max_disagreement_must_be_positive(limit):
    with pytest.raises(InputError, match="max_disagreement"):
        FaceAligner(max_disagreement=limit)


def test_num_threads_is_checked():
    with pytest.raises(InputError, match="num_threads"):
        FaceAligner(num_threads=0)


def same(first: Face, second: Face) -> bool:
    return np.array_equal(first.landmarks, second.landmarks) and first.pose == second.pose


def test_several_frames_give_a_list_for_each(aligner, hopper, astronaut):
    blank = np.full((90, 120, 3), 128, np.uint8)
    answers = aligner.predict([hopper, blank, astronaut])
    assert [len(faces) for faces in answers] == [1, 0, 1]
    assert same(answers[0][0], aligner.predict(hopper)[0])
    stack = np.stack([astronaut, astronaut[::-1]])
    assert same(aligner.predict(stack)[0][0], answers[2][0])
    assert aligner.predict([]) == []


def test_the_frame_that_is_wrong_is_named_before_work_begins(fake):
    aligner = with_fake(fake, BBox(1, 1, 9, 9))
    with pytest.raises(InputError, match="frame 1: expected an image, got None"):
        aligner.predict([np.zeros((20, 20, 3), np.uint8), None])  # type: ignore[list-item]
    assert fake.crops == []


def test_a_closed_aligner_says_so(hopper):
    with FaceAligner() as aligner:
        face = aligner.predict(hopper)[0]
    aligner.close()
    for call in (
        lambda: aligner.predict(hopper),
        lambda: aligner.align(hopper, face.box),
        lambda: aligner.look_again(hopper, face),
        aligner.warmup,
    ):
        with pytest.raises(BackendError, match="this FaceAligner is closed"):
            call()


def test_warmup_uses_network_and_detector(fake):
    class Counting:
        calls = 0

        def __call__(self, image, /):
            self.calls += 1
            return []

    detector = Counting()
    assert FaceAligner(detector=detector, interpreter=fake).warmup() is None
    assert (len(fake.crops), detector.calls) == (1, 1)


def test_implausible_landmarks_are_mended_on_request(hopper):
    noise = np.random.default_rng(0).normal(0, 0.02, SHAPE.shape).astype(np.float32)
    box, frame = (100, 100, 200, 200), np.zeros((300, 300, 3), np.uint8)
    raw = with_fake(FakeInterpreter(SHAPE + noise)).align(frame, box)
    aligner = FaceAligner(interpreter=FakeInterpreter(SHAPE + noise), regularise_below=1e-8)
    mended = aligner.align(frame, box)
    assert (raw.regularised, mended.regularised) == (False, True)
    assert mended.plausibility == raw.plausibility < 1e-8  # that of what the network gave
    assert MODEL.shape_model.plausibility(mended.landmarks) > 0.05
    assert mended.box == BBox.around(mended.landmarks)
    (face,) = FaceAligner(regularise_below=1e-8).predict(hopper)
    assert not face.regularised


@pytest.mark.parametrize("limit", [0, -1, 1.5, "low"])
def test_regularise_below_is_a_plausibility(limit):
    with pytest.raises(InputError, match="regularise_below: expected a plausibility"):
        FaceAligner(regularise_below=limit)


def test_both_poses_are_there_and_agree_on_a_portrait(aligner, hopper):
    (face,) = aligner.predict(hopper)
    fitted = aligner.landmark_pose(face)
    assert angle_between_deg(fitted, face.pose) < 10
    camera = np.array([[2000.0, 0, 256], [0, 2000, 303], [0, 0, 1]])  # a long lens: nearly the same pose
    assert angle_between_deg(aligner.landmark_pose(face, camera_matrix=camera), fitted) < 6
