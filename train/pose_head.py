"""Command line: python -m train fit-pose. The pose layer of a trained network, fitted anew to measured poses.

A training on faces whose poses were fitted to their landmarks learns these poses, shallow in pitch as they are.
The pose is a linear function of the last features, so that few faces with measured poses suffice to correct it,
and landmarks stay as they are to the last bit. Ridge regression: Hoerl and Kennard, Technometrics 12, 1970.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from train.backend import add_backend, choose_backend

Float64 = npt.NDArray[np.float64]

RIDGE = 1e-3
"""Of features brought to a spread of one, for each view."""


@dataclass(frozen=True, slots=True)
class Views:
    """Augmented faces: features (views, m) of the network and poses (views, 3) in units of 90 degrees."""

    features: Float64
    poses: Float64

    def mae_deg(self, kernel: npt.ArrayLike, bias: npt.ArrayLike) -> list[float]:
        """Mean absolute error of a layer's yaw, pitch and roll."""
        from sdk.pose import POSE_UNIT_DEG

        errors = self.features @ np.asarray(kernel, np.float64) + np.asarray(bias, np.float64) - self.poses
        return [float(v) for v in POSE_UNIT_DEG * np.abs(errors).mean(axis=0)]


def ridge(views: Views, strength: float = RIDGE) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Kernel (m, 3) and bias (3,) of least squares, held near zero."""
    mean, spread = views.features.mean(axis=0), views.features.std(axis=0) + 1e-6
    scaled, centre = (views.features - mean) / spread, views.poses.mean(axis=0)
    square = scaled.T @ scaled + strength * len(scaled) * np.eye(scaled.shape[1])
    kernel = np.linalg.solve(square, scaled.T @ (views.poses - centre)) / spread[:, None]
    return kernel.astype(np.float32), (centre - mean @ kernel).astype(np.float32)


def add_fit_pose(commands: Any) -> None:
    """The parser of `fit-pose`."""
    parser = commands.add_parser(
        "fit-pose",
        help="fit the pose layer of a trained network anew, to faces whose poses were measured",
        description="Fit the pose layer of a best.npz to the faces of DATA and of the extra sets, and write the "
        "network with it. Landmarks stay as they are (docs/training.md).",
        epilog="Example: python -m train fit-pose run/best.npz DATA/300W --shape-model shape_model.npz "
        "--extra labelled/Pointing04 --out posed.npz",
    )
    parser.add_argument("weights", type=Path, help="best.npz of python -m train fit, its pose_mse loss")
    parser.add_argument("data", type=Path, help="the packed set that it was trained on")
    parser.add_argument("--shape-model", type=Path, required=True, help="what fit-shape wrote")
    parser.add_argument("--extra", type=Path, required=True, metavar="SET", help="a packed set with head poses")
    parser.add_argument("--share", type=float, default=1.0, help="as extra_share of fit (default %(default)s)")
    parser.add_argument("--epochs", type=int, default=4, help="views of each face (default %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    add_backend(parser)
    parser.set_defaults(run=_fit_pose)


def _fit_pose(options: argparse.Namespace) -> None:
    choose_backend(options)
    from sdk.shape_model import ShapeModel
    from train.checkpoint import read_arrays, write_arrays
    from train.datasets import read_packed
    from train.fingerprint import check_shape_model
    from train.trained import load_trained

    network, config, note = load_trained(options.weights)
    weights = dict(read_arrays(options.weights)[0])
    if config.pose.loss != "pose_mse":
        raise InputError(f"{options.weights}: expected a network trained with pose_mse, got {config.pose.loss}")
    shape_model = ShapeModel.from_arrays(read_arrays(options.shape_model)[0])
    check_shape_model(options.shape_model, shape_model, options.weights, note)
    config = replace(config, extra_share=options.share)
    train, extra = (read_packed(path, split="train") for path in (options.data, options.extra))
    views = look(network, config, shape_model, train, extra, options.epochs)
    kernel, bias = ridge(views)
    for name, layer in (("before", (weights["pose/0"], weights["pose/1"])), ("after", (kernel, bias))):
        print(f"{name}: yaw, pitch, roll MAE {', '.join(f'{v:.2f}' for v in views.mae_deg(*layer))} degrees")
    fitted = {"extra": options.extra.name, "faces": len(extra), "share": options.share, "ridge": RIDGE}
    write_arrays(options.out, weights | {"pose/0": kernel, "pose/1": bias}, note | {"pose_fit": fitted})
    print(f"wrote {options.out}")


def look(network: Any, config: Any, shape_model: Any, train: Any, extra: Any, epochs: int) -> Views:
    """Augmented views of all faces as training shows them, and what the pose layer of the network sees of them."""
    import keras

    from train.batches import TrainingBatches

    trunk = keras.Model(network.input, network.get_layer("pose").input)
    batches = TrainingBatches(train, shape_model, config, extra=extra)
    features, poses = [], []
    for batches.epoch in range(epochs):
        for index in range(len(batches)):
            images, truth = batches[index]
            features.append(np.asarray(trunk.predict_on_batch(images), np.float64))
            poses.append(truth[1].astype(np.float64))
    return Views(np.concatenate(features), np.concatenate(poses))
