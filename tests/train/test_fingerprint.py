"""A run goes on with the data and the shape model that it began with, and a conversion takes the run's own."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sdk import InputError, ModelFile
from sdk.shape_model import ShapeModel
from tests.fit_runs import fit_here, history, write_data
from train.checkpoint import CheckpointError, read_arrays, write_arrays
from train.datasets import DataError, read_packed
from train.fingerprint import SHAPE_MODEL, check_shape_model, data_digest, shape_model_digest
from train.prepare import write_columns
from train.sources import packed_set

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def packed(tmp_path) -> Path:
    return write_data(tmp_path / "drawn")


def edited(packed: Path, change) -> None:
    """Change the columns of annotations.npz in place."""
    with np.load(packed / "annotations.npz") as archive:
        table = {name: archive[name] for name in archive.files}
    write_columns(packed / "annotations.npz", change(table))


def moved_point(table):
    table["landmarks"][3, 30] += 2.0
    return table


def one_less(table):
    return {name: column[1:] for name, column in table.items()}


def test_the_digest_sees_every_face_and_no_folder(packed, tmp_path):
    faces = read_packed(packed, split="train")
    shutil.copytree(packed, tmp_path / "copy")
    assert data_digest(read_packed(tmp_path / "copy", split="train")) == data_digest(faces)
    assert data_digest(faces).startswith("12 faces, ")
    others = (
        replace(faces[5], landmarks=faces[5].landmarks + np.float32(0.25)),
        replace(faces[5], subject="another"),
        replace(faces[5], pose_deg=(0.0, 1.0, 2.0)),
        replace(faces[5], scheme="wflw98"),
        replace(faces[5], image=np.zeros((4, 4, 3), np.uint8)),
    )
    digests = {data_digest([*faces[:5], other, *faces[6:]]) for other in others}
    assert len(digests | {data_digest(faces), data_digest(faces[1:]), data_digest(faces[::-1])}) == 8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "words"), [(moved_point, "train: 12 faces then, 12 faces now"), (one_less, "11 faces now")]
)
def test_a_run_does_not_go_on_with_edited_data(packed, tmp_path, change, words):
    out = tmp_path / "run"
    fit_here(packed, out, "epochs=2")
    fit_here(packed, out, "epochs=2")  # the same data goes on, here with nothing left to do
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    edited(packed, change)
    with pytest.raises(CheckpointError, match=rf"last\.npz: belongs to a run on other data \(.*{words}"):
        fit_here(packed, out, "epochs=2")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.slow
def test_a_checkpoint_of_before_digests_goes_on(packed, tmp_path):
    out = tmp_path / "run"
    fit_here(packed, out, "epochs=2")
    arrays, note = read_arrays(out / "last.npz")
    del note["data"]
    write_arrays(out / "last.npz", arrays, note)
    fit_here(packed, out, "epochs=2")
    assert len(history(out)) == 2


@pytest.mark.slow
def test_best_names_its_shape_model(packed, tmp_path, capsys):
    fit_here(packed, tmp_path / "run", "epochs=2")
    weights = tmp_path / "run" / "best.npz"
    note = read_arrays(weights)[1]
    own = ShapeModel.from_arrays(read_arrays(packed / "shape.npz")[0])
    assert note[SHAPE_MODEL] == shape_model_digest(own)
    check_shape_model(packed / "shape.npz", own, weights, note)

    from convert.__main__ import main

    other = tmp_path / "other.npz"
    write_arrays(other, ModelFile.default().shape_model.arrays(), {})
    words = ["--recipe", "float32", "--out", str(tmp_path / "out.tflite")]
    assert main([str(weights), "--shape-model", str(other), *words]) == 2
    assert f"expected the shape model that {weights} was trained with" in capsys.readouterr().err
    assert not (tmp_path / "out.tflite").exists()


def test_another_shape_model_is_refused_with_both_names():
    ours = ModelFile.default().shape_model
    note = {SHAPE_MODEL: shape_model_digest(ours.truncated(0.9))}
    with pytest.raises(
        InputError, match=r"--shape-model a\.npz: expected the shape model that b\.npz was trained"
    ):
        check_shape_model(Path("a.npz"), ours, Path("b.npz"), note)
    check_shape_model(Path("a.npz"), ours, Path("b.npz"), {})


def test_calibration_takes_faces_of_the_networks_scheme(packed):
    from convert.build import Source, calibration_crops
    from train.config import TrainConfig

    source = Source(None, TrainConfig(size=32), {"scheme": "wflw98"}, {})
    with pytest.raises(InputError, match=r"--data .*expected faces of wflw98 to calibrate with.*got ibug68"):
        calibration_crops(packed, source, faces=4)
    assert len(calibration_crops(packed, replace(source, note={}), faces=4)) >= 4


def test_edited_pts_files_are_not_passed_over(tmp_path, capsys):
    from tests.train.test_sources import write_face

    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    from sdk.testing import rendered_face

    faces = [rendered_face(rng, size=96) for _ in range(4)]
    for k, face in enumerate(faces):
        write_face(photos / f"face{k}", *face)
    packed_set(photos, tmp_path / "run")
    assert packed_set(photos, tmp_path / "run") == tmp_path / "run" / "packed"
    write_face(photos / "face1", faces[1][0], faces[1][1] + 1)
    with pytest.raises(DataError, match=r"was packed from other \.pts files .*4 faces then, 4 faces now"):
        packed_set(photos, tmp_path / "run")
    (photos / "face1.pts").unlink()
    with pytest.raises(DataError, match="4 faces then, 3 faces now"):
        packed_set(photos, tmp_path / "run")


@pytest.mark.parametrize("change", ["replaced", "gone"])
def test_edited_photos_are_not_passed_over(tmp_path, change):
    from sdk.testing import rendered_face
    from tests.train.test_sources import write_face

    photos, rng = tmp_path / "photos", np.random.default_rng(0)
    photos.mkdir()
    for k in range(4):
        write_face(photos / f"face{k}", *rendered_face(rng, size=96))
    packed_set(photos, tmp_path / "run")
    photo = next(path for path in photos.glob("face1.*") if path.suffix != ".pts")
    if change == "gone":
        photo.unlink()
    else:
        photo.write_bytes(photo.read_bytes() + b"\0")
    with pytest.raises(DataError, match=r"other \.pts files or photos .*4 faces then, 4 faces now"):
        packed_set(photos, tmp_path / "run")


def test_the_detectors_photos_have_digests_too():
    from train.detection.photos import Photo

    boxes = np.float32([[1, 2, 3, 4]])
    photo = Photo(Path("a.jpg"), "set", boxes, np.array([True]), np.zeros((1, 68, 2), np.float32), np.zeros(1))
    assert data_digest([photo]) != data_digest([replace(photo, boxes=boxes + 1)])
    assert data_digest([photo]) == data_digest([replace(photo, path=Path("elsewhere/a.jpg"))])
