"""Networks whose heads know where things are: what their maps mean, and how they start."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from sdk.errors import InputError
from train.networks import build_network, count_macs
from train.networks.places import mean_places, pip_places

SIDE, POINTS = 4, 3


def places_of(logits: np.ndarray, head=mean_places, **convolutions: float) -> np.ndarray:
    """What a head makes of logits; its other convolutions give a constant each."""
    inputs = keras.Input(logits.shape[1:])
    model = keras.Model(inputs, head(keras, inputs, POINTS))
    model.get_layer("maps").set_weights([np.eye(POINTS, dtype=np.float32)[None, None], np.zeros(POINTS)])
    for name, value in convolutions.items():
        layer = model.get_layer(name)
        layer.set_weights([np.zeros_like(layer.get_weights()[0]), np.full(POINTS, value)])
    return model.predict(logits, verbose=0).reshape(len(logits), POINTS, 2)


def test_a_sharp_map_gives_the_centre_of_its_cell():
    logits = np.zeros((1, SIDE, SIDE, POINTS), np.float32)
    for point, (row, column) in enumerate(((0, 0), (1, 3), (3, 2))):
        logits[0, row, column, point] = 50.0
    expected = [[-0.375, -0.375], [0.375, -0.125], [0.125, 0.375]]  # x, y in sides of the crop, centre at (0, 0)
    np.testing.assert_allclose(places_of(logits)[0], expected, atol=1e-6)


def test_two_equal_cells_give_the_place_between_them_and_a_flat_map_the_centre():
    logits = np.zeros((1, SIDE, SIDE, POINTS), np.float32)
    logits[0, 1, 1:3, 0] = 50.0
    found = places_of(logits)[0]
    np.testing.assert_allclose(found[0], [0.0, -0.125], atol=1e-6)
    np.testing.assert_allclose(found[1:], 0.0, atol=1e-6)


def test_cells_move_their_points_by_offsets():
    logits = np.zeros((1, SIDE, SIDE, POINTS), np.float32)
    logits[0, 1, 1:3, 0] = 50.0
    found = places_of(logits, pip_places, offsets_x=0.5, offsets_y=-1.0)[0]
    np.testing.assert_allclose(found[0], [0.5 / SIDE, -0.125 - 1 / SIDE], atol=1e-6)


@pytest.mark.parametrize("name", ["asmnet_maps", "asmnet_joint", "asmnet_code", "asmnet_simcc", "asmnet_pip"])
def test_training_starts_from_the_maps_alone(name):
    model = build_network(keras, name, size=64, width=0.25)
    found = keras.Model(model.input, model.get_layer("found").output)
    images = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    np.testing.assert_allclose(model.predict(images, verbose=0)[0], found.predict(images, verbose=0), atol=1e-6)


def test_the_places_of_the_cells_do_not_learn():
    model = build_network(keras, "asmnet_joint", size=64, width=0.25)
    assert not model.get_layer("expected").trainable_variables
    assert "expected" not in {v.path.split("/")[0] for v in model.trainable_variables}


def test_sizes_of_the_shipped_width():
    flat, maps, joint = (build_network(keras, f"asmnet_{head}", size=128) for head in ("flat", "maps", "joint"))
    assert [m.count_params() for m in (flat, maps, joint)] == [596_411, 544_959, 649_815]
    asmnet = build_network(keras, "asmnet", size=128)
    assert count_macs(joint) < 0.81 * count_macs(asmnet)
    assert joint.count_params() < 0.46 * asmnet.count_params()


def test_sizes_of_the_networks_that_ship():
    for size, width, parameters, mmacs in ((160, 1.125, 585_839, 131.5), (96, 0.75, 287_079, 24.2)):
        network = build_network(keras, "asmnet_code", size=size, width=width)
        assert network.count_params() == parameters
        assert count_macs(network) / 1e6 == pytest.approx(mmacs, abs=0.2)


def test_a_size_that_strides_do_not_divide_is_refused():
    with pytest.raises(InputError, match=r"size: expected a multiple of 32 for asmnet_joint, got 100"):
        build_network(keras, "asmnet_joint", size=100)
