"""OpenCV's detectors: boxes on real portraits, order, and what is missing in OpenCV 5."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sdk import BackendError, BBox, FaceAligner, HaarDetector, InputError, YuNetDetector


@pytest.fixture(scope="module")
def detector() -> HaarDetector:
    if not hasattr(cv2, "CascadeClassifier"):
        pytest.skip(f"OpenCV {cv2.__version__} has no cascades")
    return HaarDetector()


@pytest.mark.parametrize("name", ["hopper", "astronaut"])
def test_the_box_is_near_the_box_of_the_landmarks(detector, request, name):
    frame = request.getfixturevalue(name)
    found = detector(frame)[0].box
    truth = FaceAligner().predict(frame)[0].box
    assert abs(found.center_x - truth.center_x) < 0.12 * truth.width
    assert abs(found.center_y - truth.center_y) < 0.12 * truth.height
    assert 0.8 < found.width / truth.width < 1.25


def test_boxes_follow_the_size_of_the_frame(detector, astronaut):
    small = detector(astronaut)[0].box
    large = detector(cv2.resize(astronaut, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))[0].box
    assert large.center_x == pytest.approx(2 * small.center_x + 0.5, abs=0.06 * large.width)
    assert large.width == pytest.approx(2 * small.width, rel=0.1)


def test_scores_are_descending_from_one_to_zero(detector, astronaut):
    both = np.concatenate([astronaut, astronaut[:, ::-1]], axis=1)
    scores = [found.score for found in detector(both)]
    assert len(scores) >= 2
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (20, 20)])
def test_small_frames_have_no_face(detector, shape):
    assert detector(np.zeros((*shape, 3), np.uint8)) == []


def test_opencv_without_cascades_is_explained(monkeypatch):
    monkeypatch.delattr(cv2, "CascadeClassifier", raising=False)
    with pytest.raises(BackendError, match=r"has no cascades; use FaceDetector\(\), the default, or install"):
        HaarDetector()


def test_any_callable_is_a_detector(hopper):
    class Fixed:
        def __call__(self, image):
            from sdk import Detection

            return [Detection(BBox(140, 100, 350, 340), 0.7)]

    (face,) = FaceAligner(detector=Fixed()).predict(hopper)
    assert face.score == 0.7


class FakeYuNet:
    """Finds one face, in the left half of what it is given, and a weaker one to its right."""

    def setInputSize(self, size) -> None:
        self.size = size

    def detect(self, image):
        assert image.shape[1::-1] == self.size
        w, h = self.size
        faces = np.zeros((2, 15), np.float32)
        faces[0, :4], faces[0, 14] = (0.5 * w, 0.25 * h, 0.25 * w, 0.5 * h), 0.7
        faces[1, :4], faces[1, 14] = (0.125 * w, 0.25 * h, 0.25 * w, 0.5 * h), 0.9
        return 1, faces


@pytest.fixture
def yunet(tmp_path, monkeypatch) -> YuNetDetector:
    path = tmp_path / "yunet.onnx"
    path.write_bytes(b"weights")
    monkeypatch.setattr(cv2.FaceDetectorYN, "create", lambda *_: FakeYuNet())
    return YuNetDetector(path)


def test_yunet_boxes_are_mapped_to_landmark_boxes_of_the_frame(yunet):
    first, second = yunet(np.zeros((480, 640, 3), np.uint8))
    assert (first.score, second.score) == pytest.approx((0.9, 0.7))
    left, top, width, height = 80 - 0.5, 120 - 0.5, 160, 240  # of its own box, pixel centres
    expected = (left - 0.01 * width, top + 0.25 * height, left + 1.02 * width, top + height)
    assert (first.box.left, first.box.top, first.box.right, first.box.bottom) == pytest.approx(expected, abs=0.01)


def test_a_missing_or_wrong_yunet_model_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.onnx: not found; download it"):
        YuNetDetector(tmp_path / "none.onnx")
    (tmp_path / "wrong.onnx").write_bytes(b"no model")
    with pytest.raises(BackendError, match=r"wrong\.onnx: OpenCV .* cannot load it"):
        YuNetDetector(tmp_path / "wrong.onnx")


def test_yunet_gives_the_roll_of_its_eyes(yunet, monkeypatch):
    def detect(image):
        faces = np.zeros((1, 15), np.float32)
        faces[0, :4], faces[0, 4:8], faces[0, 14] = (100, 50, 80, 80), (120, 80, 150, 110), 0.9
        return 1, faces

    monkeypatch.setattr(yunet._net, "detect", detect)
    assert yunet(np.zeros((480, 640, 3), np.uint8))[0].roll_deg == pytest.approx(
        45
    )  # the eye on the right is lower
