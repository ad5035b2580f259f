"""What confidence tells apart: weights are fitted, ranks counted, crops without a face share little with one."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pathlib import Path

import numpy as np
import pytest

from benchmarks.confidence import FREE, INFANTS, Seen, _beside, auc, faces_of, fit, look, row, with_confidence
from benchmarks.face_sets import is_held_out
from sdk import BBox, InputError, ModelFile
from sdk.testing import rendered_face
from train.datasets import Sample
from train.detection.photos import Photo
from train.prepare import write_columns

MODEL = ModelFile.default()


def seen(count: int = 400) -> Seen:
    """Faces with sharp maps, faces with duller ones that are off, and no faces with flat ones."""
    rng = np.random.default_rng(0)
    errors = np.concatenate([rng.uniform(2, 7, count), rng.uniform(9, 30, count // 4), np.full(count, np.inf)])
    sharp = np.where(errors < 8, -1.0, np.where(np.isfinite(errors), -2.0, -4.0))
    return Seen(sharp[:, None] + rng.normal(0, 0.5, (len(errors), 5)), errors)


def test_fitted_weights_tell_faces_from_the_rest():
    found = row("drawn", seen(), *fit(seen()))
    assert (found.faces, found.fitted, found.others) == (500, 400, 400)
    assert found.auc_face > 0.99
    assert found.auc_fit > 0.95
    assert found.kept_fitted > 0.95 > 0.5 > found.kept_not_fitted
    assert found.kept_others < 0.01


def test_auc_counts_pairs():
    assert auc(np.array([3.0, 2.0]), np.array([1.0, 2.0])) == pytest.approx((1 + 1 + 1 + 0.5) / 4)
    assert auc(np.array([1.0]), np.array([2.0])) == 0.0


def test_crops_without_a_face_share_little_with_one():
    photo = Photo(
        Path("a.png"),
        "drawn",
        np.array([[60, 50, 140, 140]], np.float32),
        np.array([True]),
        np.zeros((0, 68, 2), np.float32),
        np.zeros(0, np.float32),
    )
    crops = _beside(MODEL, photo, np.zeros((200, 240, 3), np.uint8), 40, np.random.default_rng(0))
    assert len(crops) > 15
    for crop in crops:
        half = crop.side / MODEL.margin / 2
        shown = BBox(crop.center_x - half, crop.center_y - half, crop.center_x + half, crop.center_y + half)
        assert shown.overlap(BBox(60, 50, 140, 140)) < FREE
        assert crop.extract(np.zeros((200, 240, 3), np.uint8)).shape == (MODEL.input_size, MODEL.input_size, 3)


def test_the_model_file_gets_the_weights():
    kernel, bias = np.linspace(0, 1, 68).astype(np.float32), np.array([2.0], np.float32)
    written = ModelFile.from_bytes(with_confidence(MODEL, kernel, bias))
    np.testing.assert_array_equal(written.head.confidence_kernel, kernel)
    assert written.flatbuffer == MODEL.flatbuffer
    assert written.metadata["name"] == MODEL.metadata["name"]


def test_a_model_that_ends_in_landmarks_is_refused(tmp_path):
    path = Path(__file__).resolve().parents[2] / "models" / "asmnet_128_int8.tflite"
    with pytest.raises(InputError, match="expected a model with a head"):
        look(ModelFile.load(path), [], [], looks=1)


def test_harder_views_are_seen_where_they_are_asked_for(tmp_path, monkeypatch):
    import cv2

    from benchmarks import confidence

    image, landmarks = rendered_face(np.random.default_rng(0))
    cv2.imwrite(str(tmp_path / "a.png"), image)
    face = Sample(tmp_path / "a.png", landmarks, "a", "a")
    photo = Photo(
        tmp_path / "a.png",
        "drawn",
        np.zeros((0, 4), np.float32),
        np.zeros(0, bool),
        np.zeros((0, 68, 2), np.float32),
        np.zeros(0, np.float32),
    )
    seen = {harder: look(MODEL, [face], [photo], looks=30, harder=harder) for harder in (False, True)}
    plain, hard = seen[False], seen[True]
    assert len(plain.errors) == len(hard.errors) == 60
    assert plain.faces[:30].all()
    assert not hard.faces[30:].any()
    assert hard.errors[:30].mean() > plain.errors[:30].mean()  # turned and covered faces among them
    apart = look(MODEL, [face], [], looks=30) + look(MODEL, [], [photo], looks=30)
    np.testing.assert_array_equal(apart.errors[:30], plain.errors[:30])
    np.testing.assert_array_equal(apart.faces, plain.faces)
    told = []
    monkeypatch.setattr(confidence, "VIEWS", {"marked": lambda *view: (told.append(1), view[:2])[1]})
    look(MODEL, [face], [], looks=3, harder=True)
    assert told == [1, 1, 1]


def test_people_kept_out_of_training_are_not_fitted_to(tmp_path):
    rng = np.random.default_rng(0)
    landmarks = rng.uniform(0, 50, (20, 68, 2))
    for name, splits in (("300W", ["train", "val"] * 10), ("InfAnFace", ["train"] * 15 + ["test"] * 5)):
        folder = tmp_path / name
        folder.mkdir()
        columns = {key: [f"{name}{key}{i}" for i in range(20)] for key in ("file", "subject", "source")}
        table = {k: np.array(v) for k, v in columns.items()} | {"landmarks": landmarks.astype(np.float32)}
        table |= {"split": np.array(splits), "split_dev": np.array(splits)}
        write_columns(folder / "annotations.npz", table)
    parts = {part: {face.subject for face in faces_of(tmp_path, part)} for part in ("train", "val", INFANTS)}
    assert len(parts["train"] | parts["val"]) == 35
    assert not parts["train"] & parts["val"]
    assert all(is_held_out(name) for name in parts["val"] if name.startswith("Inf"))
    assert len(parts[INFANTS]) == 5
