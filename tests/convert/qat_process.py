"""Fine-tuning in a process of its own; prints JSON. python -m tests.convert.qat_process networks | runs FOLDER"""

from __future__ import annotations

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["KERAS_BACKEND"] = "tensorflow"

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

NETWORKS = {
    "asmnet": (32, {"width": 0.35}),
    "mobilenet_v2": (32, {"width": 0.35}),
    "cnn6": (32, {"width": 0.1}),
    "cnn7": (64, {"width": 0.1}),
    "efficientnet_b0": (32, {}),
    "asmnet_joint": (32, {"width": 0.25}),
    "asmnet_code": (32, {"width": 0.25}),
    "lite_joint": (32, {}),
}


def networks() -> dict[str, Any]:
    """What each network becomes on int8 grids."""
    return {name: one_network(name, size, options) for name, (size, options) in NETWORKS.items()}


def one_network(name: str, size: int, options: dict[str, Any]) -> dict[str, Any]:
    import tensorflow as tf
    import tf_keras

    from train.networks import build_network
    from train.quantisation_plan import plan_of
    from train.quantised import calibrated_ranges, plain_copy, quantised

    tf_keras.utils.set_random_seed(0)
    network = plain_copy(build_network(tf_keras, name, size=size, dropout=0.0, **options))
    images = np.random.default_rng(0).random((4, size, size, 3), np.float32)
    for layer in network.layers:
        if isinstance(layer, tf_keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(images, training=True)  # batch statistics as training leaves them: otherwise activations fade
    plan = plan_of(network)
    ranges = calibrated_ranges(network, plan, [images])
    before = network(images, training=False)[0].numpy()
    target = quantised(network, plan)
    target.set_ranges(ranges)
    with tf.GradientTape() as tape:
        after = target.network(images, training=False)[0]
        loss = tf.reduce_mean(after**2) + tf.reduce_mean(target.network(images, training=False)[1] ** 2)
    gradients = tape.gradient(loss, target.network.trainable_variables)
    return {
        "weights": len(plan.weights),
        "observed": len(plan.observed),
        "moved": float(np.abs(after.numpy() - before).mean() / before.std()),
        "gradients": [g is not None and bool(np.isfinite(g.numpy()).all()) for g in gradients],
    }


def runs(folder: Path) -> dict[str, Any]:
    """A whole run, one that was stopped after its first epoch, and the same gone on with."""
    from sdk.shape_model import ShapeModel
    from train import fine_tuning_run
    from train.checkpoint import read_arrays
    from train.datasets import read_packed
    from train.fine_tuning import fine_tune
    from train.qat import QatConfig

    train, val = (read_packed(folder / "data", split=split) for split in ("train", "val"))
    shape_model = ShapeModel.from_arrays(read_arrays(folder / "shape.npz")[0])
    config = QatConfig(epochs=2, moving_epochs=1, calibration_batches=2, learning_rate=1e-3)

    def run(name: str) -> Any:
        return fine_tune(folder / "float.npz", train, val, shape_model, config, folder / name)

    whole = run("whole")
    save, count = fine_tuning_run.Run._save_state, iter(range(100))

    def stop(self: Any) -> None:
        save(self)
        if next(count) == 1:
            raise KeyboardInterrupt

    fine_tuning_run.Run._save_state = stop
    with suppress(KeyboardInterrupt):
        run("stopped")
    fine_tuning_run.Run._save_state = save
    epochs = len(read_arrays(folder / "stopped" / "last.npz")[1]["history"]) - 1
    resumed = run("stopped")
    emulated(folder / "whole" / "best.npz", folder / "emulated.npz", val)
    return {
        "float": whole.real,
        "best": [whole.best, resumed.best],
        "epochs_when_stopped": epochs,
    }


def emulated(weights: Path, out: Path, val: Any) -> None:
    """Answers of the fine-tuned network on its grids and without them."""
    from train.batches import jittered_crops, network_input
    from train.checkpoint import read_arrays
    from train.fine_tuning import _read
    from train.qat import RANGE
    from train.quantisation_plan import plan_of
    from train.quantised import quantised

    network, config, _ = _read(weights)
    arrays = read_arrays(weights)[0]
    crops, _ = jittered_crops(val, size=config.size, margin=config.margin)
    real = network.predict(network_input(crops), verbose=0)[0]
    plan = plan_of(network)
    target = quantised(network, plan)
    target.set_ranges({name: tuple(map(float, arrays[RANGE.format(name)])) for name in plan.observed})
    rounded = target.network.predict(network_input(crops), verbose=0)[0]
    np.savez(out, crops=crops, real=real, rounded=rounded)


if __name__ == "__main__":
    print(json.dumps(networks() if sys.argv[1] == "networks" else runs(Path(sys.argv[2]))))
