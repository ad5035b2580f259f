"""The training loop: learns, resumes exactly after a kill, and stops with a word when it cannot go on."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sdk import InputError, ModelFile
from sdk.schemes import IBUG68
from tests.fit_runs import (
    ROOT,
    TINY,
    command,
    environment,
    fit_arguments,
    fit_here,
    fit_stopped_after,
    history,
    run,
    write_data,
)
from train.checkpoint import CheckpointError, read_arrays, set_weights, weights_of, write_arrays

ASMNET = ["size=32", "width=0.35", "batch=4", "epochs=2", "warmup_epochs=1", "dropout=0.1"]
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    return write_data(tmp_path_factory.mktemp("data") / "drawn")


@pytest.fixture(scope="module")
def asmnet_run(packed, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "asmnet"
    text = run(command(*fit_arguments(packed, out, *ASMNET), module="train"))
    assert "done: best val NME" in text
    return out


@pytest.fixture(scope="module")
def tiny_run(packed, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "tiny"
    fit_here(packed, out)
    return out


@pytest.fixture
def copied(tiny_run, tmp_path) -> Path:
    return Path(shutil.copytree(tiny_run, tmp_path / "copied"))


def test_everything_is_written(asmnet_run):
    assert np.isfinite(history(asmnet_run)).all()
    assert {p.name for p in asmnet_run.iterdir()} == {"last.npz", "best.npz", "history.csv"}


def test_a_killed_run_goes_on_exactly_where_it_was(packed, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    settings = [*TINY, "epochs=40"]
    run(command(*fit_arguments(packed, whole, *settings)))
    curve = history(whole)
    assert curve[-1, 1] < 0.9 * curve[0, 1]  # over 120 steps of a small network, whatever the last bits are
    words = command(*fit_arguments(packed, killed, *settings))
    process = subprocess.Popen(
        words, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch 2/"):
            break
    time.sleep(0.05)  # somewhere inside a later epoch
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert 2 <= len(history(killed)) < 40
    assert "resuming after epoch" in run(words)
    np.testing.assert_allclose(history(killed), history(whole), rtol=1e-4)  # float32 sums in another order


def test_what_a_kill_while_writing_leaves_does_no_harm(packed, copied, tiny_run):
    (copied / "last.npz.part").write_bytes(b"half a file")
    (copied / "best.npz.part2").write_bytes(b"of another kill")
    (copied / "best.npz").unlink()
    result = fit_here(packed, copied)
    assert result.epochs == 3
    np.testing.assert_array_equal(history(copied), history(tiny_run))
    assert not list(copied.glob("*.part*"))


def test_sigterm_ends_a_training_as_ctrl_c_does(packed, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(
        command(*fit_arguments(packed, out, *TINY, "epochs=400")),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("epoch 2/"):
            process.send_signal(signal.SIGTERM)
    assert process.wait() == 143, text
    process.stdout.close()
    words = "the last whole epoch, if there is one, is kept, and the same command goes on from there (SIGTERM)"
    assert words in text
    assert "Traceback" not in text
    assert 2 <= len(history(out)) < 400
    assert not list(out.glob("*.part*"))


def test_a_full_disk_stops_with_a_word_and_the_run_goes_on_later(packed, tiny_run, tmp_path, monkeypatch):
    out, written = tmp_path / "full", []
    sync = os.fsync

    def fill_up(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > 3:  # best, last and history of the first epoch
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr("os.fsync", fill_up)
    with pytest.raises(CheckpointError, match=r"could not be written \(No space left on device\); the previous"):
        fit_here(packed, out)
    monkeypatch.undo()
    assert sorted(p.name for p in out.iterdir()) == ["best.npz", "history.csv", "last.npz"]
    assert read_arrays(out / "last.npz")[1]["epoch"] == 1
    fit_here(packed, out)
    np.testing.assert_allclose(history(out), history(tiny_run), rtol=1e-4)  # float32 sums in another order


def test_a_file_that_may_not_grow_is_an_error_of_one_line(packed, tmp_path):
    limited = ["bash", "-c", 'ulimit -f 200; exec "$@"', "limited"]  # 200 KiB: less than a checkpoint
    arguments = fit_arguments(packed, tmp_path / "out", "network=tiny", "size=32", "batch=4", "epochs=1")
    text = run([*limited, *command(*arguments)], status=2)
    errors = [line for line in text.splitlines() if line.startswith("error: ")]
    assert "best.npz: could not be written (File too large)" in errors[0]
    assert "Traceback" not in text


def test_another_configuration_is_not_mixed_in(packed, tiny_run):
    with pytest.raises(CheckpointError, match=r"another configuration \(differs in learning_rate\)"):
        fit_here(packed, tiny_run, "learning_rate=0.005")


def test_a_checkpoint_from_before_a_setting_goes_on_with_its_default(packed, copied):
    arrays, note = read_arrays(copied / "last.npz")
    for name in ("teachers", "mixed_precision"):
        del note["config"][name]
    write_arrays(copied / "last.npz", arrays, note)
    assert fit_here(packed, copied).epochs == 3
    with pytest.raises(CheckpointError, match="differs in mixed_precision"):
        fit_here(packed, copied, "mixed_precision=true")


def test_a_checkpoint_with_an_unknown_setting_is_of_a_newer_version(packed, copied):
    arrays, note = read_arrays(copied / "last.npz")
    note["config"]["sharpness"] = 3
    write_arrays(copied / "last.npz", arrays, note)
    with pytest.raises(CheckpointError, match=r"unknown key sharpness.*written by a newer version"):
        fit_here(packed, copied)


def test_a_loss_that_is_not_finite_stops_with_a_word(packed, tmp_path):
    from train.loop import TrainingError

    with pytest.raises(TrainingError, match=r"loss is (inf|nan) in epoch 1, batch .*Lower learning_rate"):
        fit_here(packed, tmp_path / "nan", "landmarks.loss=l2", "landmarks.weight=3e38")
    assert not (tmp_path / "nan").exists()


def test_weights_that_are_not_finite_never_reach_a_checkpoint(packed, tmp_path, monkeypatch):
    from train.loop import TrainingError
    from train.run import Run

    check = Run.on_train_batch_end

    def spoil_the_last_step_of_the_second(self, batch, logs=None):
        check(self, batch, logs)
        if (self.epoch, batch) == (1, 2):  # its loss was still finite
            kernel = self.model.trainable_variables[0]
            kernel.assign(np.full(kernel.shape, np.nan, np.float32))

    monkeypatch.setattr(Run, "on_train_batch_end", spoil_the_last_step_of_the_second)
    out = tmp_path / "bad"
    with pytest.raises(
        TrainingError, match=r"weights are not finite after epoch 2; .*last\.npz holds the last good"
    ):
        fit_here(packed, out)
    assert read_arrays(out / "last.npz")[1]["epoch"] == 1


def test_predictions_that_are_not_finite_stop_with_a_word(packed, tmp_path, monkeypatch):
    from train.loop import TrainingError
    from train.run import Validation

    measured = Validation.errors
    values = iter([None, (float("nan"), 0.0)])
    monkeypatch.setattr(Validation, "errors", lambda self, network: next(values) or measured(self, network))
    with pytest.raises(TrainingError, match=r"NME on val is nan after epoch 2; .*last\.npz holds the last good"):
        fit_here(packed, tmp_path / "bad")
    assert read_arrays(tmp_path / "bad" / "last.npz")[1]["epoch"] == 1


def test_measuring_seldom_changes_nothing_else(packed, tiny_run, tmp_path):
    fit_here(packed, tmp_path / "seldom", "evaluate_every=2")
    seldom, each = history(tmp_path / "seldom"), history(tiny_run)
    np.testing.assert_allclose(seldom[:, :3], each[:, :3], rtol=1e-4)  # float32 sums in another order
    np.testing.assert_allclose(seldom[1:, 3], each[1:, 3], rtol=1e-4)
    assert np.isnan(seldom[0, 3])
    assert read_arrays(tmp_path / "seldom" / "best.npz")[1]["epoch"] in (2, 3)


def test_a_damaged_checkpoint_is_named(packed, copied):
    whole = (copied / "last.npz").read_bytes()
    (copied / "last.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match=r"last\.npz: expected a file written by python -m train"):
        fit_here(packed, copied)


def test_a_checkpoint_without_a_variable_is_refused(packed, copied):
    arrays, note = read_arrays(copied / "last.npz")
    del arrays["optimizer/3"]
    write_arrays(copied / "last.npz", arrays, note)
    with pytest.raises(CheckpointError, match=r"last\.npz: optimizer/3 is missing"):
        fit_here(packed, copied)


def test_a_missing_image_is_named(packed, tmp_path):
    copy = shutil.copytree(packed, tmp_path / "copy")
    (copy / "images" / "003.png").write_bytes(b"no image")
    text = run(command(*fit_arguments(copy, tmp_path / "out"), module="train"), status=2)
    assert "003.png: expected a readable image" in text


def test_missing_data_is_named(tmp_path):
    words = ["fit-shape", str(tmp_path / "nowhere"), "--out", str(tmp_path / "s.npz")]
    text = run(command(*words, module="train"), status=2)
    assert "annotations.npz: not found; expected the folder of a packed set" in text


def test_the_shape_model_must_fit_the_faces(packed, tmp_path):
    from train.datasets import read_packed
    from train.setup import common_scheme

    faces = read_packed(packed, split="train")

    class OfOtherPoints:
        mean = np.zeros((29, 2))

    with pytest.raises(InputError, match="expected the 68 points of ibug68, got 29; was it fitted to another set"):
        common_scheme(faces, OfOtherPoints())
    with pytest.raises(InputError, match="faces of one landmark scheme, got no faces"):
        common_scheme([], OfOtherPoints())


def test_weights_move_between_keras_and_files(asmnet_run):
    from train.loop import load_trained

    network, config, note = load_trained(asmnet_run / "best.npz")
    assert (config.size, note["epoch"] >= 1, note["scheme"]) == (32, True, "ibug68")
    weights = weights_of(network)
    stored, _ = read_arrays(asmnet_run / "best.npz")
    assert set(weights) == set(stored)
    del weights["landmarks/0"]
    with pytest.raises(CheckpointError, match=r"expected landmarks/0 of shape .* got None"):
        set_weights(network, weights)


def test_the_best_weights_have_the_nme_they_are_said_to_have(packed, tiny_run):
    from train.batches import jittered_crops, network_input
    from train.datasets import read_packed
    from train.loop import load_trained
    from train.run import Validation

    network, config, note = load_trained(tiny_run / "best.npz")
    crops, truth = jittered_crops(read_packed(packed, split="val"), size=config.size, margin=config.margin)
    nme = Validation(network_input(crops), truth, IBUG68).nme(network)
    assert nme == pytest.approx(note["val_nme"], rel=1e-5)
    assert nme == pytest.approx(history(tiny_run)[:, 3].min(), rel=1e-5)


def test_fine_tuning_starts_from_the_weights_given(packed, tiny_run, tmp_path, capsys):
    still = ["epochs=1", "learning_rate=1e-8", "weight_decay=0.0", "ema_momentum=0.0", "dropout=0.0"]
    weights = tiny_run / "best.npz"
    fit_here(packed, tmp_path / "tuned", *still, weights=weights)
    assert f"starting from {weights}" in capsys.readouterr().out
    before, _ = read_arrays(weights)
    after, note = read_arrays(tmp_path / "tuned" / "best.npz")
    for name in ("conv0/0", "landmarks/0"):
        np.testing.assert_allclose(after[name], before[name], atol=1e-6)  # three steps of Adam, at most 1e-8 each
    assert note["started_from"] == "best.npz"


def test_heads_of_another_shape_start_anew_only_when_asked(packed, tiny_run, tmp_path, capsys):
    weights = tiny_run / "best.npz"
    settings = ["epochs=1", "pose.loss=geodesic_6d"]
    with pytest.raises(CheckpointError, match=r"best\.npz: .*expected pose/0 of shape .*--new-heads"):
        fit_here(packed, tmp_path / "no", *settings, weights=weights)
    fit_here(packed, tmp_path / "yes", *settings, weights=weights, new_heads=True)
    assert "pose start anew" in capsys.readouterr().out
    with pytest.raises(CheckpointError, match="expected conv0/0"):
        fit_here(packed, tmp_path / "other", weights=_without(weights, "conv0/0", tmp_path), new_heads=True)


def _without(weights: Path, name: str, folder: Path) -> Path:
    arrays, note = read_arrays(weights)
    del arrays[name]
    write_arrays(folder / "less.npz", arrays, note)
    return folder / "less.npz"


def test_mixed_precision_computes_in_bfloat16_but_for_the_heads(packed, tmp_path):
    import keras

    from train.config import load_config
    from train.losses import compile_arguments
    from train.setup import compiled

    config = load_config(None, ["size=32", "network=tiny", "mixed_precision=true"])
    terms = compile_arguments(ModelFile.default().shape_model, 32, [config.landmarks, config.pose])
    network = compiled(config, IBUG68, terms, 3)
    dtypes = {layer.name: layer.compute_dtype for layer in network.layers}
    assert (dtypes["conv0"], dtypes["norm1"]) == ("bfloat16", "bfloat16")
    assert (dtypes["landmarks"], dtypes["pose"]) == ("float32", "float32")
    assert {variable.dtype for variable in network.trainable_variables} == {"float32"}
    assert keras.mixed_precision.dtype_policy().name == "float32"
    fit_here(packed, tmp_path / "mixed", "mixed_precision=true", "epochs=2")
    assert np.isfinite(history(tmp_path / "mixed")).all()


def test_gradients_are_clipped_and_norms_and_biases_do_not_decay():
    from train.config import load_config
    from train.losses import compile_arguments
    from train.setup import compiled

    config = load_config(None, ["size=32", "network=tiny", "clip_norm=0.5", "schedule=cyclic"])
    terms = compile_arguments(ModelFile.default().shape_model, 32, [config.landmarks, config.pose])
    network = compiled(config, IBUG68, terms, 10)
    optimizer = network.optimizer
    assert optimizer.global_clipnorm == 0.5
    decays = {v.path: optimizer._use_weight_decay(v) for v in network.trainable_variables}
    assert decays == {path: path.endswith("kernel") for path in decays}
    assert type(optimizer._learning_rate).__name__ == "CosineDecayRestarts"


@pytest.mark.parametrize(
    "settings", [["schedule=cyclic", "balance_bins=9"], ["schedule=constant", "landmarks.loss=acr"]], ids="/".join
)
def test_other_settings_train_and_go_on_exactly(packed, tmp_path, settings, monkeypatch):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    fit_here(packed, whole, *settings)
    fit_stopped_after(2, monkeypatch, packed, broken, *settings)
    fit_here(packed, broken, *settings)
    np.testing.assert_allclose(history(broken), history(whole), rtol=1e-4)  # float32 sums in another order


def test_maps_learn_beside_their_means_and_the_average_follows_by_name(packed, tmp_path):
    """A third output must not change the order of the weights, by which the average is taken over."""
    from train.config import load_config
    from train.losses import compile_arguments
    from train.setup import compiled
    from train.trained import build, load_trained

    settings = ["network=asmnet_joint", "size=32", "width=0.25", "maps.loss=cell_entropy", "maps.weight=0.5"]
    config = load_config(None, settings)
    terms = compile_arguments(ModelFile.default().shape_model, config.size, config.tasks)
    model = compiled(config, IBUG68, terms, 4)
    assert [tuple(shape)[1:] for shape in model.output_shape] == [(136,), (3,), (68, 16)]
    plain = build(config, 68)
    assert [v.path for v in model.trainable_variables] == [v.path for v in plain.trainable_variables]
    result = fit_here(packed, tmp_path, *settings)
    assert result.epochs == 3
    assert len(load_trained(result.weights)[0].outputs) == 2


def test_a_network_without_maps_cannot_train_them(packed, tmp_path):
    with pytest.raises(InputError, match="config maps: tiny has no probability maps that could learn"):
        fit_here(packed, tmp_path, "maps.loss=cell_entropy", "maps.weight=0.5")
