"""Training a detector on drawn faces: it learns, resumes exactly, and refuses what does not fit."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sdk.errors import InputError
from tests.detection_photos import drawn_photos, write_set
from train.__main__ import main
from train.checkpoint import CheckpointError, read_arrays
from train.datasets.sample import DataError
from train.detection.config import DetectorConfig
from train.detection.fit import fit_detector
from train.detection.photos import read_photos
from train.detection.trained import load_detector
from train.detection.validation import Validation, average_precision, judge

TINY = DetectorConfig(size=64, val_size=96, width=8, batch=4, epochs=2, evaluate_every=1, warmup_epochs=0)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    return drawn_photos(folder, count=8), drawn_photos(folder, count=3, seed=1)


def test_a_stopped_run_goes_on_as_if_it_never_stopped(photos, tmp_path):
    train, val = photos
    whole = fit_detector(train, val, TINY, tmp_path / "whole")
    (tmp_path / "parts").mkdir()
    arrays, note = read_arrays(tmp_path / "whole" / "last.npz")
    fit_detector(train, val, TINY, tmp_path / "parts", stop_after=1)
    assert len(read_arrays(tmp_path / "parts" / "last.npz")[1]["history"]) == 1
    fit_detector(train, val, TINY, tmp_path / "parts")
    again, history = read_arrays(tmp_path / "parts" / "last.npz")
    for name, value in arrays.items():
        np.testing.assert_allclose(again[name], value, atol=1e-5, err_msg=name)
    assert history["history"][-1]["loss"] == pytest.approx(note["history"][-1]["loss"], rel=1e-4)
    assert whole.epochs == 2
    network, _ = load_detector(whole.weights, size=96)
    assert [tuple(o.shape[1:]) for o in network.outputs][:3] == [(12, 12, 1), (12, 12, 4), (12, 12, 2)]


def test_photos_beside_the_folder_are_trained_on_and_counted_on_resuming(tmp_path, capsys):
    from tests.packed_set import write_packed_set

    faces = write_set(tmp_path, counts={"train": 4, "val": 2})
    pack = write_packed_set(tmp_path / "Some", train=8, val=2, test=2)
    settings = {**TINY.to_dict(), "epochs": 1, "any_roll": 0.5, "far": 0.2, "cut": 0.3, "extra_share": 0.5}
    arguments = ["fit-detector", str(tmp_path), "--faces", str(faces), "--out", str(tmp_path / "run")]
    arguments += [a for k, v in settings.items() for a in ("--set", f"{k}={json.dumps(v)}")]
    more = ["--pack", str(pack), "--val-pack", str(pack)]
    assert main([*arguments, *more]) == 0
    assert "4 photos to train on, 8 beside them, 4 for val" in capsys.readouterr().out
    assert main([*arguments, *more]) == 0  # it is finished, and says so
    assert main([*arguments, "--val-pack", str(pack)]) != 0
    assert "train: 12 faces then, 4 faces now" in capsys.readouterr().err


def test_another_configuration_is_refused(photos, tmp_path):
    train, val = photos
    fit_detector(train, val, DetectorConfig(**{**TINY.to_dict(), "epochs": 1}), tmp_path)
    with pytest.raises(CheckpointError, match="another configuration"):
        fit_detector(train, val, TINY, tmp_path)


def test_the_loss_falls_on_drawn_faces(photos, tmp_path):
    train, val = photos
    config = DetectorConfig(**{**TINY.to_dict(), "epochs": 12, "evaluate_every": 12, "learning_rate": 1e-2})
    fit_detector(train, val, config, tmp_path)
    history = read_arrays(tmp_path / "last.npz")[1]["history"]
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]


def test_the_command_trains_and_says_where_the_weights_are(tmp_path, capsys):
    faces = write_set(tmp_path, counts={"train": 4, "val": 2})
    settings = [f"{k}={json.dumps(v)}" for k, v in TINY.to_dict().items()]
    arguments = ["fit-detector", str(tmp_path), "--faces", str(faces), "--out", str(tmp_path / "run")]
    assert main([*arguments, *(a for s in settings for a in ("--set", s)), "--set", "epochs=1"]) == 0
    assert f"weights in {tmp_path / 'run' / 'best.npz'}" in capsys.readouterr().out


def test_a_file_that_is_no_detector_is_named(tmp_path):
    from train.checkpoint import write_arrays

    write_arrays(tmp_path / "best.npz", {"a": np.zeros(1)}, {"val_nme": 3.0})
    with pytest.raises(CheckpointError, match=r"expected a best\.npz of python -m train fit-detector"):
        load_detector(tmp_path / "best.npz")


def test_missing_data_is_explained(tmp_path):
    with pytest.raises(DataError, match=r"annotations\.json: not found"):
        read_photos(tmp_path, split="train")
    faces = write_set(tmp_path, counts={"train": 1})
    table = json.loads((tmp_path / "annotations.json").read_text())
    table["images"][0]["file"] = "images/other.png"
    (tmp_path / "annotations.json").write_text(json.dumps(table))
    with pytest.raises(DataError, match=r"no landmarks for images/other\.png"):
        read_photos(tmp_path, split="train", faces=faces)
    with pytest.raises(DataError, match=r"other\.png: missing, or no image"):
        read_photos(tmp_path, split="train")[0].read_image()


def test_a_face_listed_twice_is_one(tmp_path):
    write_set(tmp_path, counts={"train": 1})
    table = json.loads((tmp_path / "annotations.json").read_text())
    table["images"][0]["faces"] *= 2
    (tmp_path / "annotations.json").write_text(json.dumps(table))
    assert len(read_photos(tmp_path, split="train")[0].boxes) == 1


def test_weights_of_another_width_are_refused(photos, tmp_path):
    train, val = photos
    fit_detector(train, val, DetectorConfig(**{**TINY.to_dict(), "epochs": 1}), tmp_path / "a")
    wider = DetectorConfig(**{**TINY.to_dict(), "width": 16})
    with pytest.raises(CheckpointError, match="was it trained with another network"):
        fit_detector(train, val, wider, tmp_path / "b", weights=tmp_path / "a" / "best.npz")


TRUTH = np.array([[10, 10, 40, 40], [60, 60, 90, 90], [0, 0, 5, 5]], np.float32)


def test_verdicts_on_hits():
    boxes = np.array(
        [[10, 10, 41, 40], [12, 10, 42, 40], [100, 100, 130, 130], [0, 0, 5, 6], [200, 200, 204, 204]], np.float32
    )
    verdicts, owner = judge(boxes, TRUTH)
    assert verdicts.tolist() == [1, -1, 0, -1, -1]  # found, found again, false, too small twice
    assert owner.tolist() == [0, -1, -1, -1, -1]


@pytest.mark.parametrize(
    ("hits", "asked", "expected"),
    [
        ([(0.9, 1), (0.8, 1)], 2, 1.0),
        ([(0.9, 1), (0.8, 0), (0.7, 1)], 2, (1 + 2 / 3) / 2),
        ([(0.9, 0), (0.8, 1)], 2, 0.25),
        ([(0.9, 1), (0.8, -1)], 1, 1.0),
        ([], 3, 0.0),
    ],
)
def test_average_precision(hits, asked, expected):
    assert average_precision(hits, asked) == pytest.approx(expected)


def test_a_perfect_network_scores_one(photos):
    from train.detection.targets import cell_targets
    from train.detection.turning import tight_boxes, turned
    from train.detection.validation import ANGLES
    from train.detection.views import Faces

    val = photos[1]
    shown = [(p, a) for i, p in enumerate(val) for a in {0.0, ANGLES[i % len(ANGLES)]}]
    answers = []
    for photo, angle in shown:
        landmarks = turned(photo.read_image(), photo.landmarks, angle, size=96)[1]
        faces = Faces(tight_boxes(landmarks), photo.roll_deg + angle, np.zeros(1, bool))
        targets = cell_targets(faces, size=96)
        answers.append(np.column_stack([np.where(targets[:, 0] > 0, 5.0, -9.0), targets[:, 1:]]))
    scores = Validation(val, size=96).scores(lambda frames, training: np.array(answers[: len(frames)], np.float32))
    assert (scores.average_precision, scores.recall, scores.false_per_photo) == (1.0, 1.0, 0.0)


def test_a_config_says_what_is_wrong():
    with pytest.raises(InputError, match="config batch: expected a positive number, got 0"):
        DetectorConfig(batch=0)
