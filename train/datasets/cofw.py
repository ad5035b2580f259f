"""Reader of COFW in colour: 29 points with their occlusion, images embedded in MATLAB 7.3 files.

Source: Burgos-Artizzu et al., "Robust face landmark estimation under occlusion", ICCV 2013.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.results import BBox
from sdk.schemes import COFW29
from train.datasets.matlab import open_hdf5
from train.datasets.sample import DataError, Reject, Sample, read_each, stop

CofwSplit = Literal["train", "test"]

_FILES = {"train": ("COFW_train_color.mat", "Tr"), "test": ("COFW_test_color.mat", "T")}
"""File of each split, and the ending of its variables: phisTr, IsTr, bboxesTr or phisT, IsT, bboxesT."""


def read_cofw(root: Path, *, split: CofwSplit, reject: Reject = stop) -> Iterator[Sample]:
    """Faces of a split, in the order of the file; each is its own subject and holds its image.

    MATLAB counts pixels from 1; landmarks and boxes become 0-based here.

    Raises:
        DataError: h5py, the file or a variable is missing, or of another shape; the message names the file.
    """
    if split not in _FILES:
        raise DataError(f"split: expected one of {', '.join(_FILES)}, got {split!r}")
    name, ending = _FILES[split]
    with open_hdf5(root / name) as file:
        phis, images, boxes = (
            _variable(file, f"{part}{ending}", root / name) for part in ("phis", "Is", "bboxes")
        )
        n = phis.shape[1] if phis.ndim == 2 else 0
        if phis.shape != (3 * COFW29.n_points, n) or images.shape != (1, n) or boxes.shape != (4, n):
            raise DataError(
                f"{root / name}: expected phis{ending} (87, faces), Is{ending} (1, faces) and bboxes{ending} "
                f"(4, faces) as HDF5 stores them, got {phis.shape}, {images.shape}, {boxes.shape}"
            )
        numbers = phis[()].astype(np.float64), boxes[()].astype(np.float64)

        def read(i: int) -> Sample:
            return _sample(root / name, i, numbers[0][:, i], numbers[1][:, i], _image(file, images[0, i], i))

        yield from read_each(range(n), read, reject)


def _variable(file: Any, name: str, path: Path) -> Any:
    if name not in file:
        raise DataError(f"{path}: expected a variable {name}, got {', '.join(sorted(file))}")
    return file[name]


def _image(file: Any, reference: Any, i: int) -> npt.NDArray[np.uint8]:
    """(h, w, 3) BGR of a referenced (3, w, h) RGB or (w, h) grey image, MATLAB's order of axes turned round."""
    stored = file[reference][()].T
    if stored.dtype != np.uint8 or stored.ndim not in (2, 3) or (stored.ndim == 3 and stored.shape[2] != 3):
        raise DataError(
            f"{file.filename}, face {i + 1}: expected a uint8 image, got {stored.dtype} {stored.shape}"
        )
    colour = np.repeat(stored[..., None], 3, axis=2) if stored.ndim == 2 else stored[..., ::-1]
    return np.ascontiguousarray(colour)


def _sample(
    path: Path, i: int, phi: npt.NDArray[np.float64], box: npt.NDArray[np.float64], image: npt.NDArray[np.uint8]
) -> Sample:
    """phi: 29 x, 29 y, 29 times occluded or not; box: left, top, width, height."""
    x, y, occluded = phi.reshape(3, -1)
    source = f"{path.name}:{i + 1}"
    if not np.isfinite(phi).all():
        raise DataError(f"{path}, face {i + 1}: expected finite numbers")
    left, top = box[:2] - 1.0
    try:
        face_box = BBox(float(left), float(top), float(left + box[2]), float(top + box[3]))
    except InputError as error:
        raise DataError(f"{path}, face {i + 1}: {error}") from error
    landmarks = (np.stack([x, y], axis=1) - 1.0).astype(np.float32)
    return Sample(
        path,
        landmarks,
        subject=f"cofw:{source}",
        source=source,
        scheme=COFW29.name,
        box=face_box,
        occluded=occluded > 0.5,
        image=image,
    )
