"""Head pose of annotated faces, fitted to their landmarks: a pseudo-label, not a measurement."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.pose import pose_from_rotation
from sdk.results import HeadPose
from sdk.schemes import IBUG68, LandmarkScheme
from sdk.shape_model import ShapeModel

CAMERA_DISTANCE = 20.0
"""Distance of the virtual camera in units of the head's RMS radius: nearly orthographic, as in 300W-LP."""


def pose_from_landmarks(
    landmarks: npt.ArrayLike, shape_model: ShapeModel, *, scheme: LandmarkScheme = IBUG68
) -> HeadPose:
    """Pose that brings the rigid points of the 3D mean closest to landmarks (n, 2), x right, y down.

    The camera looks at the middle of the face from far away, so that the pose is the one seen in a crop,
    whatever lens took the photo. Started from the frontal face: the mirrored solution is never reached.

    Raises:
        InputError: OpenCV finds no pose.
    """
    import cv2

    rigid = list(scheme.rigid)
    points = np.asarray(landmarks, np.float64)[rigid]
    centre = points.mean(axis=0)
    size = np.sqrt(((points - centre) ** 2).sum(axis=1).mean())
    head = shape_model.mean_3d[rigid].astype(np.float64)
    head = head - head.mean(axis=0)
    camera = np.diag([CAMERA_DISTANCE, CAMERA_DISTANCE, 1.0])
    ok, turn, _ = cv2.solvePnP(
        head,
        np.ascontiguousarray((points - centre) / max(size, 1e-12)),
        camera,
        None,
        np.zeros((3, 1)),
        np.array([[0.0], [0.0], [CAMERA_DISTANCE]]),
        useExtrinsicGuess=True,
        flags=cv2.SOLVEPNP_ITERATIVE,
    )
    if not ok or not np.isfinite(turn).all():
        raise InputError("landmarks: no head pose explains them; do they follow the scheme?")
    return pose_from_rotation(np.asarray(cv2.Rodrigues(turn)[0], np.float64))
