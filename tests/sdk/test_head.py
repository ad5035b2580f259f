"""Heads outside: the numbers of a definition that is written as loops over single cells."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sdk import BackendError, FaceAligner, InputError, ModelFile
from sdk.decoder import Decoder
from sdk.head import Head
from sdk.interpreter import TfliteInterpreter

MODEL = ModelFile.default()


def toy_head(*, side: int = 5, points: int = 3, top: int = 7, seed: int = 0) -> Head:
    rng = np.random.default_rng(seed)
    rows = 2 * points + top
    sizes = ((rows, 2 * points), (2 * points,), (rows, 3), (3,))
    return Head(side, 0.08, 0.02, 100, *(rng.normal(0, 0.3, size).astype(np.float32) for size in sizes))


def defined(head: Head, maps: np.ndarray, top: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """docs/model_format.md, word by word, in double precision."""
    side, features = head.maps_side, []
    for point in range(head.n_points):
        greatest = max(int(q) for q in maps[..., point].ravel())
        whole = x = y = 0.0
        for i in range(side):
            for j in range(side):
                p = math.exp(head.maps_scale * (int(maps[i, j, point]) - greatest))
                whole += p
                x += p * ((j + 0.5) / side - 0.5)
                y += p * ((i + 0.5) / side - 0.5)
        features += [x / whole, y / whole]
    features += [head.top_scale * (int(q) - head.top_zero_point) for q in top.ravel()]
    both = []
    for kernel, bias in ((head.landmarks_kernel, head.landmarks_bias), (head.pose_kernel, head.pose_bias)):
        sums = [float(b) for b in bias]
        for row, feature in zip(kernel, features, strict=True):
            sums = [s + feature * float(k) for s, k in zip(sums, row, strict=True)]
        both.append(np.array(sums, np.float32))
    return both[0].reshape(-1, 2), both[1]


@pytest.mark.parametrize("side", [1, 2, 5, 12, 20])
def test_decoding_is_what_is_defined(side):
    rng, head = np.random.default_rng(side), toy_head(side=side, seed=side)
    decode = Decoder(head)
    for spread in (1, 20, 255):  # from flat maps to ones with every integer
        maps = (255 - rng.integers(0, spread + 1, (side, side, head.n_points))).astype(np.uint8)
        top = rng.integers(0, 256, (1, 1, head.top_size)).astype(np.uint8)
        for got, expected in zip(decode(maps, top), defined(head, maps, top), strict=True):
            np.testing.assert_array_equal(got, expected)


def test_the_shipped_head_gives_what_is_defined():
    rng, interpreter = np.random.default_rng(1), TfliteInterpreter(MODEL)
    crop = rng.integers(0, 256, (MODEL.input_size, MODEL.input_size, 3), np.uint8)
    got = interpreter.run(crop)
    maps, top = interpreter.raw_outputs
    assert (maps.dtype, top.dtype) == (np.uint8, np.uint8)
    assert len(np.unique(maps)) > 30
    for values, expected in zip(got, defined(MODEL.head, maps[0], top), strict=True):
        np.testing.assert_array_equal(values, expected)


def test_a_sharp_map_gives_its_cell_and_a_shift_of_all_integers_nothing():
    head = replace(toy_head(side=4, points=1), landmarks_kernel=np.eye(9, 2, dtype=np.float32))
    decode = Decoder(replace(head, landmarks_bias=np.zeros(2, np.float32), maps_scale=1.0))
    maps = np.full((4, 4, 1), 9, np.uint8)
    maps[3, 1] = 90
    top = np.zeros(7, np.uint8)
    np.testing.assert_allclose(decode(maps, top)[0], [[-0.125, 0.375]], atol=1e-7)  # x, y
    np.testing.assert_array_equal(decode(maps, top)[0], decode(maps + 150, top)[0])


def test_answers_outlive_the_next_call():
    head, rng = toy_head(), np.random.default_rng(0)
    decode = Decoder(head)
    first = decode(rng.integers(0, 256, (5, 5, 3)).astype(np.uint8), np.zeros(7, np.uint8))
    kept = [part.copy() for part in first]
    decode(rng.integers(0, 256, (5, 5, 3)).astype(np.uint8), np.full(7, 200, np.uint8))
    for part, copy in zip(first, kept, strict=True):
        np.testing.assert_array_equal(part, copy)


def test_arrays_that_disagree_are_named():
    head = toy_head()
    with pytest.raises(InputError, match=r"pose_kernel: expected float32 of shape \(13, 3\).*got .* \(12, 3\)"):
        replace(head, pose_kernel=head.pose_kernel[1:])
    with pytest.raises(InputError, match=r"landmarks_kernel: .*are rows and columns swapped"):
        replace(head, landmarks_kernel=head.landmarks_kernel.T)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"maps_side": 8}, "expected one output of 4352 numbers"),
        ({"maps_scale": 0.5}, "was the flatbuffer taken from another model"),
        ({"top_zero_point": 3}, "was the flatbuffer taken from another model"),
    ],
)
def test_a_head_of_another_network_is_refused(change, message):
    with pytest.raises(BackendError, match=message):
        TfliteInterpreter(replace(MODEL, head=replace(MODEL.head, **change)))


def test_a_network_that_ends_in_maps_needs_its_head():
    with pytest.raises(BackendError, match=r"expected one output of 136 numbers \(landmarks\)"):
        TfliteInterpreter(replace(MODEL, head=None))


def confident(head: Head) -> Head:
    rng = np.random.default_rng(7)
    kernel = rng.normal(0.3, 0.2, head.n_points).astype(np.float32)
    return replace(head, confidence_kernel=kernel, confidence_bias=np.array([1.5], np.float32))


def test_confidence_is_a_logistic_function_of_the_maps_greatest_probabilities():
    rng, head = np.random.default_rng(3), confident(toy_head())
    decode = Decoder(head)
    for spread in (1, 30, 255):
        maps = (255 - rng.integers(0, spread + 1, (5, 5, 3))).astype(np.uint8)
        decode(maps, np.zeros(7, np.uint8))
        logit = float(head.confidence_bias[0])
        for point in range(3):
            chances = np.exp(head.maps_scale * maps[..., point].astype(np.float64))
            logit += float(head.confidence_kernel[point]) * math.log(chances.max() / chances.sum())
        assert decode.confidence == pytest.approx(1 / (1 + math.exp(-logit)), abs=1e-12)
    assert 0 < decode.confidence < 1


def test_without_weights_there_is_no_confidence():
    decode = Decoder(toy_head())
    decode(np.zeros((5, 5, 3), np.uint8), np.zeros(7, np.uint8))
    assert decode.confidence is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"confidence_bias": None}, "expected confidence_kernel, confidence_bias, got confidence_kernel alone"),
        ({"confidence_kernel": np.zeros(4, np.float32)}, "confidence_kernel: expected 3 finite float32"),
        ({"confidence_kernel": np.zeros(3)}, "got float64"),
        ({"confidence_bias": np.array([np.nan], np.float32)}, "confidence_bias: expected 1 finite float32"),
    ],
)
def test_odd_weights_of_the_confidence_are_named(change, message):
    with pytest.raises(InputError, match=message):
        replace(confident(toy_head()), **change)


def test_a_model_file_keeps_the_weights_and_faces_come_with_a_confidence(hopper):
    assert MODEL.head is not None
    kernel, bias = np.full(68, 0.05, np.float32), np.array([12.0], np.float32)
    head = replace(MODEL.head, confidence_kernel=kernel, confidence_bias=bias)
    model = ModelFile.from_bytes(replace(MODEL, head=head).repacked(MODEL.metadata))
    np.testing.assert_array_equal(model.head.confidence_kernel, kernel)
    (face,) = FaceAligner(model).predict(hopper)
    beside = FaceAligner(model).align(hopper, (0, 0, 60, 60))
    assert 0 < beside.confidence < face.confidence < 1
