"""Crops and similarities: there and back, exact places, and what the crop shows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk import BBox, InputError
from sdk.geometry import Crop, Similarity, fit_similarity

FINITE = st.floats(-500, 500)
CROPS = st.builds(
    Crop,
    center_x=FINITE,
    center_y=FINITE,
    side=st.floats(2, 2000),
    size=st.integers(1, 256),
    angle_deg=st.floats(-180, 180),
)
POINTS = st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=10).map(lambda p: np.array(p, np.float32))


@settings(deadline=None)  # a busy machine is no error
@given(CROPS, POINTS)
def test_to_crop_undoes_to_image(crop, points):
    back = crop.to_image(crop.to_crop(points))
    np.testing.assert_allclose(back, points, atol=2e-3)  # float32 at 500 px has steps of 3e-5; side / 2 enters


@settings(deadline=None)  # a busy machine is no error
@given(CROPS)
def test_the_centre_of_the_crop_is_its_origin(crop):
    np.testing.assert_allclose(crop.to_crop(np.array([[crop.center_x, crop.center_y]])), [[0, 0]], atol=1e-6)


def test_a_crop_of_the_whole_image_is_the_image():
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    crop = Crop(31.5, 31.5, 64.0, 64)
    np.testing.assert_array_equal(crop.extract(image), image)


def test_crop_pixels_are_where_to_image_says():
    ramp = np.tile(np.arange(200, dtype=np.uint8), (200, 1))  # a pixel's value is its x
    crop = Crop(100.0, 90.0, 64.0, 64)
    u = np.arange(64)
    x = crop.to_image(np.stack([(u + 0.5) / 64 - 0.5, np.zeros(64)], axis=1))[:, 0]
    np.testing.assert_allclose(crop.extract(ramp)[10], x, atol=0.51)  # a grey level is a pixel; rounding


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_shrinking_keeps_places(factor):
    size = 40 * factor
    ramp = np.tile(np.linspace(0, 255, size).astype(np.uint8), (size, 1))
    crop = Crop((size - 1) / 2, (size - 1) / 2, size, 40)
    expected = ramp[0].reshape(40, factor).mean(axis=1)
    np.testing.assert_allclose(crop.extract(ramp)[20], expected, atol=1.0)


@pytest.mark.parametrize("factor", [1, 2, 4, 7])
def test_a_crop_is_the_same_wherever_the_image_ends(factor):
    rng = np.random.default_rng(3)
    image = cv2.GaussianBlur(rng.integers(0, 256, (600, 600), np.uint8), (0, 0), 12)
    side = 30.0 * factor
    crop = Crop(300.0, 300.0, side, 30).extract(image)
    low, high = int(300 - 1.2 * side), int(300 + 1.2 * side)
    closer = Crop(300.0 - low, 300.0 - low, side, 30).extract(np.ascontiguousarray(image[low:high, low:high]))
    np.testing.assert_allclose(crop.astype(int), closer, atol=2)  # grey levels; blocks may start elsewhere


def test_shrinking_does_not_alias():
    stripes = np.zeros((256, 256), np.uint8)
    stripes[:, ::2] = 255
    crop = Crop(127.5, 127.5, 256.0, 64).extract(stripes)
    assert np.abs(crop.astype(int) - 127).max() <= 1  # point sampling would give 0 or 255


def test_a_turned_crop_brings_a_turned_mark_upright():
    image = np.zeros((101, 101), np.uint8)
    crop = Crop(50.0, 50.0, 60.0, 60, angle_deg=90.0)
    image[50, 70] = 255  # to the right of the centre
    row, column = np.unravel_index(crop.extract(image).argmax(), (60, 60))
    assert row < 15  # clockwise by 90 in the image: its right is the crop's up
    assert abs(column - 29.5) <= 1


def test_beyond_the_image_edges_repeat():
    image = np.full((20, 20, 3), 77, np.uint8)
    assert (Crop(0.0, 0.0, 40.0, 32).extract(image) == 77).all()


@pytest.mark.parametrize("side", [1e-3, 3.0, 1e4, 1e7])
def test_any_side_gives_a_crop_of_the_size(side):
    assert Crop(5.0, 5.0, side, 16).extract(np.zeros((11, 12, 3), np.uint8)).shape == (16, 16, 3)


def test_a_crop_beside_the_image_says_so():
    with pytest.raises(InputError, match=r"touches the 20 x 10 image.*pixels of this frame"):
        Crop(500.0, 5.0, 10.0, 16).extract(np.zeros((10, 20, 3), np.uint8))


@pytest.mark.parametrize(("side", "size"), [(0.0, 8), (-1.0, 8), (4.0, 0), (float("nan"), 8)])
def test_impossible_crops_are_refused(side, size):
    with pytest.raises(InputError, match="crop"):
        Crop(0.0, 0.0, side, size)


def test_around_landmarks_bounds_them_in_its_own_axes():
    points = np.random.default_rng(1).normal(0, 30, (68, 2)).astype(np.float32)
    inside = Crop.around_landmarks(points, size=128, margin=1.0, angle_deg=33.0).to_crop(points)
    assert np.abs(inside).max() == pytest.approx(0.5, abs=1e-5)
    spans = inside.max(axis=0) + inside.min(axis=0)
    np.testing.assert_allclose(spans, 0, atol=1e-5)


def test_around_a_box_widens_the_longer_side():
    crop = Crop.around(BBox(10, 20, 30, 60), size=128, margin=1.5)
    assert (crop.center_x, crop.center_y, crop.side) == (20, 40, 60)


@settings(deadline=None)  # a busy machine is no error
@given(
    st.complex_numbers(min_magnitude=0.1, max_magnitude=10),
    st.complex_numbers(max_magnitude=100),
)
def test_fit_similarity_finds_the_similarity(a, b):
    points = np.random.default_rng(2).normal(size=(20, 2))
    found = fit_similarity(points, Similarity(a, b).apply(points))
    assert found.a == pytest.approx(a, abs=1e-6)
    assert found.b == pytest.approx(b, abs=1e-6)
    np.testing.assert_allclose(found.inverse().apply(found.apply(points)), points, atol=1e-9)


def test_coinciding_points_have_no_similarity():
    with pytest.raises(InputError, match="coincide"):
        fit_similarity(np.zeros((5, 2)), np.random.default_rng(0).normal(size=(5, 2)))


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(1e-3, 1e5), st.floats(-180, 180))
def test_a_crop_on_the_grid_is_near(x, y, side, angle):
    crop = Crop(x, y, side, 128, angle)
    near = crop.on_grid()
    assert abs(near.center_x - x) <= side / 1024
    assert abs(near.center_y - y) <= side / 1024
    assert abs(near.side - side) <= side / 1024
    assert abs(near.angle_deg - angle) <= 0.125


def test_crops_that_differ_by_float_sums_are_the_same_on_the_grid():
    crop = Crop(132.627, 124.31, 115.93, 128, 10.05)
    other = Crop(132.627 + 6e-5, 124.31 - 6e-5, 115.93 + 6e-5, 128, 10.05 + 6e-5)
    assert other.on_grid() == crop.on_grid()
