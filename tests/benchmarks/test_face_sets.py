"""Sets of faces: their parts, twins under a mask, and what is said of them."""

from __future__ import annotations

import shutil
import sys
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.accuracy import AccuracyRow, Errors, measure_sets
from benchmarks.accuracy_tables import hard_faces_table, quantisation_table, whole_300w
from benchmarks.boxes import BOXES, REFINED
from benchmarks.face_sets import HELD_OUT, ask, is_held_out, read_set, read_sets
from benchmarks.offsets import own_shift
from benchmarks.options import outside_checkout
from benchmarks.records import read_record
from benchmarks.worst import worst
from sdk import FaceAligner
from sdk.errors import InputError
from sdk.metrics import nme_interocular
from sdk.testing import FixedDetector
from train.datasets import DataError

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.packed_set import write_packed_set

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = [f"p{i}" for i in range(40)]
HELD = [name for name in PEOPLE if zlib.crc32(name.encode()) % 5 == 0]


def rewrite(root: Path, **changed: np.ndarray) -> None:
    """A packed set with some columns changed or added."""
    with np.load(root / "annotations.npz") as table:
        columns = {name: table[name] for name in table.files} | changed
    with zipfile.ZipFile(root / "annotations.npz", "w") as archive:
        for name, column in columns.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, column)


@pytest.fixture
def data(tmp_path) -> Path:
    """300-W of two sources, infants with flags, and four people under masks, two of them held out."""
    write_packed_set(tmp_path / "300W", train=1, val=1, test=4)
    rewrite(tmp_path / "300W", subset=np.array(["x", "x", "helen_test", "lfpw_test", "lfpw_test", "helen_test"]))
    write_packed_set(tmp_path / "InfAnFace", train=1, val=1, test=3)
    flags = np.array([[0, 0, 0, 0]] * 3 + [[1, 0, 0, 0], [1, 0, 0, 1]], np.float32)
    rewrite(
        tmp_path / "InfAnFace", split=np.array(["infanface-train"] * 2 + ["infanface-test"] * 3), attributes=flags
    )
    write_masked(tmp_path / "Masked")
    return tmp_path


def write_masked(root: Path) -> None:
    write_packed_set(root, train=8, val=0, test=0)
    free = [name for name in PEOPLE if name not in HELD]
    with np.load(root / "annotations.npz") as table:
        landmarks, files = table["landmarks"], table["file"]
    for bare, masked in ((0, 1), (2, 3), (4, 5), (6, 7)):  # the mask: a box over mouth and chin
        image, points = cv2.imread(str(root / files[bare])), landmarks[bare]
        (left, _), (right, bottom) = points[2:15].min(axis=0), points[2:15].max(axis=0)
        cv2.rectangle(image, (int(left), int(points[33, 1])), (int(right), int(bottom)), (230, 230, 210), -1)
        cv2.imwrite(str(root / files[masked]), image)
        landmarks[masked] = points
    people = np.repeat([HELD[0], free[0], HELD[1], free[1]], 2)
    rewrite(root, landmarks=landmarks, subject=people, kind=np.array(["bare twin", "drawn mask"] * 4))


@pytest.fixture(scope="module")
def aligner() -> FaceAligner:
    return FaceAligner(detector=FixedDetector())


def test_parts_are_sources_and_flags(data):
    (common,) = read_sets(data, ["300W"], splits=["test_common"])
    assert {name: chosen.tolist() for name, chosen in common.parts().items()} == {
        "all": [True] * 4,
        "helen_test": [True, False, False, True],
        "lfpw_test": [False, True, True, False],
    }
    (infants,) = read_sets(data, ["InfAnFace"])
    parts = infants.parts()
    assert set(parts) == {"all", "turned", "tilted"}  # no face is occluded
    assert parts["turned"].tolist() == [False, True, True]


def test_masked_are_the_people_held_out_with_their_twins(data):
    faces = read_set(data / "Masked", HELD_OUT)
    assert [sample.subject for sample in faces.samples] == HELD[:2]
    assert [sample.path.name for sample in faces.samples] == ["001.png", "005.png"]
    assert [sample.path.name for sample in faces.twins] == ["000.png", "004.png"]
    assert [is_held_out(name) for name in PEOPLE] == [name in HELD for name in PEOPLE]


def test_the_figure_of_masked_is_the_distance_of_two_answers(data, aligner):
    faces = read_set(data / "Masked", HELD_OUT)
    answers = ask(aligner, faces, BOXES["jittered"], seed=0)
    distance = nme_interocular(*answers.pairs())
    assert (distance > 0.1).all()
    (row,) = [r for r in measure_sets(aligner, "", [faces]) if r.boxes == "jittered"]
    assert (row.nme_interocular, row.nme_interocular_median) == pytest.approx(
        (distance.mean(), np.median(distance))
    )
    assert row.nme_without_own_shift is None
    for sample, twin in zip(faces.samples, faces.twins, strict=True):  # nothing hides a face
        shutil.copy(twin.path, sample.path)
    (bare,) = [r for r in measure_sets(aligner, "", [faces]) if r.boxes == "jittered"]
    assert bare.nme_interocular == 0.0


def test_every_second_face_is_looked_at_from_the_box_that_it_has_among_all(data, aligner):
    (whole,), (half,) = (list(read_sets(data, ["300W"], splits=["test_common"], every=n)) for n in (1, 2))
    looked = [ask(aligner, faces, BOXES["jittered"], seed=3).faces for faces in (whole, half)]
    np.testing.assert_array_equal([f.landmarks for f in looked[0][::2]], [f.landmarks for f in looked[1]])


def test_parts_and_the_whole_agree(data, aligner):
    rows = measure_sets(aligner, "", list(read_sets(data, ["300W"], splits=["test_common"])))
    of = {row.part: row for row in rows if row.boxes == REFINED}
    for key in ("nme_interocular", "nme_without_own_shift"):
        both = [getattr(of[part], key) for part in ("helen_test", "lfpw_test")]
        assert getattr(of["all"], key) == pytest.approx(np.mean(both))
    assert [row.part for row in whole_300w(rows)] == ["all"] * 3


def test_shifts_are_printed_with_their_sign(data, aligner):
    """Answers moved to the image right and up by known shares of the outer-eye distance."""
    (faces,) = read_sets(data, ["300W"], splits=["test_common"])

    def moved(aligner, sample, image, rng):
        line = sample.landmarks[45] - sample.landmarks[36]
        across = np.array([-line[1], line[0]])
        return SimpleNamespace(landmarks=sample.landmarks + np.float32(0.02) * line - np.float32(0.01) * across)

    errors = Errors.of(ask(aligner, faces, moved, seed=0), None, None)
    assert 100 * own_shift(errors.plain) == pytest.approx(2 - 1j, abs=0.01)
    assert errors.nme == pytest.approx(100 * np.hypot(0.02, 0.01), abs=0.01)
    assert np.abs(errors.without_own_shift).max() < 1e-4


def test_the_command_prints_and_records_all_sets(data, capsys, monkeypatch):
    monkeypatch.chdir(data)  # no side shift lies here
    out = data / "out.json"
    model = ROOT / "models" / "fast_float32.tflite"
    integer = ROOT / "sdk" / "models" / "fast_int8.tflite"
    assert main(["accuracy", "--data", str(data), "--splits", "val", "--out", str(out),
                 "--model", str(integer), "--model", str(model)]) == 0  # fmt: skip
    printed = capsys.readouterr().out
    assert "| fast_int8 | InfAnFace test, turned | jittered, refined | 2 | 0 |" in printed
    assert "| fast | InfAnFace | jittered | " in printed
    record = read_record(out)
    rows = [AccuracyRow(**row) for row in record["rows"]]
    assert {row.faces_of for row in rows} == {
        "300W val", "InfAnFace test", "InfAnFace test, turned", "InfAnFace test, tilted", "Masked held out",
    }  # fmt: skip
    short = hard_faces_table(rows)
    assert len(short.splitlines()) == 2 + 2
    masked = next(r for r in rows if r.set == "Masked" and r.boxes == REFINED)
    assert short.splitlines()[2].endswith(f" {masked.nme_interocular_median:.2f} | {masked.nme_interocular:.2f} |")


def test_int8_minus_float_is_over_all_splits():
    def row(model: str, split: str, faces: int, nme: float) -> AccuracyRow:
        return AccuracyRow(model, "0" * 64, split, "jittered", faces, 0, nme, nme, 0.0, 0.5)

    rows = [row("a_int8", "x", 30, 4.0), row("a_int8", "y", 10, 6.0), row("b_int8", "x", 1, 1.0)]
    rows += [row("a_float32", "x", 30, 3.9), row("a_float32", "y", 10, 6.1)]
    assert quantisation_table(rows).splitlines()[2:] == ["| a | 300W | jittered | +0.050 | - |"]
    assert quantisation_table(rows[:3]) == ""


def test_wrong_sets_are_named(data):
    with pytest.raises(InputError, match=r"sets: expected some of 300W, InfAnFace, .*, got 'Helen'"):
        list(read_sets(data, ["Helen"]))
    with pytest.raises(InputError, match=r"splits: expected some of train, .*, got 'dev'"):
        list(read_sets(data, ["300W"], splits=["dev"]))
    with pytest.raises(InputError, match="every: expected 1 or more, got 0"):
        list(read_sets(data, ["300W"], every=0))
    rewrite(data / "Masked", subject=np.array(["nobody"] * 8))
    with pytest.raises(DataError, match="expected drawn masks and bare twins of people held out, got none"):
        list(read_sets(data, ["Masked"]))


def test_the_worst_faces_come_first_and_missed_ones_before_them(data, aligner):
    sets = list(read_sets(data, ["300W"], splits=["test_common"]))
    found = worst(aligner, sets, BOXES["jittered"], count=3)
    assert len(found) == 3
    assert [w.error for w in found] == sorted((w.error for w in found), reverse=True)
    missed = worst(aligner, sets, BOXES["detector"], count=9)
    assert [(w.error, w.found) for w in missed] == [(float("inf"), None)] * 4


def test_sheets_of_the_worst_are_written_outside_the_repository(data, tmp_path, capsys):
    model = ROOT / "sdk" / "models" / "fast_int8.tflite"
    arguments = ["worst", "--data", str(data), "--splits", "test_common", "--model", str(model), "--columns", "2"]
    assert main([*arguments, "--count", "3", "--out", str(tmp_path / "sheets")]) == 0
    assert sorted(p.name for p in (tmp_path / "sheets").iterdir()) == [
        f"{name}--fast_int8.png" for name in ("300W", "InfAnFace", "Masked")
    ]
    sheet = cv2.imread(str(tmp_path / "sheets" / "300W--fast_int8.png"))
    assert sheet.shape == (2 * 296, 2 * 296, 3)
    assert "%  00" in capsys.readouterr().out
    assert main([*arguments, "--out", str(ROOT / "docs" / "images")]) == 2
    assert "expected a place outside" in capsys.readouterr().err
    with pytest.raises(InputError, match="for research only"):
        outside_checkout(ROOT)


@pytest.mark.parametrize(
    "command",
    [
        ("sheet", "--data", "{data}", "--split", "val", "--out", "{root}/sheet.png"),
        ("detection", "--data", "{data}", "--sheet", "{root}/docs/sheet.png"),
    ],
    ids=lambda command: command[0],
)
def test_no_sheet_of_the_face_data_goes_into_the_repository(data, command, capsys):
    assert main([word.format(data=data, root=ROOT) for word in command]) == 2
    assert "photos of the face data are for research only" in capsys.readouterr().err
    assert not (ROOT / "sheet.png").exists()
