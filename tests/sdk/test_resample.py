"""The crop against its definition in docs/model_format.md, one pixel at a time."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sdk.geometry import Crop

CROPS = st.builds(
    Crop,
    center_x=st.floats(-3, 44),
    center_y=st.floats(-3, 34),
    side=st.floats(6, 400),
    size=st.integers(1, 9),
    angle_deg=st.one_of(st.just(0.0), st.floats(-180, 180)),
)


def defined(image, crop):
    """docs/model_format.md, "The crop", line by line."""
    height, width = image.shape[:2]
    c, s = math.cos(math.radians(crop.angle_deg)), math.sin(math.radians(crop.angle_deg))
    pixel, size = crop.side / crop.size, crop.size
    block = min(64, max(1, math.floor(pixel)))
    right, down = round(65536 * (c * pixel / block)), round(65536 * (s * pixel / block))
    reach = pixel * size * (abs(c) + abs(s)) / 2 + 2 * block
    ax, ay = max(0, math.floor(crop.center_x - reach)), max(0, math.floor(crop.center_y - reach))
    mx = round(65536 * ((crop.center_x - ax - (block - 1) / 2) / block))
    my = round(65536 * ((crop.center_y - ay - (block - 1) / 2) / block))

    def mean(u, v):
        total = 0
        for k in range(block):
            for i in range(block):
                column = min(max(ax + block * u + i, 0), width - 1)
                row = min(max(ay + block * v + k, 0), height - 1)
                total += int(image[row, column])
        return (2 * total + block**2) // (2 * block**2)

    out = np.empty((size, size), np.uint8)
    for j in range(size):
        for i in range(size):
            x = mx - ((size - 1) * (right - down) >> 1) + i * right - j * down
            y = my - ((size - 1) * (right + down) >> 1) + i * down + j * right
            x, y = (x + 512) >> 10, (y + 512) >> 10
            u, v, f, g = x >> 6, y >> 6, x & 63, y & 63
            upper = (64 - f) * mean(u, v) + f * mean(u + 1, v)
            lower = (64 - f) * mean(u, v + 1) + f * mean(u + 1, v + 1)
            out[j, i] = ((64 - g) * upper + g * lower + 2048) >> 12
    return out


@settings(deadline=None, max_examples=60)
@given(CROPS, st.integers(0, 9))
def test_every_byte_is_as_defined(crop, seed):
    image = np.random.default_rng(seed).integers(0, 256, (32, 41), np.uint8)
    assume(-crop.side < 2 * crop.center_x < 81 + crop.side)  # others may lie beside the image, and are refused
    assume(-crop.side < 2 * crop.center_y < 63 + crop.side)
    np.testing.assert_array_equal(crop.extract(image), defined(image, crop))


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("side", [50.0, 200.0])
def test_channels_do_not_mix(channels, side):
    image = np.random.default_rng(1).integers(0, 256, (120, 150, channels), np.uint8)
    crop = Crop(70.25, 60.5, side, 40, 12.0)
    single = [crop.extract(np.ascontiguousarray(image[..., c])) for c in range(channels)]
    np.testing.assert_array_equal(crop.extract(image), np.stack(single, axis=-1))


@pytest.mark.parametrize(("side", "value"), [(20.0, 255), (300.0, 255), (5000.0, 255), (5000.0, 0)])
def test_a_plain_image_stays_plain(side, value):
    image = np.full((90, 80, 3), value, np.uint8)
    assert (Crop(11.3, 70.9, side, 64, 33.0).extract(image) == value).all()


@pytest.mark.parametrize("side", [40.0, 90.0, 230.0])
def test_moving_the_image_by_whole_pixels_changes_nothing(side):
    image = np.random.default_rng(2).integers(0, 256, (300, 300, 3), np.uint8)
    here = Crop(150.3, 148.9, side, 32, 20.0).extract(image)
    there = Crop(150.3 - 7, 148.9 - 5, side, 32, 20.0).extract(image[5:, 7:])
    if side < 200:  # the larger crop reads the edges
        np.testing.assert_array_equal(here, there)
    else:
        assert (here != there).any()


def test_the_same_bytes_as_ever():
    image = (np.arange(240 * 320 * 3, dtype=np.uint32) * 2654435761 >> 24).astype(np.uint8).reshape(240, 320, 3)
    crops = [
        Crop(150.5, 110.25, side, 96, angle) for side in (70.0, 150.0, 290.0, 900.0) for angle in (0.0, -31.0)
    ]
    digest = hashlib.sha256(b"".join(crop.extract(image).tobytes() for crop in crops)).hexdigest()
    assert digest == "4da27d43b061672281cda62ab3a802f08170799f48fa16ab8cc485c9579c809a"


@pytest.mark.parametrize("side", [30.0, 150.0, 900.0])
def test_views_of_any_layout_give_what_their_copies_give(side):
    image = np.random.default_rng(3).integers(0, 256, (160, 200, 6), np.uint8)
    views = {
        "colours turned": image[..., 2::-1],
        "upside down": image[::-1, :, :3],
        "mirrored": image[:, ::-1, :3],
        "every other channel": image[..., ::2],
        "transposed": image.transpose(1, 0, 2)[..., :3],
        "one row": image[:1, :, :3],
        "one column": image[:, :1, :4],
    }
    crop = Crop(8.0, 11.0, side, 40, 17.0)
    for name, view in views.items():
        np.testing.assert_array_equal(crop.extract(view), crop.extract(view.copy()), err_msg=name)


@pytest.mark.parametrize("size", [1, 3])
def test_a_crop_larger_than_32_bit_positions(size):
    image = np.full((9, 7), 200, np.uint8)
    assert (Crop(3.0, 4.0, 1e9, size, 30.0).extract(image) == 200).all()


@pytest.mark.parametrize(("side", "angle"), [(30.0, 0.0), (150.0, 17.0), (900.0, -40.0)])
def test_three_channels_are_swapped_on_the_way(side, angle):
    image = np.random.default_rng(4).integers(0, 256, (160, 200, 3), np.uint8)
    crop = Crop(60.0, 51.0, side, 40, angle)
    np.testing.assert_array_equal(crop.extract(image, swapped=True), crop.extract(image)[..., ::-1])
