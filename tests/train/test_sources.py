"""From a folder of .pts files to a trained network with one command, in every landmark scheme."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sdk import BBox, HeadPose, InputError
from sdk.pose import rotation_from_pose
from sdk.pose_fit import pose_from_landmarks
from sdk.schemes import SCHEMES, LandmarkScheme
from sdk.shape_model import ShapeModel
from sdk.testing import rendered_face
from tests import tiny_fit
from tests.fit_runs import TINY, history, write_data
from train.__main__ import main
from train.checkpoint import read_arrays
from train.datasets import DataError, Sample, read_packed
from train.fit_shape import fit_mean_3d, fit_shape_model
from train.sources import packed_set, write_shape_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SETTINGS = [word for setting in [*TINY, "epochs=2"] for word in ("--set", setting)]


def write_face(path: Path, image: np.ndarray, landmarks: np.ndarray) -> None:
    cv2.imwrite(str(path.with_suffix(".png")), image)
    body = "".join(f"{x + 1:.3f} {y + 1:.3f}\n" for x, y in landmarks)
    path.with_suffix(".pts").write_text(f"version: 1\nn_points: {len(landmarks)}\n{{\n{body}}}\n")


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(8):
        write_face(folder / f"face{k}", *rendered_face(np.random.default_rng(k), size=120))
    return folder


def head(scheme: LandmarkScheme, seed: int = 0) -> np.ndarray:
    """A symmetric head (n, 3) of a scheme's points, unit RMS radius of x and y, its nose towards the camera."""
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 1, (scheme.n_points, 3)) * [1.0, 1.0, 0.4]
    mirror = list(scheme.mirror)
    pairs = [i for i, j in enumerate(mirror) if i < j]
    points[pairs, 0] = -np.abs(points[pairs, 0]) - 0.2  # the subject's right is on the image left
    for i, j in enumerate(mirror):
        if i <= j:
            points[j] = points[i] * [-1.0, 1.0, 1.0] if i < j else points[i] * [0.0, 1.0, 1.0]
    points[list(scheme.groups["nose"]), 2] -= 1.5
    points -= points.mean(axis=0)
    return np.asarray(points / np.sqrt((points[:, :2] ** 2).sum(axis=1).mean()))


def views(scheme: LandmarkScheme, n: int = 60) -> tuple[np.ndarray, list[HeadPose]]:
    rng = np.random.default_rng(1)
    angles = rng.normal(0, [20.0, 12.0, 10.0], (n, 3))
    angles[:, 1] -= angles[:, 1].mean()  # pitch 0 is the mean of the faces given
    poses = [HeadPose(*(float(v) for v in row)) for row in angles]
    points = head(scheme)
    return np.array([(points @ rotation_from_pose(p).T)[:, :2] * 40 + 100 for p in poses]), poses


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda s: s.name)
def test_every_scheme_has_a_shape_model_and_poses(scheme):
    faces, poses = views(scheme)
    np.testing.assert_allclose(fit_mean_3d(faces, scheme=scheme), head(scheme), atol=0.05)
    model = fit_shape_model(faces, scheme=scheme)
    assert model.mean.shape == (scheme.n_points, 2)
    np.testing.assert_allclose(scheme.mirror_landmarks(model.mean), model.mean, atol=1e-3)
    for face, pose in zip(faces, poses, strict=True):
        found = pose_from_landmarks(face, model, scheme=scheme)
        # the label's camera stands 20 head radii away, the views here are orthographic
        assert found.yaw_deg == pytest.approx(pose.yaw_deg, abs=4.0)
        assert found.pitch_deg == pytest.approx(pose.pitch_deg, abs=4.0)
        assert found.roll_deg == pytest.approx(pose.roll_deg, abs=4.0)


@pytest.mark.parametrize("name", ["wflw98", "cofw29", "aflw19"])
def test_fit_shape_takes_the_scheme_of_its_faces(tmp_path, name):
    scheme = SCHEMES[name]
    faces = views(scheme)[0].astype(np.float32)
    samples = [Sample(Path(f"{i}.png"), face, f"s{i}", "drawn", scheme=name) for i, face in enumerate(faces)]
    lines = write_shape_model(tmp_path / "shape.npz", samples, data="drawn")
    assert f"60 faces of {name}" in lines[0]
    assert lines[-1].startswith("  ")
    arrays, note = read_arrays(tmp_path / "shape.npz")
    assert ShapeModel.from_arrays(arrays).n_points == scheme.n_points
    assert note == {"faces": 60, "data": "drawn", "variance": 0.98}
    mixed = [*samples, Sample(Path("a.png"), np.zeros((68, 2), np.float32), "a", "drawn")]
    with pytest.raises(InputError, match=f"one landmark scheme, got ibug68, {name}" if name > "ibug68" else name):
        write_shape_model(tmp_path / "shape.npz", mixed, data="drawn")


def test_faces_in_full_profile_have_a_shape_model_too(tmp_path):
    scheme = SCHEMES["aflw19"]
    faces = views(scheme)[0].astype(np.float32)
    faces[0, scheme.outer_eye_corners[1]] = faces[0, scheme.outer_eye_corners[0]]
    samples = [Sample(Path(f"{i}.png"), face, f"s{i}", "drawn", scheme="aflw19") for i, face in enumerate(faces)]
    assert "% of their boxes' side" in write_shape_model(tmp_path / "shape.npz", samples, data="drawn")[-1]


@pytest.mark.slow
def test_one_command_from_a_folder_to_a_network(photos, tmp_path, capsys):
    tiny_fit.register()
    out = tmp_path / "run"
    words = ["fit", str(photos), "--out", str(out), *SETTINGS]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert f"packed 8 faces of {photos} into {out / 'packed'}" in printed
    assert "7 faces of ibug68" in printed
    assert "done: best val NME" in printed
    names = {path.name for path in out.iterdir()}
    assert names == {"packed", "shape_model.npz", "best.npz", "last.npz", "history.csv"}
    assert len(history(out)) == 2

    shape = (out / "shape_model.npz").read_bytes()
    (out / "last.npz").unlink()
    assert main(words) == 0  # from the start, with the faces and the shape model that are there
    assert "faces as packed before" in capsys.readouterr().out
    assert (out / "shape_model.npz").read_bytes() == shape
    assert main(["fit", str(out / "packed"), "--out", str(tmp_path / "second"), *SETTINGS]) == 0
    np.testing.assert_allclose(history(tmp_path / "second"), history(out), rtol=1e-4)  # sums in another order


@pytest.mark.slow
def test_a_folder_of_98_points_trains_as_well(tmp_path, capsys):
    tiny_fit.register()
    folder = tmp_path / "photos98"
    folder.mkdir()
    for k, face in enumerate(views(SCHEMES["wflw98"], n=8)[0]):
        write_face(folder / f"face{k}", np.full((200, 200, 3), 10 * k, np.uint8), face)
    loss = ["--set", "landmarks.loss=acr"]
    assert main(["fit", str(folder), "--out", str(tmp_path / "run"), *SETTINGS, *loss]) == 0
    assert "7 faces of wflw98" in capsys.readouterr().out
    weights, note = read_arrays(tmp_path / "run" / "best.npz")
    assert (note["scheme"], weights["landmarks/1"].shape) == ("wflw98", (2 * 98,))


def test_profiles_are_measured_by_their_face_boxes():
    from train.config import TrainConfig
    from train.datasets.sample import box_sides
    from train.run import Validation

    scheme = SCHEMES["aflw19"]
    faces = views(scheme, n=2)[0].astype(np.float32)
    faces[0, scheme.outer_eye_corners[1]] = faces[0, scheme.outer_eye_corners[0]]
    image = np.zeros((200, 200, 3), np.uint8)
    boxes = [BBox(50, 40, 150, 104), None]
    samples = [
        Sample(Path(f"{i}.png"), face, f"s{i}", "drawn", scheme="aflw19", box=box, image=image)
        for i, (face, box) in enumerate(zip(faces, boxes, strict=True))
    ]
    np.testing.assert_allclose(box_sides(samples, faces)[0], 80.0, rtol=1e-6)  # the root of 100 times 64
    np.testing.assert_allclose(box_sides(samples, faces)[1], np.sqrt(np.ptp(faces[1], axis=0).prod()), rtol=1e-6)
    val = Validation.of(samples, TrainConfig(size=32), scheme)

    class OffByATenthOfACrop:
        def predict(self, inputs, **_):
            return [(val.truth + np.float32([0.1, 0.0])).reshape(2, -1), np.zeros((2, 3))]

    assert val.sides is not None
    assert val.nme(OffByATenthOfACrop()) == pytest.approx((10 / val.sides).mean(), rel=1e-5)


def test_a_bad_photo_ends_the_packing_or_is_left_out(photos, tmp_path, capsys):
    (photos / "face3.png").write_bytes((photos / "face3.png").read_bytes()[:200])
    with pytest.raises(DataError, match=r"face3\.png: expected a readable image"):
        packed_set(photos, tmp_path / "run")
    assert not (tmp_path / "run" / "packed").exists()
    packed = packed_set(photos, tmp_path / "run", skip_bad=True)
    assert "face3.png" in capsys.readouterr().out
    assert sum(len(read_packed(packed, split=s)) for s in ("train", "val")) == 7


def test_a_folder_of_neither_kind_is_named(tmp_path, photos):
    for path in photos.glob("*.pts"):
        path.unlink()
    with pytest.raises(
        DataError, match=r"photos: expected a packed set \(annotations.npz.*\.pts files.*got neither"
    ):
        packed_set(photos, tmp_path / "run")
    with pytest.raises(DataError, match="nowhere: expected a packed set"):
        packed_set(tmp_path / "nowhere", tmp_path / "run")


def test_several_workers_need_what_all_can_read(photos, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KERAS_DISTRIBUTION_JOB_ADDRESSES", "localhost:1234")
    monkeypatch.setenv("KERAS_DISTRIBUTION_NUM_PROCESSES", "2")
    assert main(["fit", str(photos), "--out", str(tmp_path / "run"), "--backend", "tensorflow"]) == 2
    assert "expected a packed set and --shape-model" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_damaged_image_leaves_a_broken_off_run_intact(tmp_path, capsys):
    tiny_fit.register()
    packed = write_data(tmp_path / "drawn")
    words = ["fit", str(packed), "--out", str(tmp_path / "run")]
    shape = ["--shape-model", str(packed / "shape.npz")]
    settings = [word for setting in TINY for word in ("--set", setting)]
    assert main([*words, *shape, *settings]) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    copy = shutil.copy(packed / "images" / "000.png", tmp_path / "whole.png")
    (packed / "images" / "000.png").write_bytes(Path(copy).read_bytes()[:500])
    assert main([*words, *shape, *settings]) == 2
    assert "000.png: expected a readable image" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_faces_are_counted_before_they_are_packed(photos, tmp_path, capsys, count):
    for k in range(count, 8):
        (photos / f"face{k}.pts").unlink()
    assert main(["fit", str(photos), "--out", str(tmp_path / "run")]) == 2
    faces = "1 face;" if count == 1 else f"{count} faces;"
    expected = f"expected at least 4 faces, 3 to train on and one held out as val, got {faces}"
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "run" / "packed").exists()


def test_a_shape_model_of_two_faces_is_refused(tmp_path):
    samples = [Sample(Path(f"{i}.png"), views(SCHEMES["ibug68"], 2)[0][i], "s", "drawn") for i in range(2)]
    with pytest.raises(InputError, match=r"drawn: expected at least 3 faces in the train split.*got 2"):
        write_shape_model(tmp_path / "shape.npz", samples, data="drawn")


@pytest.mark.slow
def test_four_faces_train(photos, tmp_path):
    tiny_fit.register()
    for k in range(4, 8):
        (photos / f"face{k}.pts").unlink()
    assert main(["fit", str(photos), "--out", str(tmp_path / "run"), *SETTINGS]) == 0
    assert np.isfinite(history(tmp_path / "run")).all()
