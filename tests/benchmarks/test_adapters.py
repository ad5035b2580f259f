"""Adapters of other libraries, each with a fake of its library: frames, coordinates, boxes and markups."""

from __future__ import annotations

import importlib
import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.peers.command import ADAPTERS, PEERS

BOX = (40.0, 60.0, 120.0, 150.0)
POINTS = np.stack([np.linspace(45, 115, 68), np.linspace(140, 65, 68)], axis=1)


@pytest.fixture
def adapter(monkeypatch):
    """Imports an adapter by name, as its own process would, beside fakes of modules."""
    monkeypatch.syspath_prepend(str(ADAPTERS))

    def imported(name: str, **fakes: Any) -> Any:
        for module, content in fakes.items():
            fake = ModuleType(module)
            fake.__dict__.update(content)
            monkeypatch.setitem(sys.modules, module.replace("__", "."), fake)
        for known in ("protocol", name):
            monkeypatch.delitem(sys.modules, known, raising=False)
        return importlib.import_module(name)

    return imported


@pytest.fixture
def image() -> np.ndarray:
    """Blue to the left, red to the right: colours that change places are seen."""
    picture = np.zeros((200, 240, 3), np.uint8)
    picture[:, :120, 0] = picture[:, 120:, 2] = 255
    return picture


class Rectangle:
    def __init__(self, *edges: int) -> None:
        self.edges = edges

    left, top, right, bottom = (lambda self, i=i: self.edges[i] for i in range(4))


def fake_dlib(seen: list[Any]) -> dict[str, Any]:
    def predictor(path: str) -> Any:
        def shape(rgb: np.ndarray, place: Rectangle) -> Any:
            seen.append((rgb, place.edges))
            left, top = place.edges[:2]
            return SimpleNamespace(parts=lambda: [SimpleNamespace(x=left + i, y=top + 2 * i) for i in range(68)])

        seen.append(path)
        return shape

    return {
        "__version__": "20",
        "rectangle": Rectangle,
        "shape_predictor": predictor,
        "get_frontal_face_detector": lambda: lambda rgb, upsample: [Rectangle(30, 40, 130, 140)],
    }


def test_dlib_gets_rgb_and_boxes_like_its_detectors(adapter, image):
    seen: list[Any] = []
    module = adapter("dlib_ert", dlib=fake_dlib(seen))
    assert module.load() == "20"
    find = module.opened({"predictor": "p.dat"}, "photo")
    (face,) = find(image)
    np.testing.assert_array_equal(face, [(30 + i, 40 + 2 * i) for i in range(68)])
    assert seen[0] == "p.dat"
    assert tuple(seen[1][0][0, 0]) == (0, 0, 255)  # blue, as RGB
    (face,) = find(image, BOX)
    left, top, right, bottom = seen[-1][1]
    side = module.HOG_SIDE * 90
    assert right - left == pytest.approx(side, abs=1)
    assert (left + right) / 2 == pytest.approx(80, abs=1)
    assert (top + bottom) / 2 == pytest.approx(105 + module.HOG_DOWN * 90, abs=1)
    np.testing.assert_array_equal(face[0], (left, top))


def fake_mediapipe(seen: list[Any]) -> dict[str, dict[str, Any]]:
    """Finds in any picture a face whose points lie at 30 % of its width and 60 % of its height, and a bit more."""

    def vertices() -> list[Any]:
        return [SimpleNamespace(x=0.3 + i * 1e-4, y=0.6) for i in range(478)]

    class FaceMesh:
        def __init__(self, **settings: Any) -> None:
            seen.append(settings)

        def process(self, rgb: np.ndarray) -> Any:
            seen.append(rgb)
            return SimpleNamespace(multi_face_landmarks=[SimpleNamespace(landmark=vertices())])

    class FaceLandmarker:
        @classmethod
        def create_from_options(cls, options: Any) -> FaceLandmarker:
            seen.append(options)
            return cls()

        def detect(self, picture: Any) -> Any:
            seen.append(picture)
            return SimpleNamespace(face_landmarks=[vertices()])

        def detect_for_video(self, picture: Any, timestamp_ms: int) -> Any:
            seen.append(timestamp_ms)
            return SimpleNamespace(face_landmarks=[])

    vision = {
        "FaceLandmarker": FaceLandmarker,
        "FaceLandmarkerOptions": lambda **options: SimpleNamespace(**options),
        "RunningMode": SimpleNamespace(VIDEO="video", IMAGE="image"),
    }
    return {
        "mediapipe": {"Image": SimpleNamespace, "ImageFormat": SimpleNamespace(SRGB="srgb")},
        "mediapipe__python": {},
        "mediapipe__python__solutions": {},
        "mediapipe__python__solutions__face_mesh": {"FaceMesh": FaceMesh},
        "mediapipe__tasks": {},
        "mediapipe__tasks__python": {"BaseOptions": lambda **options: SimpleNamespace(**options)},
        "mediapipe__tasks__python__vision": vision,
    }


def test_face_mesh_points_are_pixels_of_the_whole_photo(adapter, image):
    seen: list[Any] = []
    module = adapter("mediapipe_mesh", **fake_mediapipe(seen))
    (face,) = module.opened({}, "photo")(image)
    assert seen[0] == {"static_image_mode": True, "max_num_faces": 5}
    assert tuple(seen[1][0, 0]) == (0, 0, 255)
    first = module.VERTICES[0]
    np.testing.assert_allclose(face[0], ((0.3 + first * 1e-4) * 240 - 0.5, 0.6 * 200 - 0.5))
    assert face.shape == (68, 2)
    (inside,) = module.opened({}, "box")(image, BOX)  # cut 45 pixels around the box: 0, 15 to 166, 196
    assert seen[-1].shape == (181, 166, 3)
    np.testing.assert_allclose(inside[0], ((0.3 + first * 1e-4) * 166 - 0.5, 15 + 0.6 * 181 - 0.5))
    module.opened({}, "tracking")
    assert seen[-1] == {"static_image_mode": False, "max_num_faces": 1}


def test_the_vertices_are_distinct_ones_of_the_mesh(adapter):
    vertices = adapter("mediapipe_mesh", **fake_mediapipe([])).VERTICES
    assert len(vertices) == len(set(vertices)) == 68
    assert all(0 <= v < 468 for v in vertices)


def test_face_landmarker_runs_on_photos_and_with_rising_times_on_video(adapter, image):
    seen: list[Any] = []
    module = adapter("mediapipe_mesh", **fake_mediapipe(seen))
    (face,) = module.opened({"task": "f.task"}, "photo")(image)
    assert (seen[0].base_options.model_asset_path, seen[0].running_mode) == ("f.task", "image")
    assert seen[1].image_format == "srgb"
    assert tuple(seen[1].data[0, 0]) == (0, 0, 255)
    np.testing.assert_allclose(face[30], ((0.3 + module.VERTICES[30] * 1e-4) * 240 - 0.5, 119.5))
    find = module.opened({"task": "f.task"}, "tracking")
    assert [find(image), find(image)] == [[], []]
    assert seen[-2:] == [0, module.FRAME_MS]


def test_yunet_and_onnx_cut_and_map_back(adapter, image, monkeypatch):
    module = adapter("opencv_onnx")
    seen: list[Any] = []

    class Detector:
        def setInputSize(self, size: Any) -> None:
            seen.append(size)

        def detect(self, small: np.ndarray) -> Any:
            assert small.shape[1::-1] == seen[-1]
            return None, np.array([[20.0, 30.0, 40.0, 50.0, 0.0]])

    class Network:
        def setInput(self, blob: np.ndarray) -> None:
            seen.append(blob)

        def forward(self) -> np.ndarray:
            return np.tile([0.5, 0.5], 68)  # the middle of the crop

    monkeypatch.setattr(cv2, "FaceDetectorYN", SimpleNamespace(create=lambda *_: Detector()), raising=False)
    monkeypatch.setattr(cv2.dnn, "readNetFromONNX", lambda path: Network())
    find = module.opened({"yunet": "y.onnx", "landmarks": "l.onnx"}, "photo")
    large = cv2.resize(image, (480, 400), interpolation=cv2.INTER_NEAREST)
    (face,) = find(large)  # shrunk by 1.5: the box is 30, 45, 60 x 75 there
    assert seen[-2] == (320, 267)
    np.testing.assert_allclose(face, np.tile((60 - 0.5, 82.5 - 0.5), (68, 1)))
    blob = seen[-1]
    assert blob.shape == (1, 3, 112, 112)
    assert blob.max() <= 1.0
    np.testing.assert_allclose(blob[0, :, 56, 56], (0, 0, 1))  # blue, as RGB from 0 to 1
    (face,) = find(image, BOX)
    np.testing.assert_allclose(
        face[0], (80 - 0.5, 150 - 120 / 2 - 0.5)
    )  # 90 high are three quarters of YuNet's box


class FakeTracker:
    """As OpenSeeFace's: landmarks are rows of y, x and confidence; a box given is x, y, width, height."""

    made: list[FakeTracker]

    def __init__(self, width: int, height: int, **settings: Any) -> None:
        self.size, self.settings, self.detected, self.boxes = (width, height), settings, 0, []
        FakeTracker.made.append(self)

    def predict(self, frame: np.ndarray, additional_faces: Any = ()) -> list[Any]:
        self.boxes += [(self.detected, box) for box in additional_faces]
        landmarks = np.array([(100.0 + i, 10.0 + i, 0.9) for i in range(70)])
        return [SimpleNamespace(lms=landmarks)]


def test_openseeface_has_66_of_the_points_and_takes_boxes(adapter, image, tmp_path):
    FakeTracker.made = []
    fakes = {"onnxruntime": {"__version__": "1"}, "tracker": {"Tracker": FakeTracker}}
    module = adapter("openseeface", **fakes)
    assert module.load() == "with onnxruntime 1"
    find = module.opened({"folder": str(tmp_path), "type": "2"}, "photo")
    (face,) = find(image)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(face[:, 0])), (60, 64))
    np.testing.assert_array_equal(
        face[[0, 59, 61, 63, 65, 67]], [(10 + i, 100 + i) for i in (0, 59, 60, 62, 63, 65)]
    )
    assert FakeTracker.made[0].size == (240, 200)
    assert FakeTracker.made[0].settings["model_type"] == 2
    module.opened({"folder": str(tmp_path)}, "box")(image, BOX)
    assert FakeTracker.made[-1].boxes == [(1, (40, 60, 80, 90))]
    follow = module.opened({"folder": str(tmp_path)}, "tracking")
    follow(image)
    follow(image)
    assert len(FakeTracker.made) == 3  # one per photo or box, one for the whole clip


def test_the_protocol_gives_each_image_its_box(adapter, tmp_path, image, monkeypatch):
    protocol = adapter("protocol")
    paths = [str(tmp_path / name) for name in ("a.png", "b.png")]
    for path in paths:
        cv2.imwrite(path, image)
    boxes = [[1, 2, 3, 4], [5, 6, 7, 8]]
    sets = [
        {"name": "s", "mode": "box", "sequences": [paths], "boxes": [boxes]},
        {"name": "s", "mode": "photo", "sequences": [paths], "boxes": []},
    ]
    (tmp_path / "job.json").write_text(json.dumps({"processors": None, "options": {"o": "1"}, "sets": sets}))
    monkeypatch.setattr(sys, "argv", ["adapter", str(tmp_path / "job.json"), str(tmp_path / "answer.json")])
    calls: list[Any] = []

    def opened(options: dict[str, str], mode: str) -> Any:
        def find(image: np.ndarray, *given: Any) -> list[Any]:
            calls.append((mode, *given))
            return [np.where(np.arange(68)[:, None] == 60, np.nan, POINTS)]

        return find

    threads = cv2.getNumThreads()
    protocol.serve(lambda: "7", opened)
    cv2.setNumThreads(threads)
    assert calls == [("box", boxes[0]), ("box", boxes[1]), ("photo",), ("photo",)]
    answer = json.loads((tmp_path / "answer.json").read_text())
    assert answer["version"] == "7"
    run = answer["sets"][0]["runs"][0]
    assert len(run["faces"]) == len(run["ms"]) == 2
    assert run["faces"][0][0][60] == [-1e9, -1e9]
    np.testing.assert_allclose(run["faces"][0][0][0], POINTS[0], atol=1e-3)


def test_dlib_is_trained_on_its_own_boxes(adapter, tmp_path, image, capsys):
    """Faces that the detector finds keep its box; the others get one in the same relation to their points."""
    found: list[Any] = []

    class Options:
        pass

    def train(images: list[Any], examples: list[Any], options: Options) -> Any:
        found.extend([images, examples, options])
        return SimpleNamespace(save=lambda path: found.append(path))

    answers = iter([[Rectangle(36, 72, 136, 172), Rectangle(0, 0, 9, 9)], []])
    fake = {
        "rectangle": Rectangle,
        "point": lambda x, y: (x, y),
        "full_object_detection": lambda place, points: (place.edges, points),
        "shape_predictor_training_options": Options,
        "get_frontal_face_detector": lambda: lambda image, upsample: next(answers),
        "train_shape_predictor": train,
    }
    module = adapter("dlib_train", dlib=fake)
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), image)
    face = np.stack([np.linspace(40, 120, 68), np.linspace(60, 160, 68)], axis=1)  # longer side 100
    job = {
        "images": [str(path)] * 2,
        "landmarks": [face.tolist(), np.add(face, (8, -20)).tolist()],
        "out": "p.dat",
    }
    module.main({**job, "options": {"oversampling_amount": 3}})
    assert "HOG found 1 of 2; centre 0.120 lower, side 1.000" in capsys.readouterr().out
    images, examples, options, saved = found
    assert [place for ((place, _),) in examples] == [(36, 72, 136, 172), (38, 52, 138, 152)]
    assert examples[0][0][1][0] == (40, 60)
    assert images[0].ndim == 2
    assert (options.oversampling_amount, saved) == (3, "p.dat")


@pytest.mark.parametrize("name", sorted({peer.adapter for peer in PEERS.values()}))
def test_adapters_import_neither_this_project_nor_their_library_before_they_are_asked(name, adapter):
    before = set(sys.modules)
    adapter(name)
    loaded = {module.split(".")[0] for module in set(sys.modules) - before}
    assert not loaded & {"sdk", "benchmarks", "mediapipe", "dlib", "onnxruntime", "tracker"}
