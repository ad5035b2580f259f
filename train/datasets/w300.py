"""Reader of 300-W as published: afw, helen, lfpw and ibug, each with .pts files beside its images.

Source: Sagonas et al., "300 Faces in-the-Wild Challenge", ICCVW 2013; splits as usual in the literature.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from train.datasets.pts import pts_files, pts_sample
from train.datasets.sample import DataError, Reject, Sample, read_each, stop

W300Split = Literal["train", "test_common", "test_challenging"]

FOLDERS: dict[W300Split, dict[str, str]] = {
    "train": {"afw": "afw", "helen/trainset": "helen_train", "lfpw/trainset": "lfpw_train"},
    "test_common": {"helen/testset": "helen_test", "lfpw/testset": "lfpw_test"},
    "test_challenging": {"ibug": "ibug"},
}
"""Folders of each split, and what `Sample.subset` calls them."""


def read_w300(root: Path, *, split: W300Split, reject: Reject = stop) -> Iterator[Sample]:
    """Faces of a split, in the order of their paths.

    Faces of one photo share the subject: the Flickr number for AFW and HELEN, the photo's for IBUG and LFPW.

    Raises:
        DataError: a folder, image or line is missing or wrong; the message names it.
    """
    if split not in FOLDERS:
        raise DataError(f"split: expected one of {', '.join(FOLDERS)}, got {split!r}")
    missing = [folder for folder in FOLDERS[split] if not (root / folder).is_dir()]
    if missing:
        raise DataError(
            f"{root}: expected 300-W's folders {', '.join(FOLDERS[split])}; missing {', '.join(missing)}; "
            "a part of 300-W can be read as a plain folder of .pts files"
        )
    files = [(path, subset) for folder, subset in FOLDERS[split].items() for path in pts_files(root / folder)]
    return read_each(files, lambda item: _sample(item[0], item[1], root), reject)


def _sample(path: Path, subset: str, root: Path) -> Sample:
    return pts_sample(path, root, subject=photo_of(path.stem, subset), subset=subset)


def photo_of(stem: str, subset: str) -> str:
    """Which photo a file shows: `2908549_1` and `2908549_2` are two faces of one, and so is a mirrored copy."""
    stem = stem.removesuffix("_mirror")
    if subset.startswith(("afw", "helen")):
        return f"{subset.partition('_')[0]}:{stem.rpartition('_')[0] or stem}"
    number = re.match(r"image_(\d+)", stem)
    if subset == "ibug" and number:
        return f"ibug:{number[1]}"
    return f"{subset}:{stem}"
