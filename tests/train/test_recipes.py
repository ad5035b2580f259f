"""Every recipe trains: its network, losses, schedule and balancing, on small faces and narrow networks.

What is asserted holds on every processor: numbers are finite, gradients reach every layer, and the loss of a batch
falls along its gradient. Where a few steps of the recipe's own optimizer lead depends on the last bits of sums.
"""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import sys
from pathlib import Path
from typing import Any

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
HALVINGS = 30
"""Of the length of a step, until it lowers the loss; along the gradient of a smooth function some length must."""


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
def test_every_recipe_can_learn(path, packed, tmp_path):
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
    set_epoch(terms["loss"], 0, config.epochs)
    assert np.isfinite(model.train_on_batch(images, labels)).all()
    assert all(np.isfinite(np.asarray(v)).all() for v in model.trainable_variables)

    descent = Descent(model, terms, images, labels)
    loss, gradients = descent.gradients()
    assert silent_layers(model, gradients) == []
    for _ in range(STEPS):
        lower = descent.step(loss, gradients)
        assert lower < loss
        loss, gradients = descent.gradients()


class Descent:
    """Gradient descent on one batch without chance: nothing is dropped, batch statistics are the batch's own."""

    def __init__(self, model: Any, terms: dict[str, list[Any]], images: Any, labels: Any) -> None:
        import keras

        self._model, self._images = model, images
        self._terms = list(zip(terms["loss"], terms["loss_weights"], labels, strict=True))
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0

    def loss(self) -> Any:
        outputs = self._model(self._images, training=True)
        parts = zip(self._terms, outputs, strict=True)
        return sum(weight * term(true, found) for (term, weight, true), found in parts)

    def gradients(self) -> tuple[float, list[Any]]:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = self.loss()
        return float(loss), tape.gradient(loss, [v.value for v in self._model.trainable_variables])

    def step(self, loss: float, gradients: list[Any]) -> float:
        """Go down by the longest of the halved lengths that lowers the loss; the loss there."""
        variables = self._model.trainable_variables
        before = [np.asarray(v) for v in variables]
        rate = 0.1 / float(np.sqrt(sum(float((np.asarray(g) ** 2).sum()) for g in gradients)))
        for k in range(HALVINGS):
            for variable, value, gradient in zip(variables, before, gradients, strict=True):
                variable.assign(value - rate * 0.5**k * np.asarray(gradient))
            found = float(self.loss())
            if found < loss:
                return found
        raise AssertionError(f"no step down the gradient lowers the loss {loss}")


def silent_layers(model: Any, gradients: list[Any]) -> list[str]:
    """Layers that would not learn: all their gradients are missing or zero. Numbers that are not finite fail."""
    of_layer: dict[str, float] = {}
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        values = np.zeros(1) if gradient is None else np.asarray(gradient)
        assert np.isfinite(values).all(), variable.path
        layer = variable.path.rpartition("/")[0]
        of_layer[layer] = of_layer.get(layer, 0.0) + float(np.abs(values).sum())
    return [name for name, total in of_layer.items() if total == 0.0]


def test_a_layer_that_the_loss_does_not_see_is_found():
    import keras
    import tensorflow as tf

    image = keras.Input((4,))
    model = keras.Model(image, [keras.layers.Dense(2, name=n)(image) for n in ("seen", "unseen")])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(np.ones((1, 4)))[0] ** 2)
    assert silent_layers(model, tape.gradient(loss, [v.value for v in model.trainable_variables])) == ["unseen"]
