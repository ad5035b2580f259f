"""Six numbers of a rotation in training, yaw, pitch and roll in what is exported."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sdk.pose import POSE_UNIT_DEG, rotation_from_pose
from sdk.results import HeadPose
from tests.fit_runs import fit_here, write_data
from tests.tiny_fit import tiny

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def six(pose: HeadPose) -> np.ndarray:
    from train.losses import sixd_from_rotation

    return sixd_from_rotation(rotation_from_pose(pose)).astype(np.float32)


@pytest.mark.parametrize("kind", ["keras", "tf_keras"])
def test_the_layer_gives_the_angles_of_the_rotation(kind):
    from train.pose_output import euler_layer

    keras = pytest.importorskip(kind)
    rng = np.random.default_rng(0)
    angles = rng.uniform([-89, -80, -170], [89, 80, 170], (200, 3))
    values = np.stack([six(HeadPose(*row)) for row in angles])
    found = np.asarray(euler_layer(keras)()(values)) * POSE_UNIT_DEG
    # float32: cos(89 degrees) is 0.017, so that 1e-7 in a sine is about 3e-4 degrees in roll and pitch
    np.testing.assert_allclose(found, angles, atol=2e-3)


def test_any_six_numbers_agree_with_the_loss():
    import keras

    from train.losses import pose_from_6d
    from train.pose_output import euler_layer

    values = np.random.default_rng(1).normal(0, 1, (100, 6)).astype(np.float32)
    found = np.asarray(euler_layer(keras)()(values)) * POSE_UNIT_DEG
    expected = [(p.yaw_deg, p.pitch_deg, p.roll_deg) for p in pose_from_6d(values)]
    difference = (found - np.array(expected) + 180) % 360 - 180
    assert np.median(np.abs(difference)) < 1e-4
    assert np.abs(difference).max() < 0.2  # an arc sine in float32 near 90 degrees: sqrt(2e-7) is 0.03 degrees


def test_the_conversion_is_finite_where_yaw_is_90_degrees_and_where_all_is_0():
    import keras

    from train.pose_output import euler_layer

    convert = euler_layer(keras)()
    side = np.asarray(convert(six(HeadPose(90, 0, 0))[None])) * POSE_UNIT_DEG
    assert side[0, 0] == pytest.approx(90, abs=0.1)  # float32 near the end of the arc sine
    assert np.isfinite(side).all()
    degenerate = np.array([[-1, 0, 0, 0, -1, 0]], np.float32)  # both columns vanish
    assert np.isfinite(np.asarray(convert(degenerate))).all()


def test_three_numbers_stay_as_they_are():
    import keras

    from train.pose_output import with_euler_pose

    network = tiny(keras)
    assert with_euler_pose(keras, network) is network


def test_a_run_on_rotations_is_loaded_with_three_angles(tmp_path):
    import keras

    from train.checkpoint import read_arrays, set_weights, weights_of
    from train.loop import load_trained
    from train.losses import pose_from_6d

    packed = write_data(tmp_path / "drawn")
    fit_here(packed, tmp_path / "run", "pose.loss=geodesic_6d", "epochs=2")
    network, config, _ = load_trained(tmp_path / "run" / "best.npz")
    assert (config.pose_values, network.output_shape) == (6, [(None, 136), (None, 3)])
    stored, _ = read_arrays(tmp_path / "run" / "best.npz")
    assert stored["pose/0"].shape[1] == 6
    assert set(weights_of(network)) == set(stored)
    raw = tiny(keras, pose_values=6)
    set_weights(raw, stored)
    images = np.random.default_rng(0).random((5, 32, 32, 3), np.float32)
    angles = network.predict(images, verbose=0)[1] * POSE_UNIT_DEG
    expected = [(p.yaw_deg, p.pitch_deg, p.roll_deg) for p in pose_from_6d(raw.predict(images, verbose=0)[1])]
    np.testing.assert_allclose(angles, expected, atol=1e-2)


@pytest.mark.parametrize(("recipe", "tolerance_deg"), [("float32", 0.01), ("int8_ptq", 2.0)])
def test_a_model_file_carries_the_conversion(recipe, tolerance_deg):
    """Integers end before the heads here: their step, a 256th of the range, moves an angle by a degree or less."""
    import keras

    from convert.recipes import recipe_by_name
    from convert.steps import to_tflite
    from train.pose_output import with_euler_pose

    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    keras.utils.set_random_seed(0)
    network = with_euler_pose(keras, tiny(keras, pose_values=6))
    crops = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    flatbuffer = to_tflite(network, recipe=recipe_by_name(recipe), calibration=crops)
    model = interpreter.Interpreter(model_content=flatbuffer)
    model.allocate_tensors()
    given = model.get_input_details()[0]
    rgb = crops[:1, ..., ::-1]
    model.set_tensor(given["index"], rgb if given["dtype"] == np.uint8 else rgb.astype(np.float32) / 255)
    model.invoke()
    outputs = [model.get_tensor(d["index"]) for d in model.get_output_details()]
    pose = next(o for o in outputs if o.shape == (1, 3))
    expected = network.predict(rgb.astype(np.float32) / 255, verbose=0)[1]
    np.testing.assert_allclose(pose * POSE_UNIT_DEG, expected * POSE_UNIT_DEG, atol=tolerance_deg)
