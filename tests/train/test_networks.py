"""Shapes, sizes and figures of the networks, and the same weights under both Keras."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from sdk.errors import InputError
from train.checkpoint import read_arrays, weights_of, write_arrays
from train.networks import ASMNET_TAPS, NETWORKS, build_network, count_macs

# Keras 3.15's get_weights() on JAX, with numpy 2
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

ROOT = Path(__file__).resolve().parents[2]
SMALL = {
    "asmnet": {"size": 64, "width": 0.35},
    "mobilenet_v2": {"size": 64, "width": 0.35},
    "efficientnet_b0": {"size": 32},
    "efficientnet_b3": {"size": 32},
    "cnn6": {"size": 64, "width": 0.25},
    "cnn7": {"size": 64, "width": 0.25},
    "asmnet_flat": {"size": 32, "width": 0.25},
    "asmnet_maps": {"size": 32, "width": 0.25},
    "asmnet_joint": {"size": 32, "width": 0.25},
    "asmnet_code": {"size": 32, "width": 0.25},
    "asmnet_dgc": {"size": 64, "width": 0.25},
    "asmnet_simcc": {"size": 32, "width": 0.25},
    "asmnet_pip": {"size": 32, "width": 0.25},
    "lite_joint": {"size": 32},
    "lite_code": {"size": 32},
    "lite2_joint": {"size": 32},
}
FAST = ("asmnet", "mobilenet_v2", "cnn6", "cnn7", "asmnet_flat", "asmnet_maps", "asmnet_joint", "asmnet_code")


def slow_unless(names: tuple[str, ...]) -> list:
    return [name if name in names else pytest.param(name, marks=pytest.mark.slow) for name in NETWORKS]


def test_every_network_is_tested():
    assert set(SMALL) == set(NETWORKS)


@pytest.mark.parametrize("name", slow_unless(FAST))
def test_outputs_are_landmarks_and_pose(name):
    model = build_network(keras, name, n_points=29, dropout=0.25, **SMALL[name])
    assert [tuple(shape) for shape in model.output_shape] == [(None, 58), (None, 3)]
    assert [layer.name for layer in model.layers[-2:]] == ["landmarks", "pose"]
    assert model.get_layer("dropout").rate == 0.25
    size = SMALL[name]["size"]
    landmarks, pose = model.predict(np.zeros((2, size, size, 3), np.float32), verbose=0)
    assert landmarks.shape == (2, 58)
    assert pose.shape == (2, 3)
    assert np.isfinite(landmarks).all()
    assert np.isfinite(pose).all()


@pytest.mark.parametrize("name", slow_unless(FAST))
def test_layers_are_named_and_batch_normalisation_forgets(name):
    model = build_network(keras, name, pose_values=6, **SMALL[name])
    again = build_network(keras, name, pose_values=6, **SMALL[name])
    assert set(weights_of(model)) == set(weights_of(again))  # no counter in a name
    momenta = {layer.momentum for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)}
    assert momenta == (set() if name.startswith("cnn") else {0.95})
    assert tuple(model.output_shape[1]) == (None, 6)


def test_asmnet_concatenates_six_taps():
    model = build_network(keras, "asmnet", size=32)
    assert {f"pool_{tap}" for tap in ASMNET_TAPS} <= {layer.name for layer in model.layers}
    assert model.get_layer("features").output.shape[-1] == 24 + 32 + 64 + 96 + 160 + 160  # the paper's 536


@pytest.mark.parametrize("name", ["efficientnet_b0", pytest.param("efficientnet_b3", marks=pytest.mark.slow)])
def test_efficientnet_takes_its_input_as_it_is(name):
    model = build_network(keras, name, size=32)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert not {"Rescaling", "Normalization"} & set(kinds)
    assert kinds[:3] == ["InputLayer", "ZeroPadding2D", "Conv2D"]
    assert tuple(model.input_shape) == (None, 32, 32, 3)
    with pytest.raises(InputError, match="width: expected 1"):
        build_network(keras, name, width=0.5)


def test_unknown_networks_and_sizes_say_what_is_known():
    with pytest.raises(InputError, match=r"expected one of asmnet, .*cnn6.*got 'resnet'"):
        build_network(keras, "resnet")
    with pytest.raises(InputError, match="multiple of 64 for cnn7, got 96"):
        build_network(keras, "cnn7", size=96)


def test_macs_by_hand():
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(5, 3, strides=2, padding="same")(image)  # 4 x 4 places, kernel 3 x 3 x 3 x 5
    x = keras.layers.DepthwiseConv2D(3, padding="valid")(x)  # 2 x 2 places, kernel 3 x 3 x 5
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Dense(7)(keras.layers.Flatten()(x))  # 20 x 7
    assert count_macs(keras.Model(image, x)) == 16 * 135 + 4 * 45 + 140


FIGURES = [
    # ASMNet's paper: 1.43 M parameters, 0.51 "GFLOPs" = 2 x 256.5 MMAC; MobileNetV2: 2.42 M, 0.60 = 2 x 299.7.
    # The figures with heads for 68 points are calculated from the layers.
    ("asmnet", {}, (1.43, 1.44), (256.4, 256.6)),
    ("mobilenet_v2", {}, (2.42, 2.44), (299.6, 299.8)),
    # EfficientNet's paper, table 2: B0 5.3 M and 0.39 B at 224, B3 12 M and 1.8 B at 300, with 1000 classes
    # (1.28 M and 1.54 M) in place of 139 head outputs.
    ("efficientnet_b0", {}, (4.1, 4.3), (380, 390)),
    ("efficientnet_b3", {"size": 300}, (10.9, 11.1), (1790, 1850)),
    # CNN-6's layout has 3.81 M parameters with 68 points (calculated), 3.71 M with the 19 of AFLW.
    ("cnn6", {}, (3.805, 3.815), (81.2, 81.3)),
    ("cnn6", {"n_points": 19}, (3.705, 3.715), (81.1, 81.2)),
    # No published figure for CNN-7: what our reading of it comes to.
    ("cnn7", {}, (8.50, 8.52), (1125, 1126)),
]


@pytest.mark.parametrize(
    ("name", "options", "millions", "mmacs"),
    [pytest.param(*row, marks=pytest.mark.slow) if row[0] == "efficientnet_b3" else row for row in FIGURES],
)
def test_parameters_and_macs_are_the_papers(name, options, millions, mmacs):
    model = build_network(keras, name, **options)
    assert millions[0] <= model.count_params() / 1e6 <= millions[1]
    assert mmacs[0] <= count_macs(model) / 1e6 <= mmacs[1]


def test_cnn6_layer_by_layer():
    model = build_network(keras, "cnn6", n_points=19)
    convolutions = (3 * 32 + 32 * 64 + 64 * 128 + 128 * 256 + 256 * 512) * 9 + 32 + 64 + 128 + 256 + 512
    dense = 2 * 2 * 512 * 1024 + 1024
    assert model.count_params() == convolutions + dense + 1025 * (2 * 19) + 1025 * 3
    assert tuple(model.get_layer("pool5").output.shape[1:]) == (2, 2, 512)


TF_KERAS = """
import sys
import numpy as np
import tf_keras
from train.checkpoint import read_arrays, set_weights, write_arrays
from train.networks import build_network, count_macs
from pathlib import Path

weights, note = read_arrays(Path(sys.argv[1]))
image = weights.pop("image")
model = build_network(tf_keras, note["name"], **note["options"])
set_weights(model, weights)
landmarks, pose = model(image, training=False)
counts = {"macs": count_macs(model), "parameters": model.count_params()}
write_arrays(Path(sys.argv[2]), {"landmarks": landmarks.numpy(), "pose": pose.numpy()}, counts)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["asmnet", "mobilenet_v2", "efficientnet_b0", "cnn6", "asmnet_joint"])
def test_the_same_weights_give_the_same_outputs_under_tf_keras(name, tmp_path):
    if importlib.util.find_spec("tf_keras") is None:
        pytest.skip("tf-keras is not installed: it comes with the extra convert")
    keras.utils.set_random_seed(4)
    model = build_network(keras, name, **SMALL[name])
    rng = np.random.default_rng(4)
    for layer in model.layers:  # batch statistics as after some training
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([np.abs(rng.normal(1, 0.2, w.shape)) for w in layer.get_weights()])
    size = SMALL[name]["size"]
    image = rng.uniform(size=(2, size, size, 3)).astype(np.float32)
    note = {"name": name, "options": SMALL[name]}
    write_arrays(tmp_path / "in.npz", {**weights_of(model), "image": image}, note)
    command = [sys.executable, "-c", TF_KERAS, str(tmp_path / "in.npz"), str(tmp_path / "out.npz")]
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    outputs, counts = read_arrays(tmp_path / "out.npz")
    assert counts == {"macs": count_macs(model), "parameters": model.count_params()}
    for key, here in zip(("landmarks", "pose"), model.predict(image, verbose=0), strict=True):
        scale = float(np.abs(here).max())
        # float32 rounding through up to 80 layers, in units of the largest output
        np.testing.assert_allclose(outputs[key], here, atol=2e-5 * scale)
