"""Reader of 300W-LP and AFLW2000-3D: 68 points of a fitted 3D face and its pose, a .mat beside each image.

Source: Zhu et al., "Face Alignment Across Large Poses: A 3D Solution", CVPR 2016.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.pose import pose_from_rotation, rotation_from_pose
from sdk.results import HeadPose
from sdk.schemes import IBUG68
from train.datasets.matlab import load_mat, numbers
from train.datasets.sample import DataError, Reject, Sample, read_each, stop

_NO_FACES = {"Code", "landmarks"}
"""Folders of the two sets whose .mat files hold no face."""


def read_300wlp(root: Path, *, reject: Reject = stop) -> Iterator[Sample]:
    """All faces below a folder, in the order of their paths.

    Renderings and mirrored copies of a photo share its subject. MATLAB counts pixels from 1; landmarks become
    0-based here. `pose_deg` is the same rotation as Pose_Para's, expressed as HeadPose; `attributes` keep the
    published angles, which errors of published tables are measured in.

    Raises:
        DataError: scipy, an image or a variable is missing, or of another shape; the message names the file.
    """
    files = sorted(
        (path for path in root.rglob("*.mat") if not _NO_FACES & set(path.relative_to(root).parts)),
        key=lambda path: path.relative_to(root).as_posix(),
    )
    if not files:
        raise DataError(f"{root}: expected 300W-LP's or AFLW2000-3D's folder, got no .mat file of a face")
    return read_each(files, lambda path: _sample(path, root), reject)


def _sample(path: Path, root: Path) -> Sample:
    image = path.with_suffix(".jpg")
    if not image.is_file():
        raise DataError(f"{path}: expected its image beside it, {image.name}; got none")
    table = load_mat(path)
    pitch, yaw, roll = (math.degrees(v) for v in numbers(table, "Pose_Para", (-1,), path)[:3])
    pose = pose_from_published(HeadPose(yaw, pitch, roll))
    return Sample(
        image,
        _landmarks(table, path),
        subject=photo_of(path.stem),
        source=image.relative_to(root).as_posix(),
        pose_deg=(pose.yaw_deg, pose.pitch_deg, pose.roll_deg),
        attributes={"published_yaw_deg": yaw, "published_pitch_deg": pitch, "published_roll_deg": roll},
        subset=path.parent.relative_to(root).as_posix(),
    )


def _landmarks(table: dict[str, Any], path: Path) -> npt.NDArray[np.float32]:
    name = "pt3d_68" if "pt3d_68" in table else "pt2d"  # AFLW2000-3D's pt2d is AFLW's 21 points
    rows = 3 if name == "pt3d_68" else 2
    points = numbers(table, name, (rows, -1), path)
    if points.shape[1] != IBUG68.n_points:
        raise DataError(f"{path}: expected {name} ({rows}, {IBUG68.n_points}), got {points.shape}")
    return (points[:2].T - 1.0).astype(np.float32)


def pose_from_published(published: HeadPose) -> HeadPose:
    """The rotation of published 300W-LP angles as sdk.pose's yaw, pitch and roll.

    Both have the same signs, but the sets turn by roll first and by pitch last, sdk.pose the other way round:
    the angles agree for a single turn and differ by tens of degrees where large ones combine.
    """
    pitch_only, yaw_only, roll_only = (
        rotation_from_pose(HeadPose(0.0, published.pitch_deg, 0.0)),
        rotation_from_pose(HeadPose(published.yaw_deg, 0.0, 0.0)),
        rotation_from_pose(HeadPose(0.0, 0.0, published.roll_deg)),
    )
    return pose_from_rotation(pitch_only @ yaw_only @ roll_only)


def photo_of(stem: str) -> str:
    """Subject of `AFW_134212_1_0`, face 1 and rendering 0 of photo 134212: `afw:134212`, as in 300-W."""
    rendered = re.fullmatch(r"(AFW|HELEN|IBUG|LFPW)_(.+)_\d+", stem)
    if not rendered:
        return f"aflw2000:{stem}"
    origin, face = rendered.groups()
    if origin == "LFPW":  # image_train_0001
        part = re.fullmatch(r"image_(train|test)_(\d+)", face)
        return f"lfpw_{part[1]}:image_{part[2]}" if part else f"lfpw:{face}"
    if origin == "IBUG":
        number = re.match(r"image_(\d+)", face)
        return f"ibug:{number[1] if number else face}"
    return f"{origin.lower()}:{face.rpartition('_')[0] or face}"
