"""Arguments of the wrong type end in words, not in a TypeError of the machinery, whatever is called."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from sdk import (
    IBUG68,
    BBox,
    Detection,
    FaceAligner,
    FaceDetector,
    FaceTracker,
    HaarDetector,
    HeadPose,
    InputError,
    OneEuro,
    YuNetDetector,
    draw,
    metrics,
)
from sdk.measures import eye_openness, interocular_distance, mouth_openness
from sdk.testing import FixedDetector
from sdk.tracker import longest_followed
from sdk.video import Camera

FRAME = np.zeros((60, 80, 3), np.uint8)
BOX = BBox(10, 10, 50, 50)

WRONG: dict[str, Any] = {
    "text": "1",
    "bytes": b"x",
    "object": object(),
    "complex": 1j,
    "huge": -(10**400),
    "list": ["a", None],
    "dict": {"a": 1},
    "array": np.zeros(3),
    "nothing in it": np.zeros((0, 3), np.uint8),
    "function": lambda *_: 3,
}

aligner = FaceAligner(detector=FixedDetector())
FACE = aligner.align(FRAME, BOX)


def face_detector(**options: Any) -> FaceDetector:
    return FaceDetector(**options)


CALLS: dict[str, Callable[[Any], object]] = {
    "BBox left": lambda x: BBox(x, 0, 5, 5),
    "BBox bottom": lambda x: BBox(0, 0, 5, x),
    "BBox.overlap": BOX.overlap,
    "BBox.around": BBox.around,
    "Detection box": lambda x: Detection(x, 0.5),
    "Detection roll": lambda x: Detection(BOX, 0.5, x),
    "OneEuro min_cutoff_hz": lambda x: OneEuro(min_cutoff_hz=x),
    "OneEuro beta": lambda x: OneEuro(beta=x),
    "OneEuro speed_cutoff_hz": lambda x: OneEuro(speed_cutoff_hz=x),
    "FaceTracker aligner": FaceTracker,
    "FaceTracker detect_every": lambda x: FaceTracker(aligner, detect_every=x),
    "FaceTracker smoothing": lambda x: FaceTracker(aligner, smoothing=x),
    "FaceTracker max_faces": lambda x: FaceTracker(aligner, max_faces=x),
    "FaceTracker fps": lambda x: FaceTracker(aligner, fps=x),
    "update frame": lambda x: FaceTracker(aligner).update(x),
    "update timestamp_s": lambda x: FaceTracker(aligner).update(FRAME, timestamp_s=x),
    "longest_followed": longest_followed,
    "FaceAligner num_threads": lambda x: FaceAligner(num_threads=x),
    "FaceAligner max_disagreement": lambda x: FaceAligner(max_disagreement=x),
    "FaceAligner colour": lambda x: FaceAligner(colour=x),
    "FaceAligner regularise_below": lambda x: FaceAligner(regularise_below=x),
    "FaceAligner interpreter": lambda x: FaceAligner(interpreter=x),
    "predict": aligner.predict,
    "align frame": lambda x: aligner.align(x, BOX),
    "align box": lambda x: aligner.align(FRAME, x),
    "look_again frame": lambda x: aligner.look_again(x, FACE),
    "look_again face": lambda x: aligner.look_again(FRAME, x),
    "quality frame": lambda x: aligner.quality(x, FACE),
    "quality face": lambda x: aligner.quality(FRAME, x),
    "landmark_pose face": aligner.landmark_pose,
    "landmark_pose camera_matrix": lambda x: aligner.landmark_pose(FACE, camera_matrix=x),
    "FaceDetector min_score": lambda x: face_detector(min_score=x),
    "FaceDetector max_faces": lambda x: face_detector(max_faces=x),
    "FaceDetector num_threads": lambda x: face_detector(num_threads=x),
    "FaceDetector()": FaceDetector(),
    "YuNetDetector path": YuNetDetector,
    "YuNetDetector min_score": lambda x: YuNetDetector("none.onnx", min_score=x),
    "YuNetDetector longest_side": lambda x: YuNetDetector("none.onnx", longest_side=x),
    "draw frame": lambda x: draw(x, []),
    "draw face": lambda x: draw(FRAME, [x]),
    "draw colour": lambda x: draw(FRAME, [], colour=x),
    "ShapeModel.align": aligner.model.shape_model.align,
    "ShapeModel.parameters": aligner.model.shape_model.parameters,
    "ShapeModel.reconstruct": aligner.model.shape_model.reconstruct,
    "ShapeModel.regularise": aligner.model.shape_model.regularise,
    "ShapeModel.plausibility": aligner.model.shape_model.plausibility,
    "ShapeModel.plausibility_of": aligner.model.shape_model.plausibility_of,
    "ShapeModel.truncated": aligner.model.shape_model.truncated,
    "LandmarkScheme.mirror_landmarks": IBUG68.mirror_landmarks,
    "HeadPose": lambda x: HeadPose(0, x, 0),
    "nme_interocular": lambda x: metrics.nme_interocular(x, x),
    "nme_face_box": lambda x: metrics.nme_face_box(FACE.landmarks[None], FACE.landmarks[None], x),
    "eye_openness": eye_openness,
    "mouth_openness": mouth_openness,
    "interocular_distance": interocular_distance,
}
if hasattr(cv2, "CascadeClassifier"):
    CALLS["HaarDetector longest_side"] = lambda x: HaarDetector(longest_side=x)
    CALLS["HaarDetector()"] = HaarDetector()


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", CALLS)
def test_wrong_types_are_refused_in_words(name, kind):
    with pytest.raises(InputError, match=r"expected|: not found"):
        CALLS[name](WRONG[kind])


def test_a_face_is_made_of_arrays():
    with pytest.raises(InputError, match="landmarks: expected an array, got list"):
        dataclasses.replace(FACE, landmarks=FACE.landmarks.tolist())
    with pytest.raises(InputError, match="predicted_deg: expected numbers, got 'x'"):
        metrics.pose_errors(np.zeros((1, 3)), "x")


@pytest.mark.parametrize("value", [1.5, None, b"0"])
def test_a_camera_that_is_none_is_refused_in_words(value):
    with pytest.raises(InputError, match="camera: expected a number, a device or an address"):
        Camera(value)


def test_a_text_is_no_time_and_the_tracker_goes_on():
    tracker = FaceTracker(aligner)
    with pytest.raises(InputError, match="timestamp_s: expected a number of seconds, got '1'"):
        tracker.update(FRAME, timestamp_s="1")  # type: ignore[arg-type]
    assert tracker.update(FRAME, timestamp_s=1.0) == []


@pytest.mark.parametrize("text", ["1", b"1", np.str_("1")])
def test_texts_of_digits_are_no_numbers(text):
    with pytest.raises(InputError, match="box: expected left, top, right, bottom"):
        aligner.align(FRAME, (0, 0, text, 9))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="camera_matrix: expected numbers"):
        aligner.landmark_pose(FACE, camera_matrix=[[1, 0, text], [0, 1, 1], [0, 0, 1]])  # type: ignore[arg-type]


def test_numbers_of_numpy_are_numbers():
    one, half = np.int64(1), np.float32(0.5)
    BBox(half, half, one, one)
    OneEuro(min_cutoff_hz=half, beta=one)
    FaceTracker(aligner, detect_every=one, max_faces=one, fps=half).update(FRAME, timestamp_s=half)
    FaceDetector(min_score=half, max_faces=one, num_threads=one)
    FaceAligner(max_disagreement=half, regularise_below=half)
