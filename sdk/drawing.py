"""Pictures of results, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sdk.frames import Colour, check_frame, to_bgr
from sdk.pose import rotation_from_pose
from sdk.results import Face, HeadPose
from sdk.schemes import IBUG68

UInt8 = npt.NDArray[np.uint8]

_POINT = (80, 230, 80)
_LINE = (200, 170, 60)
_BOX = (255, 255, 255)
_AXES = ((60, 60, 255), (60, 220, 60), (255, 120, 40))  # x red, y green, z blue, as BGR
_CLOSED = frozenset({"subject_right_eye", "subject_left_eye", "outer_lips", "inner_lips"})


def draw(frame: UInt8, faces: Sequence[Face], *, colour: Colour = "bgr") -> UInt8:
    """A BGR copy (h, w, 3) of the frame given to `predict`, with the landmarks, box and head axes of each face.

    Args:
        colour: the order of the frame's channels, as `FaceAligner(colour=...)`; the picture is BGR whatever it is.
    Raises:
        InputError: the frame is none, or of another order.

    Red points to the head's own left (image right when frontal), green down to the chin, blue out of
    the nose. The pose is written above the box.
    """
    picture = np.array(to_bgr(check_frame(frame, colour), colour), order="C")
    for face in faces:
        _draw_face(picture, face)
    return picture


def _draw_face(picture: UInt8, face: Face) -> None:
    import cv2

    longer = max(face.box.width, face.box.height)
    thin = max(1, round(longer / 220))
    corner = round(face.box.left), round(face.box.top)
    opposite = round(face.box.right), round(face.box.bottom)
    cv2.rectangle(picture, corner, opposite, _BOX, thin, cv2.LINE_AA)
    points = np.rint(face.landmarks * 8).astype(np.int32)  # three fractional bits
    for name, indices in IBUG68.groups.items():
        line = points[list(indices)].reshape(-1, 1, 2)
        cv2.polylines(picture, [line], name in _CLOSED, _LINE, thin, cv2.LINE_AA, 3)
    for x, y in points:
        cv2.circle(picture, (int(x), int(y)), int(8 * max(1.0, longer / 130)), _POINT, -1, cv2.LINE_AA, 3)
    _draw_axes(picture, face.landmarks[30], face.pose, 0.35 * longer, thin + 1)
    label = f"yaw {face.pose.yaw_deg:+.0f} pitch {face.pose.pitch_deg:+.0f} roll {face.pose.roll_deg:+.0f}"
    (unit_width, _), _ = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)
    size = max(0.4, face.box.width / unit_width)
    place = (max(0, corner[0]), max(12, corner[1] - 6))
    # The outline is the same letters moved, not thicker ones: in OpenCV 5 these are wider, and drift apart.
    around = [(x * thin, y * thin) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    for (x, y), colour in [*((step, (0, 0, 0)) for step in around), ((0, 0), _BOX)]:
        at = place[0] + x, place[1] + y
        cv2.putText(picture, label, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thin, cv2.LINE_AA)


def _draw_axes(
    picture: UInt8, origin: npt.NDArray[np.float32], pose: HeadPose, length: float, thickness: int
) -> None:
    import cv2

    start = (round(float(origin[0])), round(float(origin[1])))
    rotation = rotation_from_pose(pose) @ np.diag([1.0, 1.0, -1.0])  # blue out of the face
    for axis in np.argsort(-rotation[2]):  # what points away from the camera is drawn first
        tip = origin + length * rotation[:2, axis]
        end = (round(float(tip[0])), round(float(tip[1])))
        cv2.arrowedLine(picture, start, end, _AXES[axis], thickness, cv2.LINE_AA, 0, 0.15)
