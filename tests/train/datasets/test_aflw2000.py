"""300W-LP and AFLW2000-3D: points, pose in this project's convention, and which renderings show one photo."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.pose import rotation_from_pose
from sdk.results import HeadPose
from train.datasets.aflw2000 import photo_of, pose_from_published, read_300wlp
from train.datasets.sample import DataError

io = pytest.importorskip("scipy.io")
POINTS = np.random.default_rng(5).uniform(50, 400, (68, 2)).astype(np.float32)
POSE = np.array([[*np.radians([5.0, -30.0, 10.0]), 200.0, 210.0, 0.0, 0.001]])  # pitch, yaw, roll, place, scale


def write(folder, name: str, **variables) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    io.savemat(folder / f"{name}.mat", variables)
    cv2.imwrite(str(folder / f"{name}.jpg"), np.zeros((450, 450, 3), np.uint8))


def test_points_of_both_sets(tmp_path):
    write(tmp_path / "AFW", "AFW_134212_1_0", pt2d=POINTS.T, Pose_Para=POSE)
    solid = np.vstack([POINTS.T, np.ones((1, 68))])
    write(tmp_path / "AFLW2000", "image00002", pt3d_68=solid, pt2d=np.zeros((2, 21)), Pose_Para=POSE)
    (tmp_path / "landmarks" / "AFW").mkdir(parents=True)
    io.savemat(tmp_path / "landmarks" / "AFW" / "AFW_134212_1_0_pts.mat", {"pts_2d": POINTS})
    samples = list(read_300wlp(tmp_path))
    assert [s.source for s in samples] == ["AFLW2000/image00002.jpg", "AFW/AFW_134212_1_0.jpg"]
    for sample in samples:
        np.testing.assert_allclose(
            sample.landmarks, POINTS - 1.0, atol=4e-5
        )  # MATLAB counts from 1; float32 of 400
    assert [s.subject for s in samples] == ["aflw2000:image00002", "afw:134212"]
    assert samples[1].subset == "AFW"
    published = [samples[0].attributes[f"published_{name}_deg"] for name in ("yaw", "pitch", "roll")]
    np.testing.assert_allclose(published, [-30, 5, 10], atol=1e-9)


def wlp_rotation(pitch: float, yaw: float, roll: float) -> np.ndarray:
    """3DDFA's rotation, degrees: x right, y UP, z to the viewer, R = Rx Ry Rz with these three matrices."""
    (cp, sp), (cy, sy), (cr, sr) = (
        (math.cos(math.radians(a)), math.sin(math.radians(a))) for a in (pitch, yaw, roll)
    )
    about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    about_z = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    return about_x @ about_y @ about_z


angles = st.floats(-80, 80)


@settings(deadline=None)  # a busy machine
@given(angles, angles, angles)
def test_the_rotation_stays_the_same(yaw, pitch, roll):
    down_and_away = np.diag([1.0, -1.0, -1.0])
    theirs = down_and_away @ wlp_rotation(pitch, yaw, roll) @ down_and_away
    ours = rotation_from_pose(pose_from_published(HeadPose(yaw, pitch, roll)))
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


@pytest.mark.parametrize("pose", [HeadPose(40, 0, 0), HeadPose(0, -35, 0), HeadPose(0, 0, 25)])
def test_a_single_turn_has_the_published_angle_and_sign(pose):
    ours = pose_from_published(pose)
    np.testing.assert_allclose(
        [ours.yaw_deg, ours.pitch_deg, ours.roll_deg], [pose.yaw_deg, pose.pitch_deg, pose.roll_deg], atol=1e-9
    )


def test_photos_are_named_as_in_300w():
    assert photo_of("AFW_134212_2_11") == "afw:134212"
    assert photo_of("HELEN_1002681492_1_0") == "helen:1002681492"
    assert photo_of("IBUG_image_003_1_3") == "ibug:003"
    assert photo_of("LFPW_image_train_0001_5") == "lfpw_train:image_0001"
    assert photo_of("image00081") == "aflw2000:image00081"


def test_bad_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r"expected 300W-LP's or AFLW2000-3D's folder, got no \.mat file"):
        read_300wlp(tmp_path)
    write(tmp_path, "a", pt2d=POINTS.T)
    with pytest.raises(DataError, match=r"a\.mat: expected a variable Pose_Para, got pt2d"):
        list(read_300wlp(tmp_path))
    write(tmp_path, "a", pt2d=POINTS[:21].T, Pose_Para=POSE)
    with pytest.raises(DataError, match=r"a\.mat: expected pt2d \(2, 68\), got \(2, 21\)"):
        list(read_300wlp(tmp_path))
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(DataError, match=r"a\.mat: expected its image beside it, a\.jpg; got none"):
        list(read_300wlp(tmp_path))


@pytest.mark.data
def test_converted_angles_explain_the_3d_points_and_published_ones_as_they_are_do_not(data_root):
    """Turned back by their pose, the rigid points of all faces must be one head but for its shape."""
    with np.load(data_root / "AFLW2000_16" / "annotations.npz") as table:
        solid = table["landmarks_raw"].astype(float) * (1, 1, -1)  # z away from the camera, as in sdk.pose
        poses = [HeadPose(*row) for row in table["pose_deg"].astype(float)]
    rigid = solid[:, [27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45]]
    rigid = rigid - rigid.mean(axis=1, keepdims=True)
    rigid = rigid / np.sqrt((rigid**2).sum(axis=2).mean(axis=1))[:, None, None]

    def spread(turns: list[np.ndarray]) -> float:
        upright = np.stack([face @ turn for face, turn in zip(rigid, turns, strict=True)])
        return float(np.sqrt(((upright - upright.mean(axis=0)) ** 2).sum(axis=2).mean(axis=1)).max())

    assert spread([rotation_from_pose(pose_from_published(pose)) for pose in poses]) < 0.12  # shapes differ
    assert spread([rotation_from_pose(pose) for pose in poses]) > 0.4  # a turn of 44 degrees is left in one face
