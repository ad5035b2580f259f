"""Head pose from landmarks alone: the rigid points of the 3D mean head brought onto them (PnP)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdk.checks import as_numbers
from sdk.errors import InputError
from sdk.pose import pose_from_rotation
from sdk.results import HeadPose
from sdk.schemes import IBUG68, LandmarkScheme
from sdk.shape_model import ShapeModel

Float64 = npt.NDArray[np.float64]

CAMERA_DISTANCE = 20.0
"""Distance of the virtual camera in units of the head's RMS radius: nearly orthographic, as in 300W-LP."""


def pose_from_landmarks(
    landmarks: npt.ArrayLike,
    shape_model: ShapeModel,
    *,
    scheme: LandmarkScheme = IBUG68,
    camera_matrix: npt.ArrayLike | None = None,
) -> HeadPose:
    """Pose that brings the rigid points of the 3D mean closest to landmarks (n, 2), x right, y down.

    Started from a head that looks at the camera and is turned in the image as the landmarks are: the mirrored
    solution is never reached, and heads that lie on their side are found.

    Args:
        camera_matrix: (3, 3), fx, fy, cx, cy in pixels of the frame, as cv2.calibrateCamera gives it. The pose is
            then the one in the camera's axes. None: a camera far away that looks at the middle of the face, so
            that the pose is the one seen in a crop, whatever lens took the photo; comparable to `Face.pose`.
    Raises:
        InputError: OpenCV finds no pose, or an array has another shape or is not finite.
    Source: cv2.solvePnP, SOLVEPNP_ITERATIVE (Levenberg-Marquardt on the reprojection error).
    """
    points = as_numbers(landmarks, "landmarks")
    if points.shape != (scheme.n_points, 2) or not np.isfinite(points).all():
        raise InputError(f"landmarks: expected finite numbers ({scheme.n_points}, 2), got shape {points.shape}")
    rigid, roll = list(scheme.rigid), -np.angle(shape_model.align(points)[1].a)
    points = points[rigid]
    head = shape_model.mean_3d[rigid].astype(np.float64)
    head = head - head.mean(axis=0)
    centre = points.mean(axis=0)
    size = max(float(np.sqrt(((points - centre) ** 2).sum(axis=1).mean())), 1e-12)
    if camera_matrix is None:
        camera, far = np.diag([CAMERA_DISTANCE, CAMERA_DISTANCE, 1.0]), np.array([0, 0, CAMERA_DISTANCE])
        return pose_from_rotation(_fit(head, (points - centre) / size, camera, far, roll))
    camera = _check_camera(camera_matrix)
    ray = np.linalg.solve(camera, np.array([*centre, 1.0]))
    return pose_from_rotation(_fit(head, points, camera, ray * (camera[0, 0] / size), roll))


def _fit(head: Float64, points: Float64, camera: Float64, place: Float64, roll: float) -> Float64:
    """Rotation (3, 3) of the head; the search begins at `place`, in units of the head, and `roll`, in radians."""
    import cv2

    ok, turn, _ = cv2.solvePnP(
        head,
        np.ascontiguousarray(points),
        camera,
        None,
        np.array([[0.0], [0.0], [roll]]),
        np.asarray(place, np.float64).reshape(3, 1),
        useExtrinsicGuess=True,
        flags=cv2.SOLVEPNP_ITERATIVE,
    )
    if not ok or not np.isfinite(turn).all():
        raise InputError("landmarks: no head pose explains them; do they follow the scheme?")
    return np.asarray(cv2.Rodrigues(turn)[0], np.float64)


def _check_camera(camera_matrix: npt.ArrayLike) -> Float64:
    camera = as_numbers(camera_matrix, "camera_matrix")
    if camera.shape != (3, 3) or not np.isfinite(camera).all() or not (camera[0, 0] > 0 and camera[1, 1] > 0):
        raise InputError(
            "camera_matrix: expected (3, 3), [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in pixels of the frame, "
            f"got {camera.tolist()}"
        )
    return camera
