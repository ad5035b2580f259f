"""Ablations: runs as `fit` trains them, comparisons by hand, records that give their tables again."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import dataclasses
import json
import math
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sdk import InputError
from tests import tiny_fit
from tests.fit_runs import fit_here, history, write_data
from train.__main__ import main
from train.ablation.command import TABLE
from train.ablation.earlier import read_earlier
from train.ablation.noise import difference, groups, seed_noise
from train.ablation.pictures import pictures
from train.ablation.report import claims_table, noise_table, rows_of, runs_table, to_json, to_record, verdicts
from train.ablation.row import RunRow
from train.ablation.table import Ablation, Claim, load_ablation
from train.checkpoint import read_arrays
from train.config import Task, TrainConfig
from train.run_folder import jsonable

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TEXT = """
[base]
network = "tiny"
size = 32
batch = 4
epochs = 2
warmup_epochs = 1
dropout = 0.0
landmarks = { loss = "l2", weight = 100.0 }

[runs.l2]
[runs.wing]
landmarks = { loss = "wing" }
[runs.l2_again]
seed = 2

[[claims]]
text = "Wing is better than L2"
source = "a paper"
better = "wing"
than = "l2"
"""


def table(path: Path, text: str = TEXT) -> Path:
    path.write_text(text)
    return path


def row(name: str, nme: float, *, seed: int = 1, loss: str = "l2") -> RunRow:
    config = jsonable(TrainConfig(seed=seed, landmarks=Task(loss)))
    figures = {"nme_interocular": nme, "failure_rate_at_10": 0.1, "auc_at_10": 0.5}
    return RunRow(
        run=name,
        config=config,
        commit="unknown",
        weights_sha256="",
        epochs=2,
        faces_per_epoch=9,
        parameters=1_430_000,
        seconds_per_epoch=9.6,
        slopes=[4.0, 4.0],
        loss=[2.0, 1.0],
        landmarks={"val": figures, "full": {**figures, "nme_interocular": nme + 1}},
        pose_mae_deg={"val": [1.0, 2.0, 3.0], "full": [4.0, 5.0, 6.0]},
        nme={"val": [nme] * 3, "full": [nme + 1] * 4},
    )


ROWS = [row("a", 5.0), row("b", 4.0, loss="wing"), row("c", 5.4, seed=2), row("d", 4.2, seed=2, loss="wing")]
CLAIM = Claim("Wing is better", "a paper", better="b", than="a")


def test_a_run_is_the_base_and_what_it_changes(tmp_path):
    ablation = load_ablation(table(tmp_path / "t.toml"))
    assert list(ablation.runs) == ["l2", "wing", "l2_again"]
    assert ablation.runs["wing"].landmarks == Task("wing")  # the base's weight does not stay behind
    assert ablation.runs["l2_again"] == dataclasses.replace(ablation.runs["l2"], seed=2)
    assert ablation.claims == (Claim("Wing is better than L2", "a paper", better="wing", than="l2"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[base]\nepochs = 3", r"expected tables \[runs.NAME\]"),
        ("[run.a]", "unknown table run; known are base, runs, claims, anew"),
        ("[runs.a]\nepoch = 3", "unknown key epoch"),
        (
            TEXT.replace('better = "wing"', 'better = "wings"'),
            "names the run 'wings'; known are l2, wing, l2_again",
        ),
        (TEXT.replace('source = "a paper"', ""), "claim: expected text, source, better, than, got text, better"),
    ],
)
def test_wrong_tables_are_named(tmp_path, text, message):
    with pytest.raises(InputError, match=rf"t\.toml: .*{message}"):
        load_ablation(table(tmp_path / "t.toml", text))


def test_the_papers_table_differs_in_one_thing_where_it_claims_something():
    from train.losses import LOSSES
    from train.networks import NETWORKS

    ablation = load_ablation(TABLE)
    assert all(c.network in NETWORKS and c.landmarks.loss in LOSSES for c in ablation.runs.values())
    for claim in ablation.claims:
        better, than = (ablation.runs[name].to_dict() for name in (claim.better, claim.than))
        changed = {key for key in better if better[key] != than[key]}
        assert len(changed - {"epochs", "evaluate_every"}) == 1, claim
        assert not changed & {"epochs", "evaluate_every"} or "step for step" in claim.text
    main_pair = [{**ablation.runs[name].to_dict(), "seed": 0} for name in ("asmnet_l2", "asmnet_asm")]
    seeds = [sum({**c.to_dict(), "seed": 0} == one for c in ablation.runs.values()) for one in main_pair]
    assert min(seeds) >= 2


def test_the_levers_differ_from_their_base_in_one_thing_and_have_two_seeds():
    from sdk import ModelFile
    from train.losses import compile_arguments
    from train.networks import NETWORKS

    ablation = load_ablation(TABLE.with_name("hard_faces.toml"))
    claimed = {name for claim in ablation.claims for name in (claim.better, claim.than)}
    assert {*claimed, *(f"{name}_2" for name in claimed)} == set(ablation.runs)
    for name in claimed:
        assert ablation.runs[f"{name}_2"] == dataclasses.replace(ablation.runs[name], seed=2)
        assert ablation.anew.get(name) == ablation.anew.get(f"{name}_2")
    for claim in ablation.claims:
        better, than = (ablation.runs[name].to_dict() for name in (claim.better, claim.than))
        assert len([key for key in better if better[key] != than[key]]) == 1, claim
    for config in ablation.runs.values():
        assert config.network in NETWORKS
        compile_arguments(ModelFile.default().shape_model, config.size, config.tasks)


def test_layers_that_start_anew_are_those_of_a_run(tmp_path):
    ablation = load_ablation(table(tmp_path / "t.toml", TEXT + '[anew]\nwing = ["landmarks"]\n'))
    assert ablation.anew == {"wing": ["landmarks"]}
    for bad in ('wings = ["landmarks"]', 'wing = "landmarks"'):
        with pytest.raises(InputError, match=r"t\.toml: ablation: anew: expected NAME = \[layers\] of a run"):
            load_ablation(table(tmp_path / "t.toml", TEXT + f"[anew]\n{bad}\n"))


def test_noise_between_seeds_by_hand():
    noise = seed_noise(ROWS, "val")
    assert noise is not None
    assert noise.freedom == 2
    assert noise.deviation == pytest.approx(math.sqrt((0.4**2 / 2 + 0.2**2 / 2) / 2))
    assert [[r.run for r in group] for group in groups(ROWS)] == [["a", "c"], ["b", "d"]]
    assert seed_noise(ROWS[:2], "val") is None


def test_a_difference_is_judged_by_the_noise():
    found = difference(ROWS, CLAIM, "val")
    assert found is not None
    assert found.value == pytest.approx(4.1 - 5.2)
    deviation = math.sqrt((0.4**2 / 2 + 0.2**2 / 2) / 2)
    assert found.limit == pytest.approx(4.303 * deviation, rel=1e-3)  # Student's t at 97.5 %, 2 degrees of freedom
    assert found.verdict == "holds"
    close = [row("b", 4.9, loss="wing"), *ROWS[:1], *ROWS[2:3]]
    judged = difference(close, CLAIM, "val")
    assert judged is not None
    assert judged.verdict == "within the noise"
    turned = difference(ROWS, Claim("", "", better="a", than="b"), "val")
    assert turned is not None
    assert turned.verdict == "the opposite holds"
    alone = difference(ROWS[:2], CLAIM, "val")
    assert alone is not None
    assert (alone.limit, alone.verdict) == (None, "unknown, without a second seed")
    assert difference(ROWS[:1], CLAIM, "val") is None


def test_a_record_gives_its_tables_again():
    ablation = Ablation({r.run: TrainConfig() for r in [*ROWS, row("e", 1.0)]}, (CLAIM,))
    record = json.loads(to_json(to_record(ablation, ROWS, command="python -m train ablation", diverged={})))
    assert rows_of(record) == ROWS
    assert record["unfinished"] == {"e": "not trained yet"}
    text = runs_table(record)
    assert "| a | 1 l2 | 1 | 4.0 | 5.00 | 6.00 | 10.0 | 0.500 | 4.0, 5.0, 6.0 | 10 | 1.43 M |" in text
    assert "| e | not trained yet |" in text
    assert "| Wing is better | a paper | -1.10 (±0.96) | -1.10 (±0.96) | holds |" in claims_table(record)
    assert verdicts(record) == "- **Holds**: Wing is better."
    assert "| a | 1, 2 | 5.00, 5.40 | 6.00, 6.40 |" in noise_table(record)
    assert "| deviation between seeds |  | 0.224 | 0.224 |" in noise_table(record)


def test_rows_of_an_earlier_record_are_taken_where_the_run_is_the_same(tmp_path):
    ablation = Ablation({r.run: TrainConfig(**_kept(r)) for r in ROWS}, (CLAIM,))
    record = to_record(ablation, [*ROWS, row("z", 3.0)], command="python -m train ablation", diverged={})
    record["environment"]["device"]["cpu"] = "another machine"
    del record["rows"][1]["config"]["mixed_precision"]  # written before the setting was known: it has its default
    record["rows"][2]["config"]["epochs"] = 7
    record["rows"][3]["config"]["sharpness"] = 7
    path = tmp_path / "r.json"
    path.write_text(to_json(record))

    found = read_earlier(path, ablation, train_faces=9, val_faces=3)
    assert list(found.rows.values()) == ROWS[:2]
    assert set(found.left) == {"c", "d", "z"}
    assert found.left["c"] == "another configuration: differs in epochs"
    assert "unknown key sharpness" in found.left["d"]
    assert found.left["z"] == "not in the table"
    (source,) = found.sources_of(["a"])
    assert (source["environment"]["device"]["cpu"], source["runs"]) == ("another machine", ["a"])

    record = to_record(ablation, list(found.rows.values()), command="", diverged={}, earlier=[source])
    path.write_text(to_json(record))
    again = read_earlier(path, ablation, train_faces=9, val_faces=3)  # a record of records keeps who measured what
    assert list(again.rows.values()) == ROWS[:2]
    assert [s["runs"] for s in again.sources_of(["a", "b"])] == [["a"], ["b"]]
    assert again.sources_of(["a"]) == [source]


def _kept(r: RunRow) -> dict[str, object]:
    return {"seed": r.config["seed"], "landmarks": Task(**r.config["landmarks"])}


@pytest.mark.parametrize(
    ("faces", "why"),
    [
        ({"train_faces": 9, "val_faces": 4}, "measured on 3 faces of val where there are 4"),
        ({"train_faces": 8, "val_faces": 3}, "trained on 9 faces where there are 8"),
    ],
)
def test_rows_of_other_faces_are_not_taken(tmp_path, faces, why):
    ablation = Ablation({"a": TrainConfig(**_kept(ROWS[0]))})
    path = tmp_path / "r.json"
    path.write_text(to_json(to_record(ablation, ROWS[:1], command="", diverged={})))
    found = read_earlier(path, ablation, **faces)
    assert (dict(found.rows), dict(found.left)) == ({}, {"a": why})


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"rows": [{"run": "a"}], "environment": {}}', '{"rows": []}'])
def test_an_earlier_record_that_is_none_is_named(tmp_path, text):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"--earlier .*r\.json: expected a record that python -m train ablation"):
        read_earlier(path, Ablation({"a": TrainConfig()}), train_faces=1, val_faces=1)


def test_lists_of_numbers_stand_in_one_line():
    text = to_json({"a": [1.0, -2.5e-3, 3], "b": ["x", "y"], "c": {"d": [[1], []]}})
    assert json.loads(text) == {"a": [1.0, -0.0025, 3], "b": ["x", "y"], "c": {"d": [[1], []]}}
    assert "[ 1.0, -0.0025, 3 ]" in text


def test_a_set_without_a_test_split_has_pictures_too():
    parts = ("landmarks", "pose_mae_deg", "nme")
    rows = [
        dataclasses.replace(row, **{name: {"val": getattr(row, name)["val"]} for name in parts}) for row in ROWS
    ]
    for content in pictures(rows, title="drawn").values():
        assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) is not None


def test_the_pictures_can_be_opened():
    for name, content in pictures(ROWS, title="drawn").items():
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None, name
        assert image.std() > 10


@pytest.mark.slow
def test_runs_are_those_of_fit_and_finished_ones_are_left_alone(tmp_path, capsys):
    tiny_fit.register()
    packed = write_data(tmp_path / "drawn")
    runs, out, plots = tmp_path / "runs", tmp_path / "ablation.json", tmp_path / "plots"
    words = ["ablation", str(packed), "--shape-model", str(packed / "shape.npz"), "--runs", str(runs)]
    words += ["--table", str(table(tmp_path / "t.toml"))]
    assert main([*words, "--only-finished"]) == 2
    assert "expected a finished run of t.toml, got none" in capsys.readouterr().err

    alone = ["epochs=2", "dropout=0.0", "landmarks.loss=l2", "landmarks.weight=100.0"]
    fit_here(packed, runs / "l2", *alone, "seed=1")
    fit_here(packed, tmp_path / "second", *alone, "seed=2")
    before = (runs / "l2" / "last.npz").read_bytes()
    assert main([*words, "--out", str(out), "--plots", str(plots)]) == 0
    assert (runs / "l2" / "last.npz").read_bytes() == before
    # Tolerance: float32 sums in another order.
    np.testing.assert_allclose(history(runs / "l2_again"), history(tmp_path / "second"), rtol=1e-4)

    record = json.loads(out.read_text())
    assert str(tmp_path) not in out.read_text()
    assert [r["run"] for r in record["rows"]] == ["l2", "wing", "l2_again"]
    for r in rows_of(record):
        measured = history(runs / r.run)
        assert r.landmarks["val"]["nme_interocular"] == pytest.approx(measured[:, 3].min(), rel=1e-4)
        assert np.mean(r.nme["val"]) == pytest.approx(r.landmarks["val"]["nme_interocular"], abs=1e-3)
        assert (r.faces_per_epoch, len(r.loss), len(r.pose_mae_deg["common"])) == (12, 2, 3)
    slope = {r.run: r.slopes for r in rows_of(record)}
    assert slope["l2"] == pytest.approx([4.0, 4.0], rel=1e-3)  # 100 times twice 2 %
    assert slope["wing"] == pytest.approx([10 / (2 + 0.64)] * 2, rel=1e-2)  # w / (ε + 2 % of 32 px)
    assert {p.name for p in plots.iterdir()} == {f"ablation_{n}.png" for n in ("nme", "curves", "ced")}
    assert record["claims"][0]["better"] == "wing"
    assert "earlier" not in record

    # Elsewhere, with a table that changed since:
    changed = table(tmp_path / "u.toml", TEXT.replace("seed = 2", "seed = 3"))
    words = [str(changed) if word == str(tmp_path / "t.toml") else word for word in words]
    elsewhere = ["--runs", str(tmp_path / "elsewhere"), "--earlier", str(out), "--out", str(tmp_path / "b.json")]
    capsys.readouterr()
    assert main([*words, *elsewhere]) == 0
    printed = capsys.readouterr().out
    assert "not taken from ablation.json: l2_again (another configuration: differs in seed)" in printed
    assert "taken from ablation.json: l2, wing" in printed
    assert [p.name for p in (tmp_path / "elsewhere").iterdir()] == ["l2_again"]
    both = json.loads((tmp_path / "b.json").read_text())
    assert both["rows"][:2] == record["rows"][:2]
    assert both["rows"][2] != record["rows"][2]
    assert both["earlier"] == [{"environment": record["environment"], "runs": ["l2", "wing"]}]


@pytest.mark.slow
def test_a_run_that_diverges_does_not_end_the_others(tmp_path, capsys):
    tiny_fit.register()
    packed = write_data(tmp_path / "drawn")
    text = TEXT.replace("[runs.l2]", '[runs.l2]\nlandmarks = { loss = "l2", weight = 3e38 }')
    words = ["ablation", str(packed), "--shape-model", str(packed / "shape.npz"), "--runs", str(tmp_path / "runs")]
    words += ["--table", str(table(tmp_path / "t.toml", text)), "--out", str(tmp_path / "a.json")]
    assert main(words) == 0
    assert "l2: loss is" in capsys.readouterr().out
    record = json.loads((tmp_path / "a.json").read_text())
    assert [r["run"] for r in record["rows"]] == ["wing", "l2_again"]
    assert "loss is" in record["unfinished"]["l2"]


@pytest.mark.slow
def test_runs_start_from_weights_and_further_sets_are_measured(tmp_path, capsys):
    tiny_fit.register()
    packed = write_data(tmp_path / "drawn")
    hard = write_data(tmp_path / "hard")
    fit_here(packed, tmp_path / "first", "epochs=2", "dropout=0.0")
    weights = tmp_path / "first" / "best.npz"
    still = TEXT.replace("epochs = 2", "epochs = 1\nlearning_rate = 1e-8\nwarmup_epochs = 0").replace(
        "warmup_epochs = 1\n", ""
    )
    words = ["ablation", str(packed), "--shape-model", str(packed / "shape.npz"), "--weights", str(weights)]
    words += ["--table", str(table(tmp_path / "t.toml", still + '[anew]\nwing = ["landmarks"]\n'))]
    words += ["--runs", str(tmp_path / "runs"), "--also", str(hard), "--out", str(tmp_path / "a.json")]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert f"starting from {weights}; landmarks start anew" in printed
    record = json.loads((tmp_path / "a.json").read_text())
    assert list(rows_of(record)[0].landmarks)[:2] == ["hard", "val"]
    assert [len(r.nme["hard"]) for r in rows_of(record)] == [4, 4, 4]
    assert {r.started_from for r in rows_of(record)} == {"best.npz"}
    there = read_arrays(weights)[0]
    for run, same in (("l2", True), ("wing", False)):
        kernel = read_arrays(tmp_path / "runs" / run / "best.npz")[0]["landmarks/0"]
        assert np.allclose(kernel, there["landmarks/0"], atol=1e-4) == same
    found = read_earlier(
        tmp_path / "a.json", load_ablation(tmp_path / "t.toml"), train_faces=12, val_faces=4, started_from=""
    )
    assert "started from best.npz where these start from random weights" in found.left["l2"]
    without = [word for word in words if word not in ("--weights", str(weights))]
    assert main(without) == 2
    assert "l2 started from best.npz, expected random weights; use another --runs" in capsys.readouterr().err
