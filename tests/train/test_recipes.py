"""Every recipe trains: its network, losses, schedule and balancing, on small faces and narrow networks."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sdk.shape_model import ShapeModel
from tests import tiny_fit
from tests.fit_runs import write_data
from train.checkpoint import read_arrays, write_arrays
from train.config import TrainConfig, load_config
from train.datasets import read_packed

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

RECIPES = sorted((Path(__file__).resolve().parents[2] / "train" / "recipes").glob("*.toml"))
STEPS = 3


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    return write_data(tmp_path_factory.mktemp("data") / "drawn")


def smaller(path: Path, folder: Path) -> TrainConfig:
    """The recipe at 32 or 64 pixels, a few epochs of four faces at a time; a student learns from tiny teachers."""
    full = load_config(path)
    size = 64 if full.network.startswith(("cnn", "asmnet_code", "lite_code")) else 32
    rate = min(full.learning_rate, 2e-4 if full.network == "lite_code" else 1e-3)  # there is no warm-up here
    settings = [f"size={size}", "batch=4", "epochs=6", "warmup_epochs=0", f"learning_rate={rate}"]
    if not full.network.startswith(("efficientnet", "lite")):
        settings.append("width=0.35")
    if full.teachers.tough:
        tiny_fit.register()
        teacher = TrainConfig(network="tiny", size=size, margin=full.margin).to_dict()
        write_arrays(folder / "teacher.npz", tiny_fit.drawn_weights(size=size), {"config": teacher})
        settings += [f"teachers.{name}={folder / 'teacher.npz'}" for name in ("tough", "tolerant")]
    return load_config(path, settings)


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_every_recipe_learns(path, packed, tmp_path):
    import keras

    from train.losses import compile_arguments, set_epoch
    from train.setup import common_scheme, compiled, make_batches

    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    config = smaller(path, tmp_path)
    train = read_packed(packed, split="train")
    shape_model = ShapeModel.from_arrays(read_arrays(packed / "shape.npz")[0])
    scheme = common_scheme(train, shape_model)
    batches = make_batches(train, shape_model, config, scheme)
    terms = compile_arguments(shape_model, config.size, config.tasks)
    model = compiled(config, scheme, terms, len(batches))
    model.run_eagerly = True  # compiling EfficientNet-B3 takes a minute; compiled steps are tested in test_loop.py
    images, labels = batches[0]
    losses = []
    for epoch in range(STEPS):
        set_epoch(terms["loss"], epoch if epoch < STEPS - 1 else 0, config.epochs)  # the last as the first
        losses.append(float(model.train_on_batch(images, labels)[0]))
        model.reset_metrics()
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0], losses
    assert all(np.isfinite(np.asarray(v)).all() for v in model.trainable_variables)
