"""A packed set of drawn faces, small enough to train on in a test."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np

from sdk.testing import rendered_face


def write_packed_set(root: Path, *, train: int = 12, val: int = 4, test: int = 4, size: int = 160) -> Path:
    """Write annotations.npz and images/ of drawn faces; returns `root`."""
    (root / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    splits = ["train"] * train + ["val"] * val + ["test_common"] * test
    files, landmarks = [], []
    for i, _ in enumerate(splits):
        image, points = rendered_face(rng, size=size)
        files.append(f"images/{i:03d}.png")
        cv2.imwrite(str(root / files[-1]), image)
        landmarks.append(points)
    names = [f"face{i}" for i in range(len(splits))]
    columns = {
        "file": np.array(files),
        "landmarks": np.array(landmarks, np.float32),
        "split": np.array(["train" if s == "val" else s for s in splits]),
        "split_dev": np.array(["test" if s.startswith("test") else s for s in splits]),
        "subject": np.array(names),
        "source": np.array(names),
    }
    write_table(root, **columns)
    return root


def write_table(root: Path, **columns: np.ndarray) -> None:
    """annotations.npz of these columns; np.savez takes none named file."""
    with zipfile.ZipFile(root / "annotations.npz", "w") as archive:
        for name, column in columns.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, column)


def changed(root: Path, **columns: np.ndarray) -> None:
    """Columns of a packed set, replaced."""
    with np.load(root / "annotations.npz") as table:
        arrays = {name: table[name] for name in table.files} | columns
    write_table(root, **arrays)
