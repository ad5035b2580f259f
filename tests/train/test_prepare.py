"""Packing: crops and landmarks agree, splits do not leak, and a failure leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.results import BBox
from sdk.testing import rendered_face
from train.__main__ import main
from train.datasets import read_packed, read_pts
from train.datasets.sample import DataError, Sample
from train.prepare import FORMATS, prepare, val_subjects, whole_folder
from train.square import Square, square_around

FACES = 10


def write_pts(path: Path, landmarks: np.ndarray) -> None:
    body = "".join(f"{x + 1:.4f} {y + 1:.4f}\n" for x, y in landmarks)
    path.write_text(f"version: 1\nn_points: {len(landmarks)}\n{{\n{body}}}\n")


@pytest.fixture
def photos(tmp_path) -> Path:
    """Drawn faces of 96 to 900 px, some of them reaching over the edge of their photo, as a newcomer's folder."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(FACES):
        image, landmarks = rendered_face(np.random.default_rng(k), size=96 + 89 * k)
        if k % 3 == 0:
            image = image[:, : image.shape[1] * 3 // 4]
        cv2.imwrite(str(folder / f"face{k}.png"), image)
        write_pts(folder / f"face{k}.pts", landmarks)
    return folder


def test_points_lie_on_the_same_pixels_after_packing(photos, tmp_path):
    """There and back through the columns, within 0.5 / scale px of the original image."""
    prepare(photos, "pts", tmp_path / "packed", longest=160)
    originals = {s.source: s for s in read_pts(photos)}
    with np.load(tmp_path / "packed" / "annotations.npz") as table:
        crops = dict(zip(table["source"].tolist(), table["crop_xys_scale"].astype(float), strict=True))
    packed = [s for split in ("train", "val") for s in read_packed(tmp_path / "packed", split=split)]
    assert sorted(originals) == sorted(s.source for s in packed)
    for sample in packed:
        left, top, side, scale = crops[sample.source]
        back = (sample.landmarks.astype(float) + 0.5) / scale - 0.5 + (left, top)
        assert np.abs(back - originals[sample.source].landmarks).max() < 0.5 / scale
        assert np.abs(back - originals[sample.source].landmarks).max() < 1e-3  # only float32 rounding is lost
        image = sample.read_image()
        assert image.shape == (round(side * scale), round(side * scale), 3)
        assert max(image.shape) <= 160
        assert scale <= 1.0
        extent = np.ptp(sample.landmarks, axis=0).max()
        assert image.shape[0] == pytest.approx(2.0 * extent, abs=1.0)  # sides are whole pixels
        middle = (sample.landmarks.min(axis=0) + sample.landmarks.max(axis=0)) / 2
        np.testing.assert_allclose(middle, (image.shape[0] - 1) / 2, atol=0.51)  # so are the corners


def test_pixels_move_with_the_points(tmp_path):
    """A white cross drawn at a landmark of a black photo is still there in the shrunk crop."""
    image = np.zeros((900, 1200, 3), np.uint8)
    landmarks = np.random.default_rng(0).uniform(200, 700, (68, 2)).round()
    x, y = (int(v) for v in landmarks[30])
    image[y - 4 : y + 5, x - 4 : x + 5] = 255
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in" / "a.png"), image)
    write_pts(tmp_path / "in" / "a.pts", landmarks)
    prepare(tmp_path / "in", "pts", tmp_path / "out", val_share=0.0)
    sample = read_packed(tmp_path / "out", split="train")[0]
    ys, xs = np.nonzero(sample.read_image()[..., 0] > 127)
    np.testing.assert_allclose(sample.landmarks[30], (xs.mean(), ys.mean()), atol=0.5)


@settings(deadline=None)  # a busy machine
@given(
    st.floats(-50, 400), st.floats(-50, 400), st.floats(2, 600), st.integers(16, 300), st.integers(0, 2**32 - 1)
)
def test_a_square_repeats_the_edge_and_its_columns_say_how_much(x, y, size, longest, seed):
    image = np.random.default_rng(seed).integers(0, 255, (60, 80, 3), np.uint8)
    square = Square.around(BBox(x, y, x + size, y + size), longest)
    left, top, right, bottom = square.padding(80, 60)
    crop = square.extract(image)
    assert crop.shape == (min(square.side, longest),) * 2 + (3,)
    if square.size == square.side and left + right < square.side and top + bottom < square.side:
        inside = crop[top : square.side - bottom, left : square.side - right]
        ys, xs = max(0, square.top), max(0, square.left)
        np.testing.assert_array_equal(inside, image[ys : ys + len(inside), xs : xs + inside.shape[1]])
        np.testing.assert_array_equal(crop[: top + 1], crop[top : top + 1].repeat(top + 1, axis=0))
        np.testing.assert_array_equal(crop[:, : left + 1], crop[:, left : left + 1].repeat(left + 1, axis=1))


def test_what_a_sample_knows_is_kept(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)

    def read(root: Path, *, reject: object) -> list[Sample]:
        return [
            Sample(
                root,
                rng.uniform(40, 80, (29, 2)).astype(np.float32),
                f"s{k}",
                f"o{k}",
                scheme="cofw29",
                pose_deg=(10.0, -5.0, float("nan")),
                box=BBox(30, 30, 90, 90) if k else None,
                attributes={"blur": 1.0} if k else {"age": 40.0},
                occluded=np.arange(29) == k,
                subset="part",
                image=np.zeros((120, 120, 3), np.uint8),
            )
            for k in range(4)
        ]

    monkeypatch.setattr("train.prepare.FORMATS", {"toy": {"test": read}})
    prepare(tmp_path, "toy", tmp_path / "out")
    samples = read_packed(tmp_path / "out", split="test")
    assert [s.subject for s in samples] == ["s0", "s1", "s2", "s3"]
    assert [np.flatnonzero(s.occluded).tolist() for s in samples] == [[0], [1], [2], [3]]
    assert [dict(s.attributes) for s in samples[:2]] == [{"age": 40.0}, {"blur": 1.0}]
    assert (samples[0].box, samples[1].scheme, samples[1].subset) == (None, "cofw29", "part")
    assert samples[1].box is not None
    assert samples[1].box.width == pytest.approx(60.0)  # not shrunk
    assert samples[1].pose_deg[:2] == (10.0, -5.0)


def test_faces_without_landmarks_are_cropped_around_their_box(tmp_path):
    for person in ("01", "02"):
        (tmp_path / "in" / f"Person{person}").mkdir(parents=True)
        stem = tmp_path / "in" / f"Person{person}" / f"person{person}101-15+30"
        cv2.imwrite(f"{stem}.jpg", np.zeros((288, 384, 3), np.uint8))
        Path(f"{stem}.txt").write_text("x\n\nFace\n192\n140\n126\n94\n")
    prepare(tmp_path / "in", "pointing04", tmp_path / "out")
    (sample,) = read_packed(tmp_path / "out", split="train", require_landmarks=False)
    assert sample.read_image().shape == (252, 252, 3)
    assert sample.box is not None
    assert sample.box.center_x == pytest.approx(125.5, abs=0.51)
    assert not sample.has_landmarks


def test_nothing_to_crop_and_points_of_another_image_are_refused():
    nowhere = Sample(Path("a.jpg"), np.full((68, 2), np.nan, np.float32), "s", "o")
    with pytest.raises(DataError, match=r"a\.jpg: expected landmarks or a face box, got neither"):
        square_around(nowhere, 100, 100, 288)
    one_place = Sample(Path("a.jpg"), np.ones((68, 2), np.float32), "s", "o")
    with pytest.raises(DataError, match=r"a\.jpg: landmarks: box: expected left < right"):
        square_around(one_place, 100, 100, 288)
    points = np.random.default_rng(0).uniform(200, 300, (68, 2)).astype(np.float32)
    for far in (points, points * 100 - 20_000):
        with pytest.raises(
            DataError, match=r"a\.jpg: expected a face in the 100 x 100 image, .*; of another image"
        ):
            square_around(Sample(Path("a.jpg"), far, "s", "o"), 100, 100, 288)


def test_val_takes_whole_subjects_and_the_same_ones_each_time(tmp_path, monkeypatch):
    names = [f"photo{k // 3}" for k in range(60)]
    image = np.zeros((40, 40, 3), np.uint8)
    points = np.random.default_rng(0).uniform(10, 30, (68, 2)).astype(np.float32)

    def read(root: Path, *, reject: object) -> list[Sample]:
        return [Sample(root, points, name, str(k), image=image) for k, name in enumerate(names)]

    monkeypatch.setattr("train.prepare.FORMATS", {"toy": {"train": read}})
    results = [prepare(tmp_path, "toy", tmp_path / f"out{k}", val_share=0.2) for k in (0, 1)]
    assert results[0] == results[1]
    assert dict(results[0].faces) == {"train": 48, "val": 12}
    train, val = ({s.subject for s in read_packed(tmp_path / "out0", split=split)} for split in ("train", "val"))
    assert not train & val
    assert val == {s.subject for s in read_packed(tmp_path / "out1", split="val")}


def test_val_subjects_at_the_ends():
    assert val_subjects({"a", "b"}, 0.0) == frozenset()
    assert len(val_subjects({"a", "b"}, 0.01)) == 1
    assert val_subjects(set(), 0.1) == frozenset()
    with pytest.raises(DataError, match="val: expected more subjects than 1, got 1; a val share of 0"):
        val_subjects({"a"}, 0.1)


def test_two_runs_write_the_same_table_and_crops(photos, tmp_path):
    for name in ("one", "two"):
        prepare(photos, "pts", tmp_path / name)
    for path in sorted((tmp_path / "one" / "images").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / "images" / path.name).read_bytes()
    with (
        np.load(tmp_path / "one" / "annotations.npz") as one,
        np.load(tmp_path / "two" / "annotations.npz") as two,
    ):
        assert one.files == two.files
        for name in one.files:
            np.testing.assert_array_equal(one[name], two[name])
        assert one["source"].tolist() == [f"face{k}.png" for k in range(FACES)]


def test_a_bad_face_stops_and_leaves_nothing(photos, tmp_path):
    damage(photos)
    with pytest.raises(DataError, match=r"face3\.pts, line 1: expected two numbers"):
        prepare(photos, "pts", tmp_path / "packed")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos"]


def damage(photos: Path) -> None:
    """An unreadable line, a cut image, a missing one, another scheme."""
    (photos / "face3.pts").write_text("three points\n")
    whole = (photos / "face4.png").read_bytes()
    (photos / "face4.png").write_bytes(whole[: len(whole) // 2])
    (photos / "face5.png").unlink()
    write_pts(photos / "face6.pts", np.random.default_rng(0).uniform(0, 90, (19, 2)))


def test_bad_faces_are_skipped_and_counted_when_asked(photos, tmp_path, capfd):
    damage(photos)
    arguments = ["prepare", str(photos), "--format", "pts", "--out", str(tmp_path / "packed"), "--skip-bad"]
    assert main(arguments) == 0
    out, err = capfd.readouterr()
    assert out.endswith("packed: 6 faces (1 val, 5 train), 4 skipped\n")
    for name, reason in [
        ("3", "line 1: expected two"),
        ("4", "damaged or cut"),
        ("5", "image beside"),
        ("6", "aflw19"),
    ]:
        assert any(f"face{name}." in line and reason in line for line in err.splitlines() if "skipped: " in line)
    assert len(read_packed(tmp_path / "packed", split="train")) == 5


def test_the_command_says_what_is_wrong(photos, tmp_path, capsys):
    base = ["prepare", str(photos), "--format", "pts", "--out"]
    assert main([*base, str(tmp_path / "packed")]) == 0
    assert "10 faces (1 val, 9 train), 0 skipped" in capsys.readouterr().out
    assert main([*base, str(tmp_path / "packed")]) == 2
    assert "packed: exists already; remove it or choose another folder" in capsys.readouterr().err
    assert main([*base, str(tmp_path / "other"), "--val-share", "1"]) == 2
    assert "expected 0 <= val share < 1 and 16 px or more, got 1.0 and 288" in capsys.readouterr().err
    assert main(["prepare", str(tmp_path / "gone"), "--format", "cofw29", "--out", str(tmp_path / "other")]) == 2
    assert "COFW_train_color.mat: expected a MATLAB file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*base[:3], "jpg", "--out", "x"])


def test_all_faces_bad_is_an_error_even_when_skipping(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pts").write_text("1 2\n")
    with pytest.raises(
        DataError, match=r"in: no face could be read; the first: .*a\.pts: expected its image beside it"
    ):
        prepare(tmp_path / "in", "pts", tmp_path / "out", skip_bad=True)
    with pytest.raises(DataError, match=r"format: expected one of w300, pts, wflw98, .*, got 'jpg'"):
        prepare(tmp_path / "in", "jpg", tmp_path / "out")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DataError, match=r"out: could not be written \(Not a directory\)"),
        whole_folder(tmp_path / "file" / "out"),
    ):
        pass


def test_a_folder_that_is_there_stays_though_it_is_called_part(tmp_path):
    (tmp_path / "out.part").mkdir()
    (tmp_path / "out.part" / "a.jpg").write_bytes(b"of the user's")
    with whole_folder(tmp_path / "out") as part:
        (part / "b").write_text("")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "out.part"]
    assert [p.name for p in (tmp_path / "out.part").iterdir()] == ["a.jpg"]


def test_every_format_of_the_command_has_a_training_split():
    assert list(FORMATS) == ["w300", "pts", "wflw98", "wflw68", "cofw29", "aflw19", "300wlp", "pointing04"]
    assert all("train" in readers for readers in FORMATS.values())


@pytest.mark.data
def test_packing_300w_crops_again_keeps_landmarks_and_pixels(data_root, tmp_path):
    """Real faces out of the packed 300W into .pts files and back, as a newcomer would."""
    samples = read_packed(data_root / "300W", split="val")[:25]
    (tmp_path / "in").mkdir()
    for k, sample in enumerate(samples):
        (tmp_path / "in" / f"{k:02d}.jpg").write_bytes(sample.path.read_bytes())
        write_pts(tmp_path / "in" / f"{k:02d}.pts", sample.landmarks)
    prepare(tmp_path / "in", "pts", tmp_path / "out", val_share=0.0)
    for before, after in zip(samples, read_packed(tmp_path / "out", split="train"), strict=True):
        np.testing.assert_allclose(np.ptp(after.landmarks, axis=0), np.ptp(before.landmarks, axis=0), rtol=5e-3)
        difference = np.abs(after.read_image().astype(int).mean() - before.read_image().astype(int).mean())
        assert difference < 3.0  # JPEG a second time, and a shift of a pixel at most


def test_a_wild_point_is_refused_with_its_number(photos, tmp_path):
    """One point at (-500, -500) would make the crop of its face five times as wide."""
    landmarks = rendered_face(np.random.default_rng(2), size=96 + 89 * 2)[1]
    landmarks[40] = -500
    write_pts(photos / "face2.pts", landmarks)
    with pytest.raises(DataError, match=r"face2\.png: point 41 at \(-499, -499\) lies \d+ times as far"):
        prepare(photos, "pts", tmp_path / "packed")
    assert len(prepare(photos, "pts", tmp_path / "packed", skip_bad=True).skipped) == 1


def test_points_of_another_photo_and_points_in_one_place_are_refused(photos, tmp_path):
    landmarks = rendered_face(np.random.default_rng(2), size=96 + 89 * 2)[1]
    write_pts(photos / "face2.pts", landmarks + np.array([2000.0, 0.0]))
    with pytest.raises(DataError, match=r"68 of 68 points lie outside the photo, which is 274 x 274"):
        prepare(photos, "pts", tmp_path / "packed")
    write_pts(photos / "face2.pts", np.full((68, 2), 30.0))
    with pytest.raises(DataError, match="points that coincide"):
        prepare(photos, "pts", tmp_path / "packed")
