"""Quality signals move the right way when a portrait is spoiled."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sdk import FaceAligner, HeadPose, InputError, ModelFile
from sdk.pose import rotation_from_pose
from sdk.quality import share_inside, sharpness
from sdk.testing import FakeInterpreter


@pytest.fixture(scope="module")
def aligner() -> FaceAligner:
    return FaceAligner()


def test_a_portrait_is_good(aligner, hopper):
    (face,) = aligner.predict(hopper)
    quality = aligner.quality(hopper, face)
    assert quality.score == face.score
    assert quality.plausibility == face.plausibility
    assert quality.inside == 1.0
    assert quality.disagreement < 0.1
    assert quality.sharpness > 0.3
    assert quality.eye_distance == pytest.approx(np.linalg.norm(face.landmarks[36] - face.landmarks[45]))
    assert 0 <= quality.pose_disagreement_deg < 10
    assert quality.landmark_pose == aligner.landmark_pose(face)


def test_blur_lowers_sharpness_step_by_step_even_with_noise(aligner, hopper):
    (face,) = aligner.predict(hopper)
    eyes = aligner.quality(hopper, face).eye_distance
    rng = np.random.default_rng(0)
    values = []
    for blur in (0.0, 0.03, 0.06):
        picture = cv2.GaussianBlur(hopper, (0, 0), blur * eyes) if blur else hopper
        noisy = np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
        values.append(aligner.quality(noisy, face).sharpness)
    assert values[0] > values[1] + 0.03
    assert values[1] > values[2] + 0.03


def test_sharpness_ignores_contrast_and_a_flat_picture_has_none(hopper):
    crop = np.ascontiguousarray(hopper[100:356, 130:386])
    dim = (crop // 2 + 40).astype(np.uint8)
    assert sharpness(dim) == pytest.approx(sharpness(crop), abs=0.02)
    assert sharpness(np.full((64, 64, 3), 90, np.uint8)) == 0.0


def test_a_face_cut_by_the_edge_is_partly_inside(aligner, hopper):
    (face,) = aligner.predict(hopper)
    cut = np.ascontiguousarray(hopper[: int(face.box.center_y)])
    assert 0.2 < aligner.quality(cut, face).inside < 0.8
    assert share_inside(np.array([[-0.5, 0], [-0.6, 0], [3.4, 1.4], [3.5, 0]], np.float32), 2, 4) == 0.5


def test_a_place_without_a_face_has_looks_that_disagree(aligner, astronaut):
    wall = aligner.align(astronaut, (380, 20, 480, 120))
    assert aligner.quality(astronaut, wall).disagreement > 0.1


@pytest.mark.parametrize("yaw", [-40.0, 0.0, 40.0])
def test_poses_that_fall_short_alike_agree(yaw):
    model = ModelFile.default()
    turned = (model.shape_model.mean_3d @ rotation_from_pose(HeadPose(yaw, 0, 0)).T)[:, :2] / 4
    aligner = FaceAligner(interpreter=FakeInterpreter(turned, (yaw / 90, 0, 0)))
    frame = np.zeros((300, 300, 3), np.uint8)
    quality = aligner.quality(frame, aligner.align(frame, (100, 100, 200, 200)))
    assert quality.landmark_pose.yaw_deg == pytest.approx(yaw, abs=4)  # the fit has a camera
    assert quality.pose_disagreement_deg < 5


def test_a_face_of_another_frame_is_refused(aligner, hopper):
    (face,) = aligner.predict(hopper)
    with pytest.raises(InputError, match="face: expected landmarks inside the frame"):
        aligner.quality(np.zeros((20, 20, 3), np.uint8), face)
