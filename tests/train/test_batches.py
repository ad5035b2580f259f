"""Batches depend on seed, epoch and face alone: not on threads, processes or what was asked before."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sdk import InputError, ModelFile
from sdk.pose_fit import pose_from_landmarks
from sdk.results import HeadPose
from sdk.schemes import IBUG68
from sdk.testing import rendered_face
from train.ahead import Ahead
from train.config import AugmentConfig, Sampling, TrainConfig
from train.datasets import DataError, Sample
from train.makers import forked

SHAPE_MODEL = ModelFile.default().shape_model
CONFIG = TrainConfig(size=32, batch=4, seed=3)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    rng = np.random.default_rng(1)
    faces = [rendered_face(rng, size=80) for _ in range(10)]
    return [
        Sample(Path(f"{i}.png"), points, f"s{i}", "drawn", image=image) for i, (image, points) in enumerate(faces)
    ]


def make(samples, config: TrainConfig = CONFIG, *, epoch: int = 0, **options):
    from train.batches import TrainingBatches

    batches = TrainingBatches(samples, SHAPE_MODEL, config, **options)
    batches.epoch = epoch
    return batches


def flat(batches) -> np.ndarray:
    """All of an epoch as one row of numbers a face."""
    rows = []
    for i in range(len(batches)):
        images, (landmarks, poses) = batches[i]
        rows.append(np.concatenate([images.reshape(len(images), -1), landmarks, poses], axis=1))
    return np.concatenate(rows)


def test_the_same_seed_and_epoch_give_the_same_bits_in_any_order(samples):
    first, second = make(samples, epoch=5), make(samples, epoch=2)
    second[1]
    second.epoch = 5
    for i in (1, 0):
        for a, b in zip((first[i][0], *first[i][1]), (second[i][0], *second[i][1]), strict=True):
            np.testing.assert_array_equal(a, b)


def test_another_epoch_or_seed_gives_other_views(samples):
    base = flat(make(samples))
    for other in (make(samples, epoch=1), make(samples, replace(CONFIG, seed=4))):
        assert np.abs(flat(other) - base).max() > 0.1


def test_a_face_looks_the_same_in_an_epoch_whatever_the_batch_size(samples):
    def by_content(rows: np.ndarray) -> np.ndarray:
        return rows[np.lexsort(rows[:, -5:].T)]

    small, large = flat(make(samples, replace(CONFIG, batch=2))), flat(make(samples, replace(CONFIG, batch=10)))
    np.testing.assert_array_equal(by_content(small), by_content(large))


def test_an_epoch_shows_no_face_twice_and_drops_the_rest(samples):
    batches = make(samples)
    assert len(batches) == 2
    assert flat(batches).shape[0] == 8
    assert len(np.unique(flat(batches)[:, -3:], axis=0)) == 8


def test_shapes_and_ranges(samples):
    images, (landmarks, poses) = make(samples)[0]
    assert (images.shape, landmarks.shape, poses.shape) == ((4, 32, 32, 3), (4, 136), (4, 3))
    assert (images.dtype, landmarks.dtype, poses.dtype) == (np.float32,) * 3
    assert 0.0 <= images.min() <= images.max() <= 1.0
    assert np.abs(landmarks).max() < 1.0


def test_processes_share_a_batch_in_order(samples):
    whole = make(samples, epoch=1)
    parts = [make(samples, epoch=1, share=(rank, 2)) for rank in range(2)]
    for i in range(len(whole)):
        images = np.concatenate([part[i][0] for part in parts])
        landmarks = np.concatenate([part[i][1][0] for part in parts])
        np.testing.assert_array_equal(images, whole[i][0])
        np.testing.assert_array_equal(landmarks, whole[i][1][0])
        np.testing.assert_array_equal(list(parts[1].whole(len(whole)))[i], whole[i][0])


def test_a_batch_that_cannot_be_shared_is_refused(samples):
    with pytest.raises(InputError, match="expected a multiple of the 3 workers, got 4 faces"):
        make(samples, share=(0, 3))


def test_balanced_sets_repeat_faces_with_views_of_their_own(samples):
    still = replace(CONFIG, balance_bins=9, augment=AugmentConfig(flip=0.0))
    batches = make(samples, replace(still, batch=1))
    assert len(batches) > len(samples)
    rows = flat(batches)
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_labels_see_the_images_they_belong_to(samples):
    def brightness(images: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        return np.concatenate([landmarks, images.mean(axis=(1, 2, 3))[:, None]], axis=1)

    plain, labelled = make(samples)[0], make(samples, label=brightness)[0]
    np.testing.assert_array_equal(labelled[1][0][:, :-1], plain[1][0])
    np.testing.assert_allclose(labelled[1][0][:, -1], plain[0].mean(axis=(1, 2, 3)), rtol=1e-6)


def test_a_damaged_image_is_named(samples, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    with pytest.raises(DataError, match=r"bad\.png: expected a readable image"):
        make([*samples, replace(samples[0], path=bad, image=None)])


def test_jittered_crops_depend_on_seed_and_index_alone(samples):
    from train.batches import jittered_crops

    crops, truth = jittered_crops(samples, size=32, margin=1.3)
    again, _ = jittered_crops(samples[:3], size=32, margin=1.3)
    np.testing.assert_array_equal(crops[:3], again)
    assert truth.shape == (10, IBUG68.n_points, 2)


def test_items_are_begun_ahead_and_come_in_order():
    begun, gate = [], threading.Event()

    def work(epoch: int, index: int) -> tuple[int, int]:
        begun.append((epoch, index))
        if index:
            gate.wait(5)
        return epoch, index

    ahead = Ahead(work, threads=3, depth=3)
    assert ahead(0, 0, 5) == (0, 0)
    deadline = time.monotonic() + 5
    while len(begun) < 3 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert sorted(begun) == [(0, 0), (0, 1), (0, 2)]
    gate.set()
    assert [ahead(0, i, 5) for i in (1, 2, 3, 4)] == [(0, i) for i in (1, 2, 3, 4)]
    assert ahead(1, 0, 5) == (1, 0)  # nothing of the old epoch is given for the new
    assert max(index for _, index in begun) == 4


def test_an_error_in_the_background_comes_to_the_caller():
    def fail(epoch: int, index: int) -> int:
        raise DataError("broken")

    with pytest.raises(DataError, match="broken"):
        Ahead(fail)(0, 0, 3)


def test_extra_faces_come_beside_the_samples_each_once_before_any_comes_again(samples):
    config = replace(CONFIG, extra_share=0.5, batch=3)
    batches = make(samples[:4], config, extra=samples[4:])
    assert len(batches) == 2  # 4 samples and 2 of the 6 extra faces
    shown = [sorted(batches._faces(epoch)) for epoch in range(3)]
    assert all(faces[:4] == [0, 1, 2, 3] for faces in shown)
    assert sorted(face for faces in shown for face in faces[4:]) == [4, 5, 6, 7, 8, 9]
    assert flat(batches).shape[0] == 6


def test_without_extra_faces_nothing_changes(samples):
    np.testing.assert_array_equal(flat(make(samples, epoch=2)), flat(make(samples, epoch=2, extra=())))


@pytest.mark.parametrize(("share", "extra"), [(0.5, 0), (0.0, 3)])
def test_extra_faces_and_their_share_go_together(samples, share, extra):
    with pytest.raises(InputError, match=f"expected them together with a share, got {extra} faces"):
        make(samples, replace(CONFIG, extra_share=share), extra=samples[:extra])


def test_measured_angles_are_learnt_and_the_others_fitted(samples):
    from train.batches import pose_label

    fitted = pose_label(samples[0], SHAPE_MODEL, IBUG68)
    assert fitted == pose_from_landmarks(samples[0].landmarks, SHAPE_MODEL)
    known = replace(samples[0], pose_deg=(30.0, -15.0, float("nan")))
    assert pose_label(known, SHAPE_MODEL, IBUG68) == HeadPose(30.0, -15.0, fitted.roll_deg)


def test_other_processes_make_the_same_batches(samples):
    apart = make(samples, epoch=2, makers=2)
    np.testing.assert_array_equal(flat(apart), flat(make(samples, epoch=2)))


def test_opencv_with_threads_at_work_can_be_forked():
    import cv2

    picture = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), np.uint8)

    def blurred() -> int:
        return int(cv2.GaussianBlur(picture, (0, 0), 9.0).sum())

    count = cv2.getNumThreads()
    assert forked(blurred, 1)() == blurred() == forked(blurred, 2)()
    assert cv2.getNumThreads() == count


def test_what_another_process_finds_wrong_is_said_here():
    def refuse(number: int) -> int:
        raise InputError(f"no {number}")

    with pytest.raises(InputError, match="no 3"):
        forked(refuse, 1)(3)
    with pytest.raises(InputError, match="makers: expected 0 or more processes, got -1"):
        forked(refuse, -1)


def test_weights_of_points_follow_the_truth_and_are_mirrored_with_it(samples):
    weights = np.linspace(0.1, 1.0, 68).astype(np.float32)
    weighted = [replace(sample, point_weights=weights) for sample in samples[:5]] + samples[5:]
    batches, plain = make(weighted), make(samples)
    mirrored = weights[list(IBUG68.mirror)]
    seen = set()
    for i in range(len(batches)):
        truth, same = batches[i][1][0], plain[i][1][0]
        np.testing.assert_array_equal(truth[:, :136], same)
        for row in truth[:, 136:]:
            match = [n for n, w in enumerate((weights, mirrored, np.ones(68))) if np.array_equal(row, w)]
            assert match, row
            seen.add(match[0])
    assert seen == {0, 1, 2}


def test_a_lying_head_has_the_pose_of_an_upright_one_turned(samples):
    from train.batches import pose_label

    face = samples[0].landmarks
    upright = pose_label(samples[0], SHAPE_MODEL, IBUG68)
    lying = np.stack([80 - face[:, 1], face[:, 0]], axis=1).astype(np.float32)  # a quarter turn, clockwise
    pose = pose_label(replace(samples[0], landmarks=lying), SHAPE_MODEL, IBUG68)
    assert pose.yaw_deg == pytest.approx(upright.yaw_deg, abs=0.5)
    assert pose.pitch_deg == pytest.approx(upright.pitch_deg, abs=0.5)
    assert pose.roll_deg == pytest.approx(upright.roll_deg + 90, abs=0.5)


def test_turned_views_look_further_to_the_side(samples):
    still = replace(CONFIG, augment=AugmentConfig(flip=0.0, rotation_deg=0.0))
    turning = replace(still, augment=replace(still.augment, turn=1.0, turn_deg=40.0))
    plain, turned = (np.abs(flat(make(samples, config))[:, -3]) * 90.0 for config in (still, turning))
    assert turned.mean() > plain.mean() + 10.0


def test_hard_faces_are_shown_more_often_in_epochs_of_the_same_length(samples):
    weights = np.where(np.arange(10) < 2, 0.0, 1.0)
    doubtful = [
        replace(s, point_weights=np.full(68, w, np.float32)) for s, w in zip(samples, weights, strict=True)
    ]
    extra = [replace(s, subject=f"extra{i}") for i, s in enumerate(doubtful)]
    config = replace(CONFIG, extra_share=0.5, augment=AugmentConfig(turn=0.0), sampling=Sampling(9.0))
    batches = make(doubtful, config, extra=extra)
    assert len(batches) == len(make(doubtful, replace(config, sampling=Sampling()), extra=extra))
    shown = np.concatenate([batches._faces(epoch) for epoch in range(40)])
    assert len(shown) == 40 * 15
    counts = np.bincount(shown, minlength=20).reshape(2, 10)
    assert (counts.min(axis=1) > 0).all()
    assert (counts[:, :2].mean(axis=1) > 4 * counts[:, 2:].mean(axis=1)).all()
    again = make(doubtful, config, extra=extra)
    np.testing.assert_array_equal(again._faces(3), batches._faces(3))
