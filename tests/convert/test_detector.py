"""A detector's way to a model file: float keeps every number, int8 keeps the boxes."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
import pytest

from convert.detector import main
from sdk import FaceDetector
from sdk.cells import cell_grid
from tests.detection_photos import drawn_photos, write_set
from train.checkpoint import weights_of, write_arrays
from train.detection.config import DetectorConfig
from train.detection.fit import joined

SIZE = 64


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    import keras

    keras.utils.set_random_seed(0)
    config = DetectorConfig(width=8)
    path = tmp_path_factory.mktemp("run") / "best.npz"
    write_arrays(path, weights_of(joined(config)), {"config": config.to_dict(), "average_precision": 0.1})
    return path


def converted(weights, folder, recipe: str, *more: str) -> FaceDetector:
    out = folder / f"{recipe}.tflite"
    assert main([str(weights), "--recipe", recipe, "--size", str(SIZE), "--out", str(out), *more]) == 0
    return FaceDetector(out)


def cells_of(detector: FaceDetector, pixels: np.ndarray) -> np.ndarray:
    return detector._cells.run(pixels)


def test_the_float_file_gives_the_networks_numbers(weights, tmp_path):
    from train.detection.trained import load_detector

    pixels = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    found = cells_of(converted(weights, tmp_path, "float32"), pixels)
    maps = load_detector(weights, size=SIZE)[0](pixels[None].astype(np.float32) / 255)
    levels = [
        np.concatenate([np.asarray(m).reshape(-1, m.shape[-1]) for m in maps[i : i + 3]], axis=1)
        for i in (0, 3, 6)
    ]
    np.testing.assert_allclose(found, np.concatenate(levels), atol=1e-4)  # float32 rounding of 12 layers
    assert found.shape == (len(cell_grid(SIZE, SIZE)[0]), 7)


def test_the_int8_file_is_near_the_float_file(weights, tmp_path):
    write_set(tmp_path, counts={"train": 6})
    number = converted(weights, tmp_path, "int8_ptq", "--data", str(tmp_path))
    exact = converted(weights, tmp_path, "float32")
    photo = drawn_photos(tmp_path, count=1)[0].read_image()
    from sdk.face_detector import letterboxed

    pixels = letterboxed(photo, SIZE)[0]
    a, b = cells_of(number, pixels), cells_of(exact, pixels)
    spread = np.ptp(b, axis=0)
    assert (np.abs(a - b).mean(axis=0) <= 0.05 * spread + 0.02).all()  # a few steps of 8 bits
    assert number.model.metadata["calibration_photos"] == 6


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--recipe", "int8_ptq"], "expected --data"),
        (["--recipe", "float32", "--size", "50"], "a multiple of 32"),
        (["--recipe", "int4"], "recipe"),
    ],
)
def test_wrong_options_are_explained(weights, tmp_path, capsys, more, words):
    assert main([str(weights), "--out", str(tmp_path / "a.tflite"), *more]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "a.tflite").exists()
