"""Other libraries: the protocol between processes, and scores with known answers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.face_sets import read_sets
from benchmarks.goals import OURS
from benchmarks.peers import command, environments
from benchmarks.peers.command import PEERS, measure, run_adapter
from benchmarks.peers.scoring import PeerRow, costs_table, score, standings, standings_table, to_table
from benchmarks.peers.sets import ImageSet, photo_sets
from benchmarks.records import ROOT, read_record
from sdk import BBox, FaceAligner, InputError, ModelFile, SdkError
from sdk.metrics import nme_interocular
from sdk.schemes import IBUG68
from sdk.testing import FixedDetector
from train.labelling.side_shift import SideShift

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.packed_set import write_packed_set


@pytest.fixture
def truth() -> np.ndarray:
    return (ModelFile.default().shape_model.mean * 60 + 150).astype(np.float32)


def test_scores_with_known_answers(truth):
    right, left = IBUG68.outer_eye_corners
    eyes = float(np.linalg.norm(truth[right] - truth[left]))
    off = truth.astype(float)
    off[:, 0] += 0.05 * eyes
    off[:17, 0] += 0.05 * eyes  # the jaw is twice as far off
    found = score([[off.tolist()], [], [(truth + 1000).tolist()]], [truth] * 3)
    assert (found["faces"], found["missed"], found["points"]) == (3, 2, 68)
    assert found["nme_51"] == pytest.approx(5.0)
    assert found["nme_68"] == pytest.approx((51 * 5 + 17 * 10) / 68)
    assert found["failure_rate_at_10"] == pytest.approx(2 / 3)
    assert found["ced_51"][-1] == pytest.approx(1 / 3)


def moved(faces: list[np.ndarray], right: float, down: float) -> list[list[list[list[float]]]]:
    """Answers that are off by shares of the outer-eye distance, one face to an image."""
    eyes = [float(np.linalg.norm(t[45] - t[36])) for t in faces]
    return [[(t + np.array([right, down]) * d).tolist()] for t, d in zip(faces, eyes, strict=True)]


def level(truth: np.ndarray) -> np.ndarray:
    """The face turned so that its eyes are level."""
    turn = truth[45] - truth[36]
    a = complex(*turn).conjugate() / abs(complex(*turn))
    return np.stack([truth[:, 0] * a.real - truth[:, 1] * a.imag, truth[:, 0] * a.imag + truth[:, 1] * a.real], 1)


def test_every_library_has_three_errors_of_68_and_of_51_points(truth):
    faces = [level(truth).astype(np.float32)] * 4
    labels = SideShift.between(np.stack(moved(faces, 0.02, 0.0))[:, 0], np.stack(faces), IBUG68, data="300W")
    found = score(moved(faces, 0.02, 0.03), faces, side_shift=labels)
    assert found["nme_68"] == pytest.approx(100 * np.hypot(0.02, 0.03), abs=1e-3)
    # labels that lie 2 % to the right are 2 % further from answers that do too, once they are put back
    assert found["nme_68_without_side"] == pytest.approx(100 * np.hypot(0.04, 0.03), abs=1e-3)
    assert found["nme_51_without_side"] == pytest.approx(found["nme_68_without_side"], abs=1e-3)
    assert found["nme_68_without_own_shift"] == pytest.approx(0.0, abs=1e-3)
    assert found["nme_51_without_own_shift"] == pytest.approx(0.0, abs=1e-3)
    assert (found["shift_right"], found["shift_down"]) == pytest.approx((2.0, 3.0), abs=1e-3)
    part = [[np.where(np.isin(np.arange(68), (60, 64))[:, None], -1e9, f).tolist() for f in x]
            for x in moved(faces, 0.02, 0.03)]  # fmt: skip
    of_66 = score(part, faces, side_shift=labels)
    assert of_66["nme_68"] is None
    assert "nme_68_without_own_shift" not in of_66
    assert of_66["nme_51_without_own_shift"] == pytest.approx(0.0, abs=1e-3)
    assert score([[]], [truth])["missed"] == 1


def test_the_shift_of_a_library_on_challenging_is_that_on_common(monkeypatch, truth):
    face = level(truth).astype(np.float32)
    answers = {"test_common": moved([face] * 4, 0.02, 0.0), "test_challenging": moved([face] * 4, 0.03, 0.0)}

    def fake(python, name, sets, options):
        runs = {s.name: [{"faces": answers[s.name], "ms": [1.0] * 4}] for s in sets}
        parts = [{"name": s.name, "mode": s.mode, "runs": runs[s.name]} for s in sets]
        return {"version": "1", "import_ms": 5.0, "peak_rss_mb": 9.0, "sets": parts}

    monkeypatch.setattr(command, "run_adapter", fake)
    monkeypatch.setattr(environments, "environment_for", lambda name: Path(sys.executable))
    monkeypatch.setattr(environments, "install_mb", lambda python: 7.0)
    sets = [ImageSet(name, "photo", ((Path("a"),) * 4,), (face,) * 4) for name in answers]
    rows = list(measure(["dlib"], sets, {}, turns=1, timed=False))
    assert [r.nme_68_without_own_shift for r in rows] == pytest.approx([0.0, 1.0], abs=1e-3)
    assert [r.shift_right for r in rows] == pytest.approx([2.0, 3.0], abs=1e-3)
    assert all(len(line.split(" | ")) == 14 for line in to_table(rows).splitlines()[2:])
    assert costs_table(rows) == ""


def test_of_several_faces_the_true_one_counts_and_absent_points_do_not(truth):
    part = truth.astype(float)
    part[[60, 64]] = -1e9
    found = score([[(truth + 400).tolist(), part.tolist()]], [truth])
    assert (found["missed"], found["points"], found["nme_68"]) == (0, 66, None)
    assert found["nme_51"] == pytest.approx(0.0, abs=1e-4)


def test_our_adapter_answers_through_the_protocol(tmp_path, astronaut, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), astronaut)
    box = BBox(168.0, 70.0, 278.0, 200.0)
    sets = [ImageSet("photos", mode, ((path, path),), ()) for mode in ("photo", "tracking")]
    sets.append(ImageSet("photos", "box", ((path, path),), (), ((box, box),)))
    answer = run_adapter(Path(sys.executable), OURS, sets, {})
    assert [s["mode"] for s in answer["sets"]] == ["photo", "tracking", "box"]
    for part in answer["sets"]:
        (run,) = part["runs"]
        assert np.shape(run["faces"]) == (2, 1, 68, 2)
        assert all(ms > 0 for ms in run["ms"])
    assert answer["import_ms"] > 0
    aligned = FaceAligner(detector=FixedDetector()).align(astronaut, box).landmarks
    np.testing.assert_allclose(answer["sets"][2]["runs"][0]["faces"][0][0], aligned, atol=2e-3)


def test_an_adapter_gets_its_own_options_alone(monkeypatch, tmp_path):
    jobs = []

    def answering(command, **_):
        jobs.append(json.loads(Path(command[2]).read_text()))
        Path(command[3]).write_text("{}")
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(command.subprocess, "run", answering)
    given = {"task": "a.task", "predictor": "p.dat", "model": "m.tflite"}
    for name in ("mediapipe face mesh", "mediapipe face landmarker", "dlib", OURS):
        run_adapter(Path(sys.executable), name, [], given)
    assert [job["options"] for job in jobs] == [
        {},
        {"task": "a.task"},
        {"predictor": "p.dat"},
        {"model": "m.tflite"},
    ]


@pytest.fixture
def data(tmp_path):
    write_packed_set(tmp_path / "300W", train=1, val=1, test=3)
    return tmp_path


def test_libraries_get_the_photos_and_boxes_of_our_own_accuracy(data):
    """Through our adapter, the same NME as `benchmarks accuracy` has from jittered boxes."""
    from benchmarks.accuracy import measure as accuracy

    aligner = FaceAligner(detector=FixedDetector())
    ours = next(r for r in accuracy(aligner, "0", data / "300W", ["test_common"], seed=3) if r.boxes == "jittered")
    photos, boxes = photo_sets(list(read_sets(data, splits=["test_common"])), seed=3)
    assert (photos.mode, photos.boxes, boxes.mode) == ("photo", (), "box")
    assert photos.sequences == boxes.sequences
    images = [cv2.imread(str(path)) for path in boxes.sequences[0]]
    found = [aligner.align(i, box).landmarks for i, box in zip(images, boxes.boxes[0], strict=True)]
    errors = nme_interocular(np.stack(boxes.truths), np.stack(found))
    assert float(errors.mean()) == pytest.approx(ours.nme_interocular)
    (every_other, _) = photo_sets(list(read_sets(data, splits=["test_common"], every=2)), seed=3)
    np.testing.assert_array_equal(every_other.truths[1], photos.truths[2])
    assert every_other.sequences[0] == photos.sequences[0][::2]


def test_accuracy_with_peers_records_both(data, monkeypatch, capsys):
    def fake(python, name, sets, options):
        runs = {s.mode: [{"faces": [[t.tolist()] for t in s.truths], "ms": [1.0] * len(s.truths)}] for s in sets}
        parts = [{"name": s.name, "mode": s.mode, "runs": runs[s.mode]} for s in sets]
        return {"version": "1", "import_ms": 5.0, "peak_rss_mb": 9.0, "sets": parts}

    monkeypatch.setattr(command, "run_adapter", fake)
    monkeypatch.setattr(environments, "environment_for", lambda name: Path(sys.executable))
    monkeypatch.setattr(environments, "install_mb", lambda python: 7.0)
    monkeypatch.chdir(data)  # no side shift lies here
    out = data / "accuracy.json"
    arguments = ["--data", str(data), "--splits", "test_common", "--peer", "dlib", "--with", "predictor=p.dat"]
    assert main(["accuracy", *arguments, "--out", str(out)]) == 0
    assert "| dlib 1 | box | test_common | 3 | 0 | 0.00 | - | 0.00 | 0.00 | - | 0.00 |" in capsys.readouterr().out
    record = read_record(out)
    assert {row["boxes"] for row in record["rows"]} == {"jittered", "jittered, refined", "detector"}
    assert [(row["peer"], row["mode"], row["p50_ms"]) for row in record["peers"]] == [
        ("dlib", "photo", None),
        ("dlib", "box", None),
    ]


def test_an_adapter_that_fails_is_named(tmp_path):
    with pytest.raises(SdkError, match=r"(?s)dlib: its adapter dlib_ert\.py failed: .*No module named 'dlib'"):
        run_adapter(Path(sys.executable), "dlib", [ImageSet("p", "photo", (), ())], {"predictor": "none"})


def test_rows_of_libraries_that_take_turns(monkeypatch, truth):
    order = []

    def fake(python, name, sets, options):
        order.append(name)
        run = {"faces": [[truth.tolist()]], "ms": [1.0]}
        parts = [{"name": s.name, "mode": s.mode, "runs": [run] * len(s.sequences)} for s in sets]
        return {"version": "1", "import_ms": 5.0 * len(order), "peak_rss_mb": 9.0, "sets": parts}

    monkeypatch.setattr(command, "run_adapter", fake)
    monkeypatch.setattr(environments, "environment_for", lambda name: Path(sys.executable))
    monkeypatch.setattr(environments, "install_mb", lambda python: 7.0)
    one, two = (Path("a"),), (Path("b"),)
    sets = [ImageSet("test_common", "photo", (one,), (truth,))]
    sets.append(ImageSet("clips", "tracking", (one, two), (truth,) * 2))
    rows = list(measure([OURS, "dlib"], sets, {}, turns=2, timed=True))
    assert order == [OURS, "dlib", OURS, "dlib"]
    assert [(r.peer, r.split) for r in rows] == [(OURS, "test_common"), (OURS, "clips"), ("dlib", "test_common")]
    assert (rows[0].p50_ms, rows[0].import_ms, rows[0].install_mb) == (1.0, 5.0, 7.0)
    assert len(to_table(rows).splitlines()) == 2 + 3
    (row, *_) = measure([OURS], sets, {}, turns=2, timed=False)
    assert (row.p50_ms, row.import_ms) == (None, None)


def test_standings_need_somebody_to_compare_with():
    row = PeerRow(OURS, "1", "photo", "s", 1, 0, 68, 5.0, 4.0, 0.0, None, None, None, None, None).to_dict()
    assert standings([row]) == []
    better = {**row, "peer": "x", "nme_51": 3.0, "missed": 1, "failure_rate_at_10": 0.5, "install_mb": 8.0}
    worse = {**better, "peer": "y", "nme_51": 3.5, "missed": 2}
    lines = standings([{**row, "install_mb": 9.0}, better, worse])
    assert [(s.where, s.ours, s.other, s.peer, s.verdict) for s in lines] == [
        ("s, photo", 4.0, 3.0, "x", "we do not"),
        ("s, photo", 0.0, 1.0, "x", "we lead"),
        ("s, photo", 0.0, 50.0, "x", "we lead"),
        ("process", 9.0, 8.0, "x", "we do not"),
    ]
    assert len(standings_table(lines).splitlines()) == 2 + 4
    # x is ahead by its convention alone
    level = standings([{**row, "nme_51_without_own_shift": 2.9}, {**better, "nme_51_without_own_shift": 3.0}])
    assert [s.verdict for s in level if s.what == "the same without own shift, %"] == ["we lead"]


@pytest.mark.parametrize("name", sorted(PEERS))
def test_every_library_has_its_adapter_and_pinned_requirements(name):
    peer = PEERS[name]
    assert (command.ADAPTERS / f"{peer.adapter}.py").is_file()
    if peer.environment != environments.RUNTIME:
        text = (environments.REQUIREMENTS / f"{peer.environment}.txt").read_text()
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert lines
        assert all("==" in line for line in lines)


def test_half_made_environments_are_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    commands = []

    def failing(call):
        commands.append(call)
        if "pip" in call:
            raise SdkError("no network")

    monkeypatch.setattr(environments, "_run", failing)
    for _ in range(2):
        with pytest.raises(SdkError, match="no network"):
            environments.environment_for("dlib")
    assert len(commands) == 4  # made anew, venv and pip, each time
    assert str(environments.REQUIREMENTS / "dlib.txt") in commands[-1]


def test_missing_files_and_data_are_named(tmp_path, capsys):
    assert main(["peers", "--data", str(tmp_path), "--peer", "dlib"]) == 2
    assert "dlib: expected --with predictor=..." in capsys.readouterr().err
    assert main(["peers", "--data", str(tmp_path), "--with", "predictor"]) == 2
    assert "expected NAME=VALUE" in capsys.readouterr().err
    with pytest.raises(InputError):
        command._given(["a="])
