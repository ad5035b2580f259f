"""Folders of .pts files: both forms, the shift to 0-based pixels, order, and what is said about bad files."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from train.datasets.pts import parse_pts, read_pts
from train.datasets.sample import DataError

POINTS = np.round(np.random.default_rng(3).uniform(1, 60, (68, 2)), 3)


def pts_text(points: np.ndarray = POINTS, *, header: bool = True) -> str:
    body = "".join(f"{x} {y}\n" for x, y in points)
    return f"version: 1\nn_points:  {len(points)}\n{{\n{body}}}\n" if header else body


def write_face(folder, name: str, suffix: str = ".png", text: str | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.pts").write_text(pts_text() if text is None else text)
    cv2.imwrite(str(folder / f"{name}{suffix}"), np.zeros((64, 64, 3), np.uint8))


@pytest.mark.parametrize("header", [True, False])
def test_pixels_become_0_based(header):
    parsed = parse_pts(pts_text(header=header))
    assert parsed.dtype == np.float32
    np.testing.assert_allclose(parsed, POINTS - 1.0, atol=4e-6)  # float32 of 60


def test_blank_lines_tabs_and_windows_line_ends_are_accepted():
    text = pts_text().replace(" ", "\t").replace("\n", "\r\n").replace("{", "\r\n{")
    np.testing.assert_array_equal(parse_pts(text), parse_pts(pts_text()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\nn_points: 2\n{\n1 2\n3 x\n}\n", "a.pts, line 5: expected two numbers 'x y', got '3 x'"),
        ("version: 1\nn_points: 2\n{\n1 2 3\n3 4\n}\n", "a.pts, line 4: expected two numbers"),
        ("version: 1\nn_points: 2\n{\n1 nan\n3 4\n}\n", "a.pts, line 4: expected finite numbers, got '1 nan'"),
        ("version: 1\nn_points: 3\n{\n1 2\n3 4\n}\n", "a.pts: n_points says 3, got 2 points"),
        ("version: 1\nn_points: 2\n{\n1 2\n3 4\n", "a.pts, line 5: expected the closing brace, got '3 4'"),
        ("version: 2\nn_points: 1\n{\n1 2\n}\n", "a.pts: expected version 1 of the format, got '2'"),
        ("version: 1\npoints: 1\n{\n1 2\n}\n", "a.pts, line 2: expected 'version: 1' or 'n_points: n'"),
        ("version: 1\n{\n1 2\n}\n", "a.pts: expected 'n_points: n' above the brace, got None"),
        ("version: 1\nn_points: 0\n{\n}\n", "a.pts: expected lines 'x y', got none"),
        ("", "a.pts: expected lines 'x y', got none"),
    ],
)
def test_bad_text_is_named_with_its_line(text, message):
    with pytest.raises(DataError, match=f"^{message}"):
        parse_pts(text, name="a.pts")


def test_a_folder_is_read_in_the_order_of_its_paths(tmp_path):
    for folder, name in [("b", "2"), ("a", "z"), ("b", "10"), ("", "middle"), ("c d", "e (1)")]:
        write_face(tmp_path / folder, name)
    sources = [s.source for s in read_pts(tmp_path)]
    assert sources == ["a/z.png", "b/10.png", "b/2.png", "c d/e (1).png", "middle.png"]
    assert sources == [s.source for s in read_pts(tmp_path)]
    first = next(read_pts(tmp_path))
    assert (first.scheme, first.subject, first.path) == ("ibug68", "a/z.png", tmp_path / "a" / "z.png")


def test_the_number_of_points_names_the_scheme(tmp_path):
    write_face(tmp_path, "a", ".jpg", pts_text(np.ones((29, 2)) * np.arange(29)[:, None]))
    assert next(read_pts(tmp_path)).scheme == "cofw29"
    write_face(tmp_path, "a", ".jpg", pts_text(POINTS[:5]))
    with pytest.raises(DataError, match=r"a\.pts: expected a known number of points, .*; got 5"):
        next(read_pts(tmp_path))


def test_missing_things_are_named(tmp_path):
    with pytest.raises(DataError, match=r"expected a folder with \.pts files and their images, got no \.pts file"):
        read_pts(tmp_path)
    (tmp_path / "a.pts").write_text(pts_text())
    with pytest.raises(DataError, match=r"a\.pts: expected its image beside it, a\.png or a\.jpg"):
        list(read_pts(tmp_path))
    (tmp_path / "a.pts").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"a\.pts: expected a text file"):
        list(read_pts(tmp_path))


def test_bad_files_can_be_left_out(tmp_path):
    write_face(tmp_path, "1")
    write_face(tmp_path, "2", text="1 2\nthree four\n")
    write_face(tmp_path, "3")
    rejected: list[DataError] = []
    assert [s.source for s in read_pts(tmp_path, reject=rejected.append)] == ["1.png", "3.png"]
    assert len(rejected) == 1
    assert "2.pts, line 2" in str(rejected[0])


@pytest.mark.parametrize("suffix", [".jfif", ".JFIF", ".webp", ".tif", ".bmp"])
def test_images_of_other_names_count(tmp_path, suffix):
    write_face(tmp_path, "a")
    image = tmp_path / "a.png"
    kind = ".jpg" if suffix.lower() == ".jfif" else suffix.lower()
    image.with_suffix(suffix).write_bytes(cv2.imencode(kind, cv2.imread(str(image)))[1].tobytes())
    image.unlink()
    (sample,) = read_pts(tmp_path)
    assert sample.path.name == f"a{suffix}"
    assert sample.read_image().shape == (64, 64, 3)


def test_an_image_that_opencv_does_not_read_is_named_with_the_remedy(tmp_path):
    write_face(tmp_path, "a")
    (tmp_path / "a.png").rename(tmp_path / "a.HEIC")
    with pytest.raises(DataError, match=r"got a\.heic\. OpenCV does not read HEIC\. Save it as JPEG first"):
        list(read_pts(tmp_path))


def test_notes_of_macos_are_no_faces(tmp_path):
    write_face(tmp_path, "a")
    (tmp_path / "._a.pts").write_bytes(b"\x00\x05\x16\x07")
    assert len(list(read_pts(tmp_path))) == 1


def test_comments_are_left_out_wherever_they_stand():
    lines = pts_text().splitlines()
    commented = [
        "# by hand",
        lines[0],
        "  # points follow",
        *lines[1:5],
        "#7 8",
        lines[5] + "  # chin",
        *lines[6:],
    ]
    np.testing.assert_array_equal(parse_pts("\n".join([*commented, "# end"])), parse_pts(pts_text()))
    bare = "# no header\n" + pts_text(header=False)
    np.testing.assert_array_equal(parse_pts(bare), parse_pts(pts_text()))


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """A JPEG with an EXIF block that holds the orientation alone."""
    entry = b"\x12\x01\x03\x00\x01\x00\x00\x00" + bytes([orientation, 0, 0, 0])
    tiff = b"II*\x00\x08\x00\x00\x00" + b"\x01\x00" + entry + b"\x00\x00\x00\x00"
    body = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]


@pytest.mark.parametrize("orientation", [3, 6])
def test_photos_are_turned_as_predict_turns_them(tmp_path, orientation):
    from sdk.photos import read_photo

    write_face(tmp_path, "a", ".jpg")
    image = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    plain = cv2.imencode(".jpg", image)[1].tobytes()
    (tmp_path / "a.jpg").write_bytes(with_orientation(plain, orientation))
    found = next(read_pts(tmp_path)).read_image()
    np.testing.assert_array_equal(found, read_photo(tmp_path / "a.jpg"))
    stored = cv2.imdecode(np.frombuffer(plain, np.uint8), cv2.IMREAD_COLOR)
    turned = cv2.rotate(stored, {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE}[orientation])
    np.testing.assert_array_equal(found, turned)
