"""Each published format, written tiny, goes through `prepare` and comes back from `read_packed`."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from train.datasets import read_packed
from train.prepare import prepare

io = pytest.importorskip("scipy.io")
h5py = pytest.importorskip("h5py")
IMAGE = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)


def points(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(30, 90, (n, 2))


def image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), IMAGE)
    return path


def write_w300(root: Path) -> None:
    for folder in ("afw", "helen/trainset", "helen/testset", "lfpw/trainset", "lfpw/testset", "ibug"):
        for k in (1, 2):
            text = "".join(f"{x} {y}\n" for x, y in points(68, k) + 1)
            image(root / folder / f"image_{k}.png").with_suffix(".pts").write_text(text)


def write_wflw(root: Path) -> None:
    folder = root / "WFLW_annotations" / "list_98pt_rect_attr_train_test"
    folder.mkdir(parents=True)
    for split in ("train", "test"):
        names = [image(root / "WFLW_images" / split / f"{k}.jpg").name for k in range(2)]
        lines = [
            f"{' '.join(map(str, points(98, k).ravel()))} 30 30 90 90 1 0 0 0 0 0 {split}/{n}"
            for k, n in enumerate(names)
        ]
        (folder / f"list_98pt_rect_attr_{split}.txt").write_text("\n".join(lines))


def write_cofw(root: Path) -> None:
    for name, ending in (("train", "Tr"), ("test", "T")):
        with h5py.File(root / f"COFW_{name}_color.mat", "w") as file:
            references = np.empty((1, 2), h5py.ref_dtype)
            for k in range(2):
                references[0, k] = file.create_dataset(f"#refs#/{k}", data=IMAGE.T).ref
            file.create_dataset(f"Is{ending}", data=references, dtype=h5py.ref_dtype)
            file[f"phis{ending}"] = np.stack(
                [np.append(points(29, k).T.ravel(), np.zeros(29)) for k in (0, 1)], axis=1
            )
            file[f"bboxes{ending}"] = np.array([[30, 30, 60, 60]] * 2, float).T


def write_aflw(root: Path) -> None:
    names = np.empty((4, 1), object)
    names[:, 0] = [
        image(root / "data" / "flickr" / "0" / f"{k}.jpg").relative_to(root / "data/flickr").as_posix()
        for k in range(4)
    ]
    data = np.stack([points(19, k).T.ravel() for k in range(4)])
    table = {"bbox": [[30.0, 90, 30, 90]] * 4, "data": data, "nameList": names, "ra": [[2.0, 1, 4, 3]]}
    io.savemat(root / "AFLWinfo_release.mat", table)


def write_300wlp(root: Path) -> None:
    for k in range(2):
        path = image(root / "AFW" / f"AFW_{k}_1_0.jpg")
        io.savemat(path.with_suffix(".mat"), {"pt2d": points(68, k).T + 1, "Pose_Para": np.zeros((1, 7))})


@pytest.mark.parametrize(
    ("form", "write", "n_points", "splits"),
    [
        ("w300", write_w300, 68, {"train": 5, "val": 1, "test_common": 4, "test_challenging": 2}),
        ("wflw98", write_wflw, 98, {"train": 1, "val": 1, "test": 2}),
        ("wflw68", write_wflw, 68, {"train": 1, "val": 1, "test": 2}),
        ("cofw29", write_cofw, 29, {"train": 1, "val": 1, "test": 2}),
        ("aflw19", write_aflw, 19, {"train": 1, "val": 1, "test": 2}),
        ("300wlp", write_300wlp, 68, {"train": 1, "val": 1}),
    ],
)
def test_a_format_can_be_packed_and_read(tmp_path, monkeypatch, form, write, n_points, splits):
    monkeypatch.setattr("train.datasets.aflw.TRAIN_FACES", 2)
    (tmp_path / "in").mkdir()
    write(tmp_path / "in")
    prepare(tmp_path / "in", form, tmp_path / "out")
    for split, faces in splits.items():
        samples = read_packed(tmp_path / "out", split=split)
        assert len(samples) == faces
        for sample in samples:
            height, width = sample.read_image().shape[:2]
            assert sample.landmarks.shape == (n_points, 2)
            assert height == width
            assert (sample.landmarks > 0).all()
            assert (sample.landmarks < width - 1).all()
