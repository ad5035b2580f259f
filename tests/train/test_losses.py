"""Values, joins and gradients of the losses, on whichever backend Keras runs, and between the two."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from sdk import IBUG68, ModelFile
from sdk.errors import InputError
from sdk.pose import POSE_UNIT_DEG, rotation_from_pose
from sdk.results import HeadPose
from sdk.shape_model import ShapeModel
from train.losses import (
    LOSSES,
    AcrLoss,
    AdaptiveWingLoss,
    AsmAssistedLoss,
    AsmOperator,
    ContourLoss,
    Contours,
    GeodesicLoss,
    KdLoss,
    L1Loss,
    L2Loss,
    PoseLoss,
    SmoothL1Loss,
    SoftWingLoss,
    Task,
    WingLoss,
    acr_variance,
    build_loss,
    compile_arguments,
    pack_teachers,
    pose_from_6d,
    rotation_from_6d,
    rotation_from_euler,
    set_epoch,
    sixd_from_rotation,
)

ROOT = Path(__file__).resolve().parents[2]
BACKEND = keras.backend.backend()
OTHER = {"tensorflow": "jax", "jax": "tensorflow"}.get(BACKEND, "tensorflow")
DTYPE = "float64" if BACKEND == "tensorflow" else "float32"  # on JAX, Keras 3 averages in float32 whatever comes
RTOL = 1e-9 if DTYPE == "float64" else 1e-5  # rounding of sums of 24 terms
SIZE = 128
POINTS = 12


def shape_model() -> ShapeModel:
    rng = np.random.default_rng(3)
    mean = rng.normal(size=(POINTS, 2))
    mean -= mean.mean(axis=0)
    modes = np.linalg.qr(rng.normal(size=(2 * POINTS, 6)))[0].T
    return ShapeModel(
        mean=(mean / np.sqrt((mean**2).sum(axis=1).mean())).astype(np.float32),
        eigenvectors=modes.astype(np.float32),
        eigenvalues=np.array([0.6, 0.1, 0.06, 0.05, 0.03, 0.02], np.float32),
        residual_moments=np.array([0.14, 0.002], np.float32),
        mean_3d=rng.normal(size=(POINTS, 3)).astype(np.float32),
    )


MODEL = shape_model()
RING = np.arange(POINTS)
CONTOURS = Contours(np.roll(RING, 1), np.roll(RING, -1), np.array([True] * (POINTS - 2) + [False] * 2))


def built(name: str):
    """A loss of the registry for the points of these examples, which are of no landmark scheme."""
    return ContourLoss(CONTOURS, unit=SIZE) if name == "contour" else build_loss(name, MODEL, SIZE)


def faces(count: int = 3, spread: float = 0.03) -> np.ndarray:
    """Landmarks in sides of the crop, flat, partly beyond what the shape model allows."""
    rng = np.random.default_rng(5)
    return (0.2 * MODEL.mean + rng.normal(0, spread, (count, POINTS, 2))).reshape(count, -1)


def example(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Truth and prediction in float64 for a loss of the registry; errors on both sides of every join."""
    rng = np.random.default_rng(7)
    if name in ("pose_mse", "geodesic_euler"):
        return rng.uniform(-1, 1, (3, 3)), rng.uniform(-1, 1, (3, 3))
    if name == "geodesic_6d":
        return rng.uniform(-1, 1, (3, 3)), rng.normal(0, 0.3, (3, 6))
    truth = faces()
    pred = truth + rng.normal(0, 0.1, truth.shape)
    if name == "kd":
        teachers = truth[:, None] + rng.normal(0, 0.1, (len(truth), 2, truth.shape[1]))
        return np.concatenate([truth[:, None], teachers], axis=1), pred
    return truth, pred


def tensor(array: np.ndarray, dtype: str = DTYPE):
    return ops.convert_to_tensor(np.asarray(array), dtype=dtype)


def value(loss, true, pred) -> np.ndarray:
    return np.asarray(loss.call(tensor(true), tensor(pred)))


def gradient(loss, true, pred, dtype: str = DTYPE) -> np.ndarray:
    """Of the summed loss, by the prediction."""
    true, pred = tensor(true, dtype), tensor(pred, dtype)
    if BACKEND == "jax":
        import jax

        return np.asarray(jax.grad(lambda p: ops.sum(loss.call(true, p)))(pred))
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(pred)
        total = ops.sum(loss.call(true, pred))
    return tape.gradient(total, pred).numpy()


def penalty(loss, error: float) -> float:
    """f at an error given in the loss's unit."""
    e = error / loss.unit
    return float(value(loss, np.zeros((1, 2)), np.array([[e, -e]]))[0]) * loss.unit


class FixedAcr(AcrLoss):
    """ACR with a difficulty that the test sets."""

    def __init__(self, phi: float, **options: float) -> None:
        super().__init__(MODEL, **options)
        self.phi = phi

    def difficulty(self, true):
        return self.phi * ops.ones_like(true)


class FixedKd(KdLoss):
    """KD-Loss of one coordinate whose truth is 0; the tough teacher errs by 0.2, the tolerant by 0.4."""

    def call(self, true, pred):
        packed = ops.stack([true, true + 0.2, true - 0.4], axis=1)
        return super().call(packed, pred)


BY_HAND = [
    (L2Loss(), 0.3, 0.09),
    (L2Loss(unit=100.0), 3.0, 9.0),
    (L1Loss(), 0.3, 0.3),
    (SmoothL1Loss(unit=100.0), 0.5, 0.125),
    (SmoothL1Loss(unit=100.0), 3.0, 2.5),
    (SmoothL1Loss(unit=100.0, beta=4.0), 2.0, 0.5),
    (WingLoss(unit=100.0), 2.0, 6.931472),  # 10 ln 2
    (WingLoss(unit=100.0), 20.0, 27.917595),  # 20 - 10 + 10 ln 6
    (WingLoss(unit=64.0, w=5.0, epsilon=1.0), 4.0, 8.047190),  # 5 ln 5
    (AdaptiveWingLoss(unit=100.0), 0.25, 2.756777),  # 14 ln(1 + 0.25^1.1)
    (AdaptiveWingLoss(unit=100.0), 2.0, 20.057232),  # 2 A - C, A = 9.797849, C = -0.461534
    (SoftWingLoss(unit=100.0), 1.5, 1.5),
    (SoftWingLoss(unit=100.0), 7.0, 23.972246),  # 20 ln 15 + 2 - 20 ln 5
    (FixedAcr(0.0), 0.5, 0.446287),  # 2 ln 1.25
    (FixedAcr(0.5), 0.25, 0.235566),  # 2 ln(1 + 0.125)
    (FixedAcr(1.0), 0.5, 0.810930),  # 2 ln 1.5
    (FixedAcr(1.0), 3.0, 9.386294),  # 9 + 2 ln 2 - 1
    (FixedAcr(1.0, lam=1.0), 3.0, 8.693147),  # 9 + ln 2 - 1
    (FixedKd(), 0.02, 0.12),  # 2 · 3 · 0.02; both teachers silent
    (FixedKd(), 0.1, 0.6475),  # 0.6 + 0.45 (0.1 - 0.03) + 0.4 (0.1 - 0.06)
    (FixedKd(), 0.3, 2.1625),  # 1.8 + 0.45 · 0.17 + 1.9 · 0.1 + 0.4 · 0.24
    (FixedKd(), 0.5, 3.5425),  # 2 (0.25 + 1.2 - 0.16) + 0.0765 + 1.9 · 0.3 + 0.4 · 0.34 + 1.8 · 0.1
]


@pytest.mark.parametrize(("loss", "error", "expected"), BY_HAND)
def test_values_by_hand(loss, error, expected):
    assert penalty(loss, error) == pytest.approx(expected, rel=2e-7 + RTOL, abs=1e-6)  # the digits written here


JOINS = [
    (SmoothL1Loss(unit=128.0, beta=2.0), 2.0, True),
    (WingLoss(unit=128.0), 10.0, False),
    (AdaptiveWingLoss(unit=128.0), 0.5, True),
    (AdaptiveWingLoss(unit=128.0, omega=5.0, theta=2.0, epsilon=0.7, alpha=2.3), 2.0, True),
    (SoftWingLoss(unit=128.0), 2.0, False),
    (FixedAcr(0.0), 1.0, True),
    (FixedAcr(0.6), 1.0, False),
    (FixedAcr(1.0, lam=0.3), 1.0, False),
    *((FixedKd(), join, False) for join in (0.03, 0.06, 0.2, 0.4)),
]


@pytest.mark.parametrize(("loss", "join", "smooth"), JOINS)
def test_branches_meet_at_every_join(loss, join, smooth):
    step = 1e-7
    below, above = penalty(loss, join - step), penalty(loss, join + step)
    assert above - below == pytest.approx(0.0, abs=60 * step)  # no slope here exceeds 30
    if smooth:
        slopes = [
            gradient(loss, np.zeros((1, 1)), np.array([[(join + s) / loss.unit]])).item() for s in (-step, step)
        ]
        assert slopes[1] == pytest.approx(slopes[0], abs=1e-4)


OF_COORDINATES = [name for name in LOSSES if name != "cell_entropy"]
"""What truth and prediction of one shape are for; `example` has them."""


@pytest.mark.skipif(
    DTYPE != "float64", reason="float32 differences are too coarse between joins; see the twin test"
)
@pytest.mark.parametrize("name", OF_COORDINATES)
def test_gradient_agrees_with_central_differences(name):
    loss, (true, pred) = built(name), example(name)
    step, numeric = 1e-6, np.zeros_like(pred)
    for i in range(pred.shape[1]):
        shift = step * np.eye(pred.shape[1])[i]
        numeric[:, i] = (value(loss, true, pred + shift) - value(loss, true, pred - shift)) / (2 * step)
    # float64 rounding, 1e-16 / 1e-6 of the value; a coordinate within 1e-6 of a join would fail, and none is
    np.testing.assert_allclose(gradient(loss, true, pred), numeric, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", OF_COORDINATES)
def test_a_perfect_prediction_has_a_finite_loss_and_gradient(name):
    loss, (true, pred) = built(name), example(name)
    perfect = true[:, 0] if name == "kd" else true
    if name == "geodesic_6d":
        perfect = sixd_from_rotation(np.asarray(rotation_from_euler(tensor(true))))
    got = float(loss(true.astype(np.float32), perfect.astype(np.float32)))
    assert np.isfinite(gradient(loss, true, perfect, "float32")).all()
    if name in ("asm", "softened"):
        assert np.isfinite(got)  # the truth of these examples is not its own smooth face
    else:
        assert got == pytest.approx(0.0, abs=1e-9)  # geodesic: TINY below its roots
    assert float(loss(true.astype(np.float32), pred.astype(np.float32))) > got


def test_the_gradient_does_not_depend_on_the_input_size():
    true, error = np.zeros((1, 2)), np.array([[4.0, -30.0]])
    small, large = WingLoss(unit=64.0), WingLoss(unit=256.0)
    np.testing.assert_allclose(gradient(small, true, error / 64), gradient(large, true, error / 256), rtol=RTOL)


def test_wing_is_the_loss_with_its_constants_divided_by_the_size():
    rescaled = WingLoss(unit=1.0, w=10.0 / SIZE, epsilon=2.0 / SIZE)
    true, pred = example("wing")
    np.testing.assert_allclose(value(rescaled, true, pred), value(WingLoss(unit=SIZE), true, pred), rtol=RTOL)


@pytest.mark.parametrize(("dtype", "atol"), [(DTYPE, 1e-6), ("float32", 1e-6)])  # float32, in regularise as well
@pytest.mark.parametrize("variance", [None, 0.8, 0.9])
def test_asm_operator_is_regularise(dtype, atol, variance):
    model = MODEL if variance is None else MODEL.truncated(variance)
    got = np.asarray(AsmOperator(MODEL, variance=variance)(tensor(faces(8, 0.1), dtype)))
    expected = [model.regularise(face.reshape(-1, 2)).ravel() for face in faces(8, 0.1)]
    np.testing.assert_allclose(got, expected, atol=atol)


def test_set_variance_tells_whether_the_modes_changed():
    smooth = AsmOperator(MODEL)
    assert smooth.set_variance(0.8)
    assert not smooth.set_variance(0.8)
    assert np.asarray(smooth.mask).tolist() == [1, 1, 1, 1, 0, 0]  # 0.6 + 0.1 + 0.06 < 0.8 <= 0.81
    with pytest.raises(InputError, match="variance"):
        smooth.set_variance(80)


def test_asm_assisted_adds_alpha_times_the_base_loss_to_the_smooth_truth():
    true, pred = example("asm")
    smooth = np.asarray(AsmOperator(MODEL)(tensor(true)))
    loss = AsmAssistedLoss(MODEL, alpha=2.0, weight=100.0)
    expected = 100 * (((true - pred) ** 2).mean(axis=1) + 2 * ((smooth - pred) ** 2).mean(axis=1))
    np.testing.assert_allclose(value(loss, true, pred), expected, rtol=RTOL)
    loss.alpha.assign(0.5)
    expected = 100 * (((true - pred) ** 2).mean(axis=1) + 0.5 * ((smooth - pred) ** 2).mean(axis=1))
    np.testing.assert_allclose(value(loss, true, pred), expected, rtol=RTOL)


@pytest.mark.parametrize("base", ["l1", "smooth_l1", "wing", "adaptive_wing", "soft_wing"])
def test_asm_takes_any_base_loss(base):
    true, pred = example("asm")
    plain = build_loss(base, MODEL, SIZE)
    smooth = np.asarray(AsmOperator(MODEL, variance=0.9)(tensor(true)))
    loss = build_loss("asm", MODEL, SIZE, base=base, variance=0.9, alphas=[3, 1, 1])
    expected = value(plain, true, pred) + 3 * value(plain, smooth, pred)
    np.testing.assert_allclose(value(loss, true, pred), expected, rtol=RTOL)
    softened = build_loss("softened", MODEL, SIZE, base=base)
    np.testing.assert_allclose(value(softened, true, pred), value(plain, smooth, pred), rtol=RTOL)


@pytest.mark.parametrize("name", ["l1", "l2", "smooth_l1", "wing", "contour", "asm", "softened", "acr"])
def test_points_of_weight_zero_have_no_gradient_and_equal_weights_change_nothing(name):
    true, pred = example(name)
    loss = built(name)
    even = np.concatenate([true, np.ones((len(true), POINTS))], axis=1)
    np.testing.assert_allclose(value(loss, even, pred), value(loss, true, pred), rtol=RTOL)
    half = np.concatenate([true, np.full((len(true), POINTS), 0.5)], axis=1)
    np.testing.assert_allclose(value(loss, half, pred), value(loss, true, pred) / 2, rtol=RTOL)
    silent = even.copy()
    silent[:, 2 * POINTS + 3] = 0.0
    steps = gradient(loss, silent, pred)
    assert (steps[:, 6:8] == 0).all()
    assert (np.delete(steps, [6, 7], axis=1) != 0).any()


def line(errors: list[list[float]], *, along: float = 0.5) -> float:
    """Contour loss, in pixels, of five points on a slanting line whose third one errs along and across it."""
    turn, at = np.exp(0.7j), np.arange(5) * 0.1
    ends = Contours(np.array([0, 0, 1, 2, 3]), np.array([1, 2, 3, 4, 4]), np.ones(5, bool))
    loss = ContourLoss(ends, unit=100.0, along=along)
    truth = at * turn
    off = np.zeros(5, complex)
    for a, c in errors:
        off[2] += (a + 1j * c) / 100.0 * turn
    flat = [np.stack([z.real, z.imag], axis=1).reshape(1, -1) for z in (truth, truth + off)]
    return float(value(loss, *flat)[0]) * 100.0 * 10  # ten coordinates


def test_an_error_across_a_contour_counts_more_than_one_along_it():
    assert line([[3.0, 0.0]]) == pytest.approx(0.5 * 2.5, rel=1e-4)
    assert line([[0.0, 3.0]]) == pytest.approx(1.5 * 2.5, rel=1e-4)
    assert line([[3.0, -4.0]]) == pytest.approx(0.5 * 2.5 + 1.5 * 3.5, rel=1e-4)
    assert line([[3.0, 0.0]], along=1.0) == pytest.approx(line([[0.0, 3.0]], along=1.0), rel=1e-4)


def test_the_contour_loss_does_not_mind_how_a_face_lies():
    z = faces() @ np.kron(np.eye(POINTS), [[1.0], [1.0j]])
    wrong = z + np.random.default_rng(2).normal(0, 0.05, (len(z), POINTS)) * (1.0 + 0.5j)
    loss = ContourLoss(Contours(CONTOURS.before, CONTOURS.after, np.ones(POINTS, bool)), unit=SIZE)

    def flat(points: np.ndarray) -> np.ndarray:
        return np.stack([points.real, points.imag], axis=-1).reshape(len(points), -1)

    turned = value(loss, flat(z * np.exp(1.1j)), flat(wrong * np.exp(1.1j)))
    np.testing.assert_allclose(turned, value(loss, flat(z), flat(wrong)), rtol=1e-5)


def test_neighbours_that_coincide_give_no_direction():
    true, pred = np.zeros((1, 2 * POINTS)), np.full((1, 2 * POINTS), 0.1)
    loss = ContourLoss(CONTOURS, unit=SIZE)
    assert np.isfinite(value(loss, true, pred)).all()
    assert np.isfinite(gradient(loss, true, pred, "float32")).all()


def test_contours_of_a_face_close_at_eyes_and_lips_and_have_corners():
    model = ModelFile.default().shape_model
    contours = Contours.of(IBUG68, model.mean)
    assert np.flatnonzero(~contours.directed).tolist() == [30, 31, 36, 39, 42, 45, 48, 54, 60, 64]
    assert contours.before[[0, 27, 37, 36, 48]].tolist() == [0, 27, 36, 41, 59]
    assert contours.after[[16, 21, 41, 67]].tolist() == [16, 21, 36, 60]
    assert contours.directed[list(IBUG68.groups["jaw"])].all()
    loss = build_loss("asm", model, SIZE, base="contour", along=0.25)
    truth = model.mean.reshape(1, -1) / 5.0
    lower = truth.copy()
    lower[0, 17] += 0.05  # the chin, across the jaw
    beside = truth.copy()
    beside[0, 16] += 0.05
    assert value(loss, truth, lower)[0] > 2.0 * value(loss, truth, beside)[0]


def test_asm_alpha_follows_the_thirds_of_the_epochs():
    loss = build_loss("asm", MODEL, SIZE)
    seen = [(loss.set_epoch(epoch, 6), float(np.asarray(loss.alpha))) for epoch in range(6)]
    assert seen == [(False, 2.0), (False, 2.0), (True, 1.0), (False, 1.0), (True, 0.5), (False, 0.5)]
    assert not AsmAssistedLoss(MODEL, alpha=2.0).set_epoch(5, 6)  # without a schedule, alpha is the caller's


def test_acr_difficulty_is_the_distance_from_the_smooth_face_over_its_largest():
    loss, true = AcrLoss(MODEL, variance=0.9), faces()
    gap = np.abs([MODEL.truncated(0.9).regularise(face.reshape(-1, 2)).ravel() - face for face in true])
    phi = np.asarray(loss.difficulty(tensor(true)))
    np.testing.assert_allclose(phi, gap / gap.max(axis=1, keepdims=True), atol=1e-5)  # float32 of regularise
    np.testing.assert_array_equal(phi.max(axis=1), 1.0)


def test_acr_of_a_smooth_face_has_no_difficult_landmark():
    true = np.tile((0.2 * MODEL.mean).ravel(), (2, 1)).astype(np.float32)
    loss = AcrLoss(MODEL)
    assert np.asarray(loss.difficulty(tensor(true, "float32"))).max() < 0.05  # rounding, not a division by 0
    assert np.isfinite(gradient(loss, true, true, "float32")).all()
    assert float(loss(true, true)) == 0.0


def test_acr_variance_follows_the_paper():
    starts = {0: 0.80, 15: 0.80, 16: 0.85, 30: 0.85, 31: 0.90, 70: 0.90, 71: 0.95, 100: 0.95, 101: 0.97, 149: 0.97}
    assert {epoch: acr_variance(epoch, 150) for epoch in starts} == starts
    assert [acr_variance(epoch, 5) for epoch in range(5)] == [0.80, 0.85, 0.90, 0.95, 0.97]
    assert acr_variance(0, 1) == 0.80
    assert acr_variance(32, 300) == 0.85


def tiny_network(pose_values: int = 3):
    image = keras.Input((4,))
    return keras.Model(
        image, [keras.layers.Dense(2 * POINTS, name="a")(image), keras.layers.Dense(pose_values, name="b")(image)]
    )


def test_variance_switches_inside_a_compiled_step():
    traced = []

    class Counted(AcrLoss):
        def call(self, true, pred):
            traced.append(1)
            return super().call(true, pred)

    keras.utils.set_random_seed(1)
    model, loss, plain = tiny_network(), Counted(MODEL), AcrLoss(MODEL)
    model.compile("sgd", loss=[loss, PoseLoss()], loss_weights=[1.0, 0.0], jit_compile=False)
    model.optimizer.learning_rate.assign(0.0)
    true, inputs = faces(4).astype(np.float32), np.full((4, 4), 0.1, np.float32)
    pred = model.predict(inputs, verbose=0)[0]
    results, traces = [], []
    for epoch in (0, 10, 149):
        if set_epoch([loss, PoseLoss()], epoch, 150) and BACKEND == "jax":
            model.make_train_function(force=True)
        plain.set_epoch(epoch, 150)
        results.append(float(model.train_on_batch(inputs, [true, np.zeros((4, 3), np.float32)])[0]))
        traces.append(len(traced))
        assert results[-1] == pytest.approx(float(plain(true, pred)), rel=1e-5)
    assert results[0] == results[1]
    assert abs(results[2] - results[0]) > 1e-3 * results[0]
    assert BACKEND == "jax" or len(set(traces)) == 1


def test_kd_slope_is_the_released_one():
    slopes = {0.02: 6.0, 0.05: 6.45, 0.1: 6.85, 0.3: 6 + 1.9 + 0.4, 0.5: 4 * 0.5 + 1.9 + 1.8}
    for error, slope in slopes.items():
        assert gradient(FixedKd(), np.zeros((1, 1)), np.array([[error]])).item() == pytest.approx(slope)
        assert gradient(FixedKd(), np.zeros((1, 1)), np.array([[-error]])).item() == pytest.approx(-slope)


def test_packed_teachers_train_a_student():
    truth = faces(4).astype(np.float32)
    packed = pack_teachers(truth, truth + 0.01, truth - 0.02)
    assert packed.shape == (4, 3, 2 * POINTS)
    model = tiny_network()
    model.compile("sgd", **compile_arguments(MODEL, SIZE, [Task("kd"), Task("pose_mse")]), jit_compile=False)
    inputs = np.ones((4, 4), np.float32)
    losses = [float(model.train_on_batch(inputs, [packed, np.zeros((4, 3), np.float32)])[0]) for _ in range(5)]
    assert losses == sorted(losses, reverse=True)


POSES = [HeadPose(*angles) for angles in np.random.default_rng(0).uniform(-170, 170, (20, 3)) * [0.5, 1, 1]]


def units(poses: list[HeadPose]) -> np.ndarray:
    return np.array([[p.yaw_deg, p.pitch_deg, p.roll_deg] for p in poses]) / POSE_UNIT_DEG


def test_rotations_are_those_of_the_sdk():
    poses = [*POSES, HeadPose(90, 20, 10), HeadPose(-90, 20, 10), HeadPose(0, 0, 0)]
    expected = np.stack([rotation_from_pose(pose) for pose in poses])
    np.testing.assert_allclose(np.asarray(rotation_from_euler(tensor(units(poses)))), expected, atol=10 * RTOL)
    sixd = np.asarray(rotation_from_6d(tensor(sixd_from_rotation(expected))))
    np.testing.assert_allclose(sixd, expected, atol=10 * RTOL)  # TINY below the root


def test_poses_come_back_from_six_numbers():
    got = pose_from_6d(sixd_from_rotation(np.stack([rotation_from_pose(pose) for pose in POSES])))
    np.testing.assert_allclose(
        [rotation_from_pose(pose) for pose in got], [rotation_from_pose(pose) for pose in POSES], atol=1e-5
    )  # float32
    assert pose_from_6d(np.zeros((1, 6))) == [HeadPose(0.0, 0.0, 0.0)]


def test_any_six_numbers_give_a_rotation():
    matrices = np.asarray(rotation_from_6d(tensor(np.random.default_rng(1).normal(size=(50, 6)))))
    np.testing.assert_allclose(
        matrices @ matrices.transpose(0, 2, 1), np.tile(np.eye(3), (50, 1, 1)), atol=10 * RTOL
    )
    np.testing.assert_allclose(np.linalg.det(matrices), 1.0, atol=10 * RTOL)  # TINY below the roots


def test_geodesic_is_the_angle_between_the_rotations():
    left, right = units(POSES[:10]), units(POSES[10:])
    matrices = zip(
        *([rotation_from_pose(pose) for pose in half] for half in (POSES[:10], POSES[10:])), strict=True
    )
    angles = [math.degrees(math.acos((np.trace(a.T @ b) - 1) / 2)) for a, b in matrices]
    expected = (np.array(angles) / POSE_UNIT_DEG) ** 2 / 3
    np.testing.assert_allclose(value(build_loss("geodesic_euler", MODEL, SIZE), left, right), expected, rtol=1e-5)


@pytest.mark.parametrize("axis", range(3))
def test_geodesic_about_one_axis_is_the_pose_loss(axis):
    turned = 0.3 * np.eye(3)[axis][None]
    geodesic = value(GeodesicLoss(rotation_from_euler, weight=10.0), np.zeros((1, 3)), turned)
    np.testing.assert_allclose(geodesic, value(PoseLoss(weight=10.0), np.zeros((1, 3)), turned), rtol=RTOL)


def test_geodesic_survives_a_profile_where_yaw_pitch_and_roll_jump():
    true, same = units([HeadPose(89.9, 40, 0)]), units([HeadPose(89.9, 0, 40)])
    assert value(PoseLoss(), true, same)[0] > 0.1
    loss = build_loss("geodesic_6d", MODEL, SIZE)
    for yaw in (89.9, 90.0, 90.1):
        pred = sixd_from_rotation(rotation_from_pose(HeadPose(yaw, 0, 40)))[None]
        assert value(loss, true, pred)[0] < (0.3 / 90) ** 2 / 3
        assert np.isfinite(gradient(loss, true, pred, "float32")).all()


def test_geodesic_of_opposite_rotations_is_finite():
    loss, true = build_loss("geodesic_6d", MODEL, SIZE), np.zeros((1, 3))
    pred = sixd_from_rotation(rotation_from_pose(HeadPose(0, 0, 180)))[None]
    assert value(loss, true, pred)[0] == pytest.approx(4 / 3, rel=1e-5)  # (180 / 90)² / 3
    assert np.isfinite(gradient(loss, true, pred, "float32")).all()


def test_tasks_make_the_weighted_sum_that_keras_compiles():
    tasks = [Task("wing", 3.0, {"w": 5.0}), Task("geodesic_6d", 0.5)]
    arguments = compile_arguments(MODEL, SIZE, tasks)
    model, inputs = tiny_network(pose_values=6), np.ones((4, 4), np.float32)
    model.compile("sgd", **arguments, jit_compile=False)
    truth, pose = faces(4).astype(np.float32), np.zeros((4, 3), np.float32)
    landmarks, rotation = model.predict(inputs, verbose=0)
    wing, geodesic = arguments["loss"]
    expected = 3.0 * float(wing(truth, landmarks)) + 0.5 * float(geodesic(pose, rotation))
    assert float(model.train_on_batch(inputs, [truth, pose])[0]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("wings", {}, "expected one of .*wing.*got 'wings'"),
        ("wing", {"omega": 3.0}, "loss wing: options .*omega"),
        ("wing", {"w": 0.0}, "w: expected a positive number, got 0.0"),
        ("l2", {"unit": 3.0}, "loss l2: options .*unit"),
        ("adaptive_wing", {"alpha": 1.5}, "alpha: expected more than 2"),
        ("asm", {"base": "contour"}, "contour: expected the points of a landmark scheme"),
        ("asm", {"base": "acr"}, "base: expected one of .*got 'acr'"),
        ("asm", {"base": "wing", "beta": 1.0}, "beta"),
        ("asm", {"alphas": [1.0]}, "asm.alphas: expected three"),
        ("contour", {}, "contour: expected the points of a landmark scheme, got 12"),
        ("acr", {"variance": 80.0}, "variance: expected a share"),
        ("kd", {"tough": {"slope": 1.0}}, "loss kd: options .*slope"),
    ],
)
def test_wrong_losses_say_what_is_wrong(name, options, message):
    with pytest.raises(InputError, match=message):
        build_loss(name, MODEL, SIZE, **options)


def test_kd_options_change_one_slope_of_a_teacher():
    loss = build_loss("kd", MODEL, SIZE, tough={"weight": 0.0}, main=1.0)
    assert (loss.tough.weight, loss.tough.beyond, loss.main) == (0.0, 1.9, 1.0)


def everything() -> dict[str, list[float]]:
    """Value and gradient of every loss of the registry on its example."""
    results = {}
    for name in OF_COORDINATES:
        loss, (true, pred) = built(name), example(name)
        results[name] = [*value(loss, true, pred).tolist(), *gradient(loss, true, pred).ravel().tolist()]
    return results


@pytest.mark.slow
def test_tensorflow_and_jax_agree():
    if importlib.util.find_spec(OTHER) is None:
        pytest.skip(f"{OTHER} is not installed: one backend has nothing to be compared with")
    code = "import runpy, json, sys; print(json.dumps(runpy.run_path(sys.argv[1])['everything']()))"
    environment = {**os.environ, "KERAS_BACKEND": OTHER, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    environment["PYTHONPATH"] += os.pathsep + os.environ.get("PYTHONPATH", "")
    done = subprocess.run(
        [sys.executable, "-c", code, __file__], capture_output=True, text=True, check=True, env=environment
    )
    other = json.loads(done.stdout.splitlines()[-1])
    here = everything()
    assert set(other) == set(here)
    for name, expected in here.items():
        # JAX's side is float32: gradients are up to 7 / 24, errors divide by differences of 0.01 sides
        np.testing.assert_allclose(other[name], expected, rtol=2e-5, atol=2e-6, err_msg=name)


def test_cell_entropy_is_least_where_the_map_is_the_gaussian_around_the_truth():
    from train.losses import CellEntropyLoss

    side, loss = 8, CellEntropyLoss(sigma=1.0)
    true = np.array([[0.1, -0.2, 0.3, 0.05]], np.float32)
    place = (np.arange(side) + 0.5) / side - 0.5
    y, x = np.meshgrid(place, place, indexing="ij")
    wanted = np.stack([np.exp(-(side**2) * ((x - px) ** 2 + (y - py) ** 2) / 2) for px, py in true.reshape(2, 2)])
    wanted = (wanted / wanted.sum(axis=(1, 2), keepdims=True)).reshape(1, 2, side * side).astype(np.float32)
    entropy = -(wanted * np.log(wanted)).sum(axis=-1).mean()
    assert float(loss(true, wanted)) == pytest.approx(entropy, rel=1e-4)
    flat = np.full_like(wanted, 1 / side**2)
    turned = wanted.reshape(1, 2, side, side).transpose(0, 1, 3, 2).reshape(1, 2, -1)
    assert float(loss(true, wanted)) < float(loss(true, flat)) < float(loss(true, np.ascontiguousarray(turned)))


def test_cell_entropy_asks_for_the_nearest_cells_where_a_point_is_outside():
    from train.losses import CellEntropyLoss

    side = 4
    corner = np.full((1, 1, side * side), 1e-6, np.float32)
    corner[0, 0, 0] = 1.0
    outside = np.array([[-1.5, -1.5]], np.float32)
    assert float(CellEntropyLoss()(outside, corner)) < 0.25
    beside = np.ascontiguousarray(corner[..., ::-1])
    assert float(CellEntropyLoss()(outside, beside)) > 10


def test_cell_entropy_weighs_points():
    from train.losses import CellEntropyLoss

    rng = np.random.default_rng(1)
    maps = rng.uniform(0.01, 1, (1, 2, 16)).astype(np.float32)
    places = rng.uniform(-0.4, 0.4, (1, 4)).astype(np.float32)
    alone = [float(CellEntropyLoss()(places[:, 2 * i : 2 * i + 2], maps[:, i : i + 1])) for i in (0, 1)]
    weighted = np.concatenate([places, [[1.0, 0.25]]], axis=1).astype(np.float32)
    assert float(CellEntropyLoss()(weighted, maps)) == pytest.approx((alone[0] + 0.25 * alone[1]) / 2, rel=1e-5)


def test_cell_entropy_takes_square_maps():
    from train.losses import CellEntropyLoss

    with pytest.raises(InputError, match="expected square maps, got 12 cells"):
        CellEntropyLoss()(np.zeros((1, 2), np.float32), np.zeros((1, 1, 12), np.float32))
