"""Configuration: TOML, settings, and errors that name the key."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pathlib import Path

import pytest

from sdk import InputError, ModelFile
from train.config import Task, TrainConfig, config_from_dict, load_config

RECIPES = Path(__file__).resolve().parents[2] / "train" / "recipes"


def test_settings_override_the_file(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('network = "asmnet"\nepochs = 5\n[augment]\nflip = 0.0\nscale = [0.9, 1.1]\n')
    config = load_config(
        path,
        [
            "epochs=7",
            "pose.weight=3",
            "landmarks.loss=wing",
            "landmarks.options={w = 5.0}",
            "learning_rate=0.01",
            'pose.loss="pose_mse"',
        ],
    )
    assert (config.epochs, config.augment.flip, config.augment.scale) == (7, 0.0, (0.9, 1.1))
    assert (config.pose, config.learning_rate) == (Task("pose_mse", 3.0), 0.01)
    assert config.landmarks == Task("wing", 1.0, {"w": 5.0})


def test_a_config_survives_its_dictionary():
    assert config_from_dict(TrainConfig().to_dict()) == TrainConfig()


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda p: p.stem)
def test_every_recipe_names_a_network_and_losses_that_there_are(path):
    from train.losses import compile_arguments
    from train.networks import NETWORKS

    config = load_config(path)
    assert config.network in NETWORKS
    shape_model = ModelFile.default().shape_model
    assert len(compile_arguments(shape_model, config.size, config.tasks)["loss"]) == len(config.tasks)
    assert config.size % 64 == 0 or config.network not in ("cnn6", "cnn7")


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda p: p.stem)
def test_every_recipe_of_a_paper_names_its_source_and_what_differs(path):
    words = " ".join(line.lstrip("# ") for line in path.read_text(encoding="utf-8").splitlines())
    if path.stem not in ("asmnet_128", "accurate", "accurate_asm", "accurate_lite", "fast", "own_photos"):
        assert "Source" in words
        assert "differ" in words


def test_the_recipes_of_the_papers_are_there():
    names = {path.stem for path in RECIPES.glob("*.toml")}
    assert names >= {
        "asmnet_paper",
        "mobilenet_v2_asm",
        "acr_mobilenet_v2",
        "acr_efficientnet_b0",
        "acr_efficientnet_b3",
        "wing_cnn6",
        "wing_cnn7",
        "kd_tough",
        "kd_tolerant",
        "kd_mobilenet_v2",
    }
    assert load_config(RECIPES / "wing_cnn7.toml").balance_bins == 9
    assert load_config(RECIPES / "asmnet_paper.toml").landmarks.options["variance"] == 0.9


def test_the_pose_loss_decides_the_networks_pose_output():
    assert TrainConfig().pose_values == 3
    assert load_config(None, ["pose.loss=geodesic_euler"]).pose_values == 3
    assert load_config(None, ["pose.loss=geodesic_6d"]).pose_values == 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["epoch=3"], "unknown key epoch; known are"),
        (["augment.flop=1"], r"unknown key augment\.flop"),
        (["epochs=many"], "epochs: expected int, got 'many'"),
        (["epochs=0"], "epochs: expected 1 to"),
        (["augment.scale=[2.0, 1.0]"], r"augment.scale: expected low and high with 0.001 <= low <= high"),
        (["augment.jpeg_quality=[0, 50]"], r"jpeg_quality: .* 1 <= low <= high <= 100, got \(0.0, 50.0\)"),
        (["augment.low_resolution_factor=[0.5, 2.0]"], "low_resolution_factor: .* <= 1"),
        (["augment.jpeg=2"], "augment.jpeg: expected 0.0 to 1.0"),
        (["epochs"], "expected key=value"),
        (["augment=3"], "augment: expected a table"),
        (["landmarks.weight=2"], r"landmarks\.loss is missing"),
        (["schedule=linear"], "schedule: expected one of cosine, cyclic, constant"),
        (["landmarks.loss=kd"], "teachers.tough and teachers.tolerant together with landmarks.loss=kd"),
        (["teachers.tough=a.npz", "teachers.tolerant=b.npz"], "together with landmarks.loss=kd"),
        (["landmarks.loss=kd", "teachers.tough=a.npz"], "teachers: expected both tough and tolerant"),
        (["teachers.tender=a.npz"], r"unknown key teachers\.tender; known are teachers.tough"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(InputError, match=message):
        load_config(None, settings)


def test_wrong_files_are_named(tmp_path):
    with pytest.raises(InputError, match="not found"):
        load_config(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("epochs = = 3")
    with pytest.raises(InputError, match=r"bad\.toml: not valid TOML"):
        load_config(bad)
