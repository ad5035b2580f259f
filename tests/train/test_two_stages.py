"""Two networks in turn: what the second one sees, and the command that evaluates both."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sdk import BBox, HeadPose, ModelFile
from sdk.errors import InputError
from sdk.geometry import Crop
from sdk.model_file import DEFAULT_MODEL
from sdk.schemes import COFW29, IBUG68
from tests.packed_set import write_packed_set
from train.__main__ import main
from train.checkpoint import write_arrays
from train.datasets import Sample
from train.evaluation import TwoStages, look
from train.evaluation.two_stages import in_plane_deg

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "sdk" / "models" / DEFAULT_MODEL
SHAPE_MODEL = ModelFile.default().shape_model
MEAN = SHAPE_MODEL.mean
BOX = BBox(60, 40, 160, 140)


def turned(points: np.ndarray, angle_deg: float) -> np.ndarray:
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return points @ np.array([[c, s], [-s, c]])


class Answers:
    """The same landmarks in every crop, and a pose that is never right."""

    def __init__(self, landmarks: np.ndarray, *, size: int, margin: float = 1.3, scheme=IBUG68) -> None:
        self.landmarks, self.size, self.margin, self.scheme = landmarks, size, margin, scheme
        self.seen: list[np.ndarray] = []

    def __call__(self, crops):
        self.seen.append(crops)
        return np.repeat(self.landmarks[None].astype(np.float32), len(crops), axis=0), [HeadPose(0, 0, 77)] * len(
            crops
        )

    def describe(self):
        return {"name": f"answers_{self.size}"}


def sample(path: Path, image: np.ndarray) -> Sample:
    cv2.imwrite(str(path), image)
    return Sample(path, np.zeros((68, 2), np.float32), "drawn", "drawn")


@pytest.mark.parametrize("angle", [-170.0, -30.0, 0.0, 45.0, 90.0])
def test_in_plane_turn_is_measured_clockwise_whatever_size_and_place(angle):
    assert in_plane_deg(50 * turned(MEAN, angle) + 300, MEAN) == pytest.approx(angle, abs=1e-3)


def test_the_second_network_sees_the_face_upright_and_centred(tmp_path):
    face = 30 * turned(MEAN, 40.0) + [120, 90]
    first = Answers(Crop.around(BOX, size=64, margin=1.3).to_crop(face), size=64)
    second = Answers(MEAN * 0.4, size=128, margin=1.5)
    image = np.zeros((200, 200, 3), np.uint8)
    image[70:73, 130:133] = 255  # around (131, 71)
    both = TwoStages(first, second, mean=MEAN)
    landmarks, pose = look(both, [sample(tmp_path / "a.png", image)], [BOX])

    assert [crops.shape for crops in (*first.seen, *second.seen)] == [(1, 64, 64, 3), (1, 128, 128, 3)]
    close = Crop.around_landmarks(face.astype(np.float32), size=128, margin=1.5, angle_deg=40.0).on_grid()
    np.testing.assert_allclose(landmarks[0], close.to_image(MEAN * 0.4), atol=1e-2)
    upright = close.to_crop(face)
    assert in_plane_deg(upright, MEAN) == pytest.approx(0.0, abs=0.126)  # half a step of the crops' grid
    assert pose[0, 2] == pytest.approx(77 + 40.0, abs=1e-2)  # the pose of the second, in the image's frame
    y, x = np.argwhere(second.seen[0][0, ..., 0] > 200).mean(axis=0)
    spot = close.to_image((np.float32([[x, y]]) + 0.5) / 128 - 0.5)
    np.testing.assert_allclose(spot, [[131, 71]], atol=0.5)  # the spot is a few crop pixels wide


def test_a_first_network_that_loses_the_face_leaves_the_place(tmp_path):
    first = Answers(MEAN * 0.1 + 50.0, size=64)  # far outside of the image
    second = Answers(MEAN * 0.4, size=128)
    image = np.zeros((200, 200, 3), np.uint8)
    landmarks, _ = look(TwoStages(first, second, mean=MEAN), [sample(tmp_path / "a.png", image)], [BOX])
    expected = Crop.around(BOX, size=128, margin=1.3).to_image(MEAN * 0.4)
    np.testing.assert_allclose(landmarks[0], expected, atol=1e-3)


def test_networks_of_two_schemes_are_refused():
    one, other = Answers(MEAN, size=64), Answers(MEAN, size=64, scheme=COFW29)
    with pytest.raises(InputError, match="one landmark scheme, got 68, 29 and 68 points"):
        TwoStages(one, other, mean=MEAN)


def test_the_command_evaluates_two_networks_in_turn(tmp_path, capsys):
    photos = write_packed_set(tmp_path / "photos", train=1, val=3)
    shape_model = tmp_path / "shape.npz"
    write_arrays(shape_model, SHAPE_MODEL.arrays(), {})
    words = ["evaluate", str(MODEL), "--data", str(photos), "--split", "val"]
    assert main([*words, "--first", str(MODEL)]) == 2
    assert "expected --first and --shape-model together" in capsys.readouterr().err
    words += ["--first", str(MODEL), "--shape-model", str(shape_model), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    record = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert record["model"]["name"] == "accurate_int8 then accurate_int8"
    assert record["model"]["first"]["sha256"] == record["model"]["sha256"]
    assert record["environment"]["command"].endswith(
        "--first accurate_int8.tflite --shape-model shape.npz --seed 0"
    )
