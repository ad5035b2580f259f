"""Reader of WFLW's annotation lists, with the 68 i-bug points derived from its 98 where asked.

Source: Wu et al., "Look at Boundary: A Boundary-Aware Face Alignment Algorithm", CVPR 2018.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.results import BBox
from sdk.schemes import IBUG68, WFLW98
from train.datasets.sample import DataError, Reject, Sample, read_each, read_text, stop

Float32 = npt.NDArray[np.float32]
WflwSplit = Literal["train", "test"]
WflwScheme = Literal["wflw98", "ibug68"]

ATTRIBUTES = ("pose", "expression", "illumination", "make_up", "occlusion", "blur")
"""The six flags of a line, in its order: 1 where the face is hard in that respect."""

_LISTS = Path("WFLW_annotations", "list_98pt_rect_attr_train_test")
_NUMBERS = 2 * WFLW98.n_points + 4 + len(ATTRIBUTES)

# i-bug's lid points lie at a third and two thirds of the lid, WFLW's at a quarter, a half and three quarters:
# each is two parts of the first neighbour and one of the second.
_LIDS = {
    37: (61, 62), 38: (63, 62), 40: (65, 66), 41: (67, 66),
    43: (69, 70), 44: (71, 70), 46: (73, 74), 47: (75, 74),
}  # fmt: skip
_SAME = (
    {i: 2 * i for i in range(17)}
    | {17 + i: 33 + i for i in range(5)}
    | {22 + i: 42 + i for i in range(5)}
    | {27 + i: 51 + i for i in range(9)}
    | {36: 60, 39: 64, 42: 68, 45: 72}
    | {48 + i: 76 + i for i in range(20)}
)


def read_wflw(
    root: Path, *, split: WflwSplit, scheme: WflwScheme = "wflw98", reject: Reject = stop
) -> Iterator[Sample]:
    """Faces of a list, in its order, from a folder with WFLW_annotations and WFLW_images.

    Coordinates are taken as they are: WFLW does not say where its pixels begin. Faces of one photo share the
    subject; whether the image is there shows when it is read.

    Raises:
        DataError: the list is missing or a line is not in its form; the message names the file and the line.
    """
    if split not in ("train", "test") or scheme not in ("wflw98", "ibug68"):
        raise DataError(f"expected split train or test and scheme wflw98 or ibug68, got {split!r}, {scheme!r}")
    path = root / _LISTS / f"list_98pt_rect_attr_{split}.txt"
    lines = [(k, line) for k, line in enumerate(read_text(path).splitlines(), 1) if line.strip()]
    if not lines:
        raise DataError(f"{path}: expected a line per face, got an empty file")
    return read_each(lines, lambda item: _sample(item[1], f"{path}, line {item[0]}", root, scheme), reject)


def _sample(line: str, origin: str, root: Path, scheme: WflwScheme) -> Sample:
    *words, name = line.split(maxsplit=_NUMBERS)
    if len(words) != _NUMBERS:
        raise DataError(f"{origin}: expected {_NUMBERS} numbers and an image name, got {len(line.split())} words")
    try:
        numbers = np.array(words, np.float64)
        box = BBox(*(float(v) for v in numbers[196:200]))
    except (ValueError, InputError) as error:
        raise DataError(f"{origin}: {error}") from error
    if not np.isfinite(numbers).all():
        raise DataError(f"{origin}: expected finite numbers")
    landmarks = numbers[:196].reshape(-1, 2).astype(np.float32)
    name = name.strip()
    return Sample(
        root / "WFLW_images" / name,
        landmarks if scheme == "wflw98" else ibug68_from_wflw98(landmarks),
        subject=f"wider:{name}",
        source=name,
        scheme=scheme,
        box=box,
        attributes=dict(zip(ATTRIBUTES, (float(v) for v in numbers[200:]), strict=True)),
    )


def ibug68_from_wflw98(landmarks: Float32) -> Float32:
    """The 68 i-bug points (..., 68, 2) nearest to what WFLW's 98 (..., 98, 2) mark.

    Every second point of the jaw, the upper edge of the brows, nose and lips as they are, and each lid at its
    thirds. The markups still differ, most at the brows and the ends of the jaw: compare no error across them.
    """
    points = np.empty((*landmarks.shape[:-2], IBUG68.n_points, 2), np.float32)
    points[..., list(_SAME), :] = landmarks[..., list(_SAME.values()), :]
    for i, (near, far) in _LIDS.items():
        points[..., i, :] = (2.0 * landmarks[..., near, :] + landmarks[..., far, :]) / 3.0
    return points
