"""Faces that nobody annotated get the landmarks that networks agree on; the others are counted and left out."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import json
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from sdk.errors import InputError
from sdk.results import BBox
from sdk.schemes import IBUG68
from sdk.testing import rendered_face
from tests.fit_runs import fit_here, write_data
from train.checkpoint import write_arrays
from train.config import TrainConfig
from train.datasets import DataError, Sample, read_packed
from train.label import Limits, faces_of, label
from train.labelling.labeller import Labeller

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Path, Path]:
    """A packed set of drawn faces, and a tiny network trained on it."""
    folder = tmp_path_factory.mktemp("label")
    data = write_data(folder / "drawn")
    fit_here(
        data,
        folder / "run",
        "epochs=60",
        "learning_rate=5e-3",
        "evaluate_every=60",
        "ema_momentum=0.8",
        "augment.rotation_deg=5.0",
    )
    return data, folder / "run" / "best.npz"


@pytest.fixture(scope="module")
def labeller(trained) -> Labeller:
    from tests import tiny_fit

    tiny_fit.register()
    return Labeller([trained[1]])


def faces(count: int = 3) -> list[Sample]:
    rng = np.random.default_rng(5)
    drawn = [rendered_face(rng, size=96) for _ in range(count)]
    nowhere = np.full((68, 2), np.nan, np.float32)
    return [
        Sample(Path(f"{i}.png"), nowhere, f"s{i}", "drawn", box=BBox.around(points), image=image)
        for i, (image, points) in enumerate(drawn)
    ]


LOOSE = Limits(spread=1.0, overlap=0.0, side=10.0)


def test_labels_are_near_the_truth_and_kept_with_their_spread(trained, labeller, tmp_path):
    data, _ = trained
    truth = read_packed(data, split="train")
    result = label(labeller, truth, tmp_path / "set", LOOSE)
    errors = [
        np.linalg.norm(labeller(face.read_image(), BBox.around(face.landmarks))[0] - face.landmarks, axis=1).mean()
        for face in truth
    ]
    assert np.median(errors) < 8, errors
    assert result.kept == len(truth)
    eyes = [np.linalg.norm(np.subtract(*face.landmarks[[36, 45]])) for face in truth]
    assert result.nme_percent == pytest.approx(100 * np.mean(np.array(errors) / eyes), rel=1e-4)
    assert label(labeller, faces(), tmp_path / "bare", LOOSE).nme_percent is None
    assert result.left_out == {}
    written = read_packed(tmp_path / "set", split="train")
    assert [face.subject for face in written] == [face.subject for face in truth]
    for face in written:
        left, top, right, bottom = np.array([0.25, 0.25, 0.75, 0.75]) * face.read_image().shape[0]
        assert BBox.around(face.landmarks).overlap(BBox(left, top, right, bottom)) > 0.5  # of the labels' own crop
        assert 0 < face.attributes["label_spread"] < 1


def test_a_label_is_the_mean_with_outside_teachers_and_points_they_doubt_weigh_less(trained, labeller, tmp_path):
    from train.labelling.ridge import OutsideTeacher, Ridge

    truth = read_packed(trained[0], split="train")
    points = {f"images/{face.path.name}": face.landmarks + np.float32(1.0) for face in truth[1:]}
    everyone = np.stack([face.landmarks for face in truth])
    teacher = OutsideTeacher(points, Ridge.fit(everyone, everyone, strength=1e-6))
    both = Labeller([trained[1]], [teacher])
    own = both(truth[1].read_image(), BBox.around(truth[1].landmarks))[0]
    other = teacher(truth[1])
    result = label(both, truth, tmp_path / "set", replace(LOOSE, apart=9.0))
    assert result.kept == len(truth)
    written = read_packed(tmp_path / "set", split="train")
    assert (written[0].point_weights == np.float32(0.4)).all()  # the other found nothing there
    eyes = np.linalg.norm(np.subtract(*((own + other) / 2)[[36, 45]]))
    apart = np.linalg.norm(own - other, axis=1) / eyes
    np.testing.assert_allclose(written[1].point_weights, 1 / (1 + (apart / 0.06) ** 2), rtol=1e-3)
    refused = label(both, truth, tmp_path / "strict", replace(LOOSE, apart=1e-6))
    assert refused.left_out == {"teachers differ": len(truth) - 1}


def test_views_are_mirrored_back_and_averaged(labeller):
    """A face and its mirror image get mirrored labels, up to the crops' grid."""
    face = faces(1)[0]
    image = face.read_image()
    width = image.shape[1]
    box = BBox(width - 1 - face.box.right, face.box.top, width - 1 - face.box.left, face.box.bottom)
    points, spread = labeller(image, face.box)
    mirrored, same = labeller(np.ascontiguousarray(image[:, ::-1]), box)
    np.testing.assert_allclose(IBUG68.mirror_landmarks(mirrored, axis_x=(width - 1) / 2), points, atol=0.75)
    assert same == pytest.approx(spread, rel=0.3)


def test_faces_that_cannot_be_trusted_are_counted_by_reason(labeller, tmp_path):
    good = faces(1)[0]
    nobox = replace(good, box=None)
    small = replace(good, box=BBox(40, 40, 45, 45))
    away = replace(good, pose_deg=(75.0, 0.0, float("nan")))
    below = replace(good, pose_deg=(0.0, -60.0, float("nan")))
    result = label(labeller, [good, nobox, small, away, below], tmp_path / "set", LOOSE)
    assert result.kept == 1
    assert result.left_out == {"no box": 1, "small": 1, "turned away": 2}
    strict = replace(LOOSE, spread=1e-6)
    with pytest.raises(
        InputError, match=r"expected faces that the networks agree on, got none: {'views differ': 1}"
    ):
        label(labeller, [good], tmp_path / "none", strict)
    assert not (tmp_path / "none").exists()
    with pytest.raises(InputError, match="elsewhere"):
        label(labeller, [good], tmp_path / "none", replace(LOOSE, overlap=0.999))


def test_a_folder_that_exists_is_not_touched(labeller, tmp_path):
    (tmp_path / "set").mkdir()
    with pytest.raises(DataError, match="exists already"):
        label(labeller, faces(1), tmp_path / "set", LOOSE)


def test_of_photos_only_the_faces_that_nobody_annotated_are_taken(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((50, 60, 3), np.uint8))
    kinds = [("landmarks", "train"), ("detector", "train"), ("detector", "test")]
    images = [
        {
            "file": "a.png",
            "width": 60,
            "height": 50,
            "split": split,
            "source": "wider",
            "faces": [{"box_xyxy": [5, 5, 45, 45], "kind": kind, "score": 0.9}],
        }
        for kind, split in kinds
    ]
    (tmp_path / "annotations.json").write_text(json.dumps({"images": images}))
    found = list(faces_of(tmp_path))
    assert [face.box for face in found] == [BBox(5, 5, 45, 45)]
    assert not found[0].has_landmarks
    assert found[0].source == "wider/a.png"


def test_networks_of_two_schemes_do_not_label_together(trained, tmp_path):
    from tests import tiny_fit

    tiny_fit.register()
    config = TrainConfig(network="tiny", size=32).to_dict()
    write_arrays(tmp_path / "98.npz", tiny_fit.drawn_weights(n_points=98), {"config": config, "scheme": "wflw98"})
    with pytest.raises(InputError, match="expected one landmark scheme, got ibug68, wflw98"):
        Labeller([trained[1], tmp_path / "98.npz"])


def test_the_command_labels_and_fit_trains_on_it(trained, tmp_path, capsys):
    from tests import tiny_fit
    from train.__main__ import main

    tiny_fit.register()
    data, weights = trained
    labels = ["--spread", "1", "--overlap", "0", "--side", "10"]
    assert main(["label", str(weights), "--source", str(data), "--out", str(tmp_path / "more"), *labels]) == 0
    printed = capsys.readouterr().out
    assert "more: 12 faces; left out: none" in printed
    assert "own landmarks differ by" in printed
    fit = ["fit", str(data), "--shape-model", str(data / "shape.npz"), "--out", str(tmp_path / "run")]
    for setting in ("network=tiny", "size=32", "batch=4", "epochs=2", "warmup_epochs=1", "extra_share=0.5"):
        fit += ["--set", setting]
    assert main([*fit, "--extra", str(tmp_path / "more")]) == 0
    assert main(["side-shift", str(data), str(weights), "--out", str(tmp_path / "shift.npz")]) == 0
    printed = capsys.readouterr().out
    assert "labels of 12 faces" in printed
    assert re.search(r"^  all points: [+-]\d+\.\d\d \| [+-]\d+\.\d\d$", printed, re.MULTILINE)
    assert re.search(r"^  jaw: ", printed, re.MULTILINE)
    shifted = [*fit, "--out", str(tmp_path / "run2"), "--side-shift", str(tmp_path / "shift.npz")]
    assert main([*shifted, "--extra", str(tmp_path / "more")]) == 0
    assert (
        main(["label", str(weights), "--source", str(data), "--out", str(tmp_path / "x"), "--ridge", "r.npz"]) == 2
    )
    assert "--outside POINTS together with --ridge" in capsys.readouterr().err
    from train.checkpoint import read_arrays

    assert read_arrays(tmp_path / "run" / "best.npz")[1]["data"] == "drawn, 12 faces; more, 12 faces"
    assert main(fit) == 2
    assert "expected them together with a share" in capsys.readouterr().err


def with_columns(data: Path, **columns: np.ndarray) -> None:
    """Add columns to the table of a packed set."""
    from train.prepare import write_columns

    with np.load(data / "annotations.npz") as archive:
        table = {name: archive[name] for name in archive.files}
    write_columns(data / "annotations.npz", {**table, **columns})


def test_points_of_a_sets_own_markup_are_one_more_opinion(labeller, trained, tmp_path, capsys):
    from tests.packed_set import write_packed_set
    from train.__main__ import main
    from train.labelling.native import native_points

    data = write_packed_set(tmp_path / "set", train=24, val=0, test=0)
    truth = np.stack([face.landmarks for face in read_packed(data, split="train")])
    other = (truth[:, 1:] + truth[:, :-1]) / 2 + np.float32(2.0)
    other[3] = np.nan
    with_columns(data, native67=other)
    points = native_points(data, "native67")
    assert len(points) == 23
    faces = read_packed(data, split="train")
    loose = replace(LOOSE, apart=9.0)
    alone = label(labeller, faces, tmp_path / "alone", loose)
    both = label(labeller, faces, tmp_path / "both", loose, native=points)
    assert alone.kept == both.kept == 24
    plain, more = (read_packed(tmp_path / name, split="train") for name in ("alone", "both"))
    assert plain[0].point_weights is None
    assert (more[3].point_weights == np.float32(0.4)).all()  # nobody else has an opinion of that face
    assert (more[0].point_weights < 1).any()
    assert both.nme_percent != alone.nme_percent
    own = labeller(faces[0].read_image(), BBox.around(faces[0].landmarks))[0]
    third = both_opinions(labeller, faces, points)[0]
    size = np.ptp((own + third) / 2, axis=0).max()
    written = more[0].landmarks - more[0].landmarks.mean(axis=0)
    expected = (own + third) / 2 - ((own + third) / 2).mean(axis=0)
    np.testing.assert_allclose(
        written / np.ptp(more[0].landmarks, axis=0).max(), expected / size, atol=1e-3
    )  # in pixels of its own crop
    words = ["label", str(trained[1]), "--source", str(data), "--out", str(tmp_path / "x"), "--native"]
    assert main([*words, "native99"]) == 2
    assert (
        "expected a column native99 of points (faces, m, 2); such columns are landmarks" in capsys.readouterr().err
    )
    limits = ["--spread", "1", "--overlap", "0", "--side", "10", "--apart", "9"]
    assert main([*words, "native67", *limits]) == 0
    again = read_packed(tmp_path / "x", split="train")
    np.testing.assert_array_equal(again[5].landmarks, more[5].landmarks)


def both_opinions(
    labeller: Labeller, faces: list[Sample], points: dict[str, np.ndarray]
) -> list[np.ndarray | None]:
    from train.labelling.native import refitted
    from train.labelling.ridge import file_of

    means = [labeller(face.read_image(), BBox.around(face.landmarks))[0] for face in faces]
    return refitted([points.get(file_of(face)) for face in faces], means)


def test_blended_labels_move_towards_the_teachers_and_val_stays(trained, tmp_path, capsys):
    from tests import tiny_fit
    from train.__main__ import main
    from train.labelling.blend import blended

    tiny_fit.register()
    data, weights = trained
    out = tmp_path / "blended"
    assert main(["blend", str(data), str(weights), "--out", str(out), "--share", "0.5"]) == 0
    assert "12 train faces, whose points moved by" in capsys.readouterr().out
    labeller = Labeller([weights])
    before, after = (read_packed(folder, split="train") for folder in (data, out))
    assert [face.subject for face in before] == [face.subject for face in after]
    for face, mixed in zip(before, after, strict=True):
        taught = labeller(face.read_image(), BBox.around(face.landmarks))[0]
        np.testing.assert_allclose(mixed.landmarks, blended(face.landmarks, taught, IBUG68, share=0.5), atol=1e-3)
        np.testing.assert_array_equal(face.read_image(), mixed.read_image())
    held = [read_packed(folder, split="val") for folder in (data, out)]
    for face, same in zip(*held, strict=True):
        np.testing.assert_array_equal(face.landmarks, same.landmarks)
    with np.load(out / "annotations.npz") as table:
        assert set(table["split_dev"]) == {"train", "val"}
    assert main(["blend", str(data), str(weights), "--out", str(out)]) != 0
    assert main(["blend", str(data), str(weights), "--out", str(tmp_path / "y"), "--share", "1.5"]) == 2
    assert "expected a share above 0" in capsys.readouterr().err
