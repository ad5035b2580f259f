"""Samples: what they hold, and images that cannot be read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from sdk.errors import InputError
from train.datasets.sample import DataError, Sample, read_each, scheme_of

POINTS = np.zeros((68, 2), np.float32)


def test_the_first_four_fields_are_enough():
    sample = Sample(Path("a.jpg"), POINTS, "s", "o")
    assert (sample.scheme, sample.box, sample.occluded, sample.subset) == ("ibug68", None, None, "")
    assert np.isnan(sample.pose_deg).all()
    assert dict(sample.attributes) == {}
    assert sample.has_landmarks
    assert not Sample(Path("a.jpg"), POINTS * np.nan, "s", "o").has_landmarks


def test_an_image_in_memory_is_returned_as_a_copy():
    image = np.zeros((4, 5, 3), np.uint8)
    sample = Sample(Path("archive.mat"), POINTS, "s", "o", image=image)
    sample.read_image()[:] = 255
    assert image.max() == 0
    assert sample.read_image().shape == (4, 5, 3)


def test_grey_images_are_read_as_bgr(tmp_path):
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((6, 7), 9, np.uint8))
    image = Sample(tmp_path / "grey.png", POINTS, "s", "o").read_image()
    assert image.shape == (6, 7, 3)
    assert image.dtype == np.uint8


def test_a_photo_is_read_as_stored_whatever_its_orientation_tag_says(tmp_path):
    ok, jpeg = cv2.imencode(".jpg", np.zeros((8, 16, 3), np.uint8))
    assert ok
    turned = bytes.fromhex(  # an EXIF block with the one tag Orientation = 6, a quarter turn
        "ffe1001e4578696600004d4d002a000000080001" + "011200030000000100060000"
    )
    content = jpeg.tobytes()
    (tmp_path / "turned.jpg").write_bytes(content[:2] + turned + content[2:])
    assert cv2.imread(str(tmp_path / "turned.jpg")).shape == (16, 8, 3)  # the tag is understood
    assert Sample(tmp_path / "turned.jpg", POINTS, "s", "o").read_image().shape == (8, 16, 3)


def test_damaged_and_missing_images_are_named(tmp_path):
    ok, jpeg = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    assert ok
    (tmp_path / "cut.jpg").write_bytes(jpeg.tobytes()[: len(jpeg) // 2])
    (tmp_path / "empty.jpg").write_bytes(b"")
    for name in ("cut", "empty"):
        with pytest.raises(DataError, match=rf"{name}\.jpg: expected a readable image; is the file damaged"):
            Sample(tmp_path / f"{name}.jpg", POINTS, "s", "o").read_image()
    with pytest.raises(DataError, match=r"gone\.jpg: expected a readable image, got: No such file"):
        Sample(tmp_path / "gone.jpg", POINTS, "s", "o").read_image()


def test_shapes_are_checked():
    with pytest.raises(InputError, match=r"a.jpg: expected landmarks \(n, 2\), got \(68, 3\)"):
        Sample(Path("a.jpg"), np.zeros((68, 3), np.float32), "s", "o")
    with pytest.raises(InputError, match=r"expected occluded \(n,\) as landmarks, got \(67,\)"):
        Sample(Path("a.jpg"), POINTS, "s", "o", occluded=np.zeros(67, bool))


def test_read_each_stops_or_goes_on():
    def read(k: int) -> Sample:
        if k == 1:
            raise DataError("face 1")
        return Sample(Path(f"{k}"), POINTS, "s", str(k))

    rejected: list[DataError] = []
    assert [s.source for s in read_each(range(3), read, rejected.append)] == ["0", "2"]
    assert [str(error) for error in rejected] == ["face 1"]


def test_an_unknown_number_of_points_lists_the_known_ones():
    assert scheme_of(98, origin="a.pts") == "wflw98"
    with pytest.raises(DataError, match=r"a.pts: expected a known number of points, 19 \(aflw19\), .*; got 5"):
        scheme_of(5, origin="a.pts")
