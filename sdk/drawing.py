"""Pictures of results, for people to look at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.frames import Colour, as_bgr
from sdk.measures import face_unit
from sdk.pose import rotation_from_pose
from sdk.results import BBox, Face, HeadPose, check_face, is_doubtful
from sdk.schemes import IBUG68

UInt8 = npt.NDArray[np.uint8]

_POINT = (80, 230, 80)
_LINE = (200, 170, 60)
_BOX = (255, 255, 255)
_DOUBT = (0, 150, 255)  # orange
_AXES = ((60, 60, 255), (60, 220, 60), (255, 120, 40))  # x red, y green, z blue, as BGR
_LINE_HEIGHT = 1.6  # of the height of its letters; the tails of g and p reach below them
_SMALLEST = 0.4  # of letters, where the frame has room for them
_ERROR = (60, 60, 255)
_CLOSED = frozenset({"subject_right_eye", "subject_left_eye", "outer_lips", "inner_lips"})


def draw(
    frame: UInt8,
    faces: Sequence[Face],
    *,
    colour: Colour = "bgr",
    ids: Sequence[int] | None = None,
    errors: bool = False,
) -> UInt8:
    """A BGR copy (h, w, 3) of the frame given to `predict`, with the landmarks, box and head axes of each face.

    Args:
        colour: the order of the frame's channels, as `FaceAligner(colour=...)`; the picture is BGR whatever it is.
        ids: a number to write at each face, such as those of `FaceTracker`.
        errors: a red circle about each landmark whose radius is its expected error, `Face.point_errors`; faces of
            models that give none have no circles.
    Raises:
        InputError: the frame is none, or of another order; a face is none; there are not as many ids as faces.

    Red points to the head's own left (image right when frontal), green down to the chin, blue out of
    the nose. The pose is written above the box. A face whose confidence is below 0.5 has an orange box, and the
    confidence stands beside the pose.
    """
    picture = np.array(as_bgr(frame, colour), order="C")
    for face, number in _numbered(faces, ids):
        _draw_face(picture, face)
        if errors:
            _draw_errors(picture, face)
        write_label(picture, label_lines(face, number), face.box)
    return picture


def label_lines(face: Face, number: int | None = None) -> list[str]:
    """What is written at a face: number and pose, and its confidence where that is low."""
    pose = face.pose
    head = "" if number is None else f"#{number} "
    lines = [f"{head}yaw {pose.yaw_deg:+.0f} pitch {pose.pitch_deg:+.0f} roll {pose.roll_deg:+.0f}"]
    return [*lines, f"low confidence {face.confidence:.2f}"] if is_doubtful(face) else lines


def _numbered(faces: Sequence[Face], ids: Sequence[int] | None) -> list[tuple[Face, int | None]]:
    if not isinstance(faces, Iterable):
        raise InputError(f"faces: expected a sequence of Face, got {type(faces).__name__}")
    checked = [check_face(face) for face in faces]
    if ids is None:
        return [(face, None) for face in checked]
    if len(ids) != len(checked):
        raise InputError(f"ids: expected one for each of {len(checked)} faces, got {len(ids)}")
    return list(zip(checked, ids, strict=True))


def _draw_face(picture: UInt8, face: Face) -> None:
    import cv2

    longer = max(face.box.width, face.box.height)
    thin = _thin(face.box)
    corner = round(face.box.left), round(face.box.top)
    opposite = round(face.box.right), round(face.box.bottom)
    cv2.rectangle(picture, corner, opposite, _DOUBT if is_doubtful(face) else _BOX, thin, cv2.LINE_AA)
    points = np.rint(face.landmarks * 8).astype(np.int32)  # three fractional bits
    known = len(points) == IBUG68.n_points  # points of other schemes are drawn without lines
    for name, indices in IBUG68.groups.items() if known else ():
        line = points[list(indices)].reshape(-1, 1, 2)
        cv2.polylines(picture, [line], name in _CLOSED, _LINE, thin, cv2.LINE_AA, 3)
    for x, y in points:
        cv2.circle(picture, (int(x), int(y)), int(8 * max(1.0, longer / 130)), _POINT, -1, cv2.LINE_AA, 3)
    nose = face.landmarks[30] if known else face.landmarks.mean(axis=0)
    _draw_axes(picture, nose, face.pose, 0.35 * longer, thin + 1)


def _draw_errors(picture: UInt8, face: Face) -> None:
    import cv2

    if face.point_errors is None:
        return
    radii = face.point_errors * np.float32(face_unit(face))
    for (x, y), radius in zip(np.rint(face.landmarks * 8).astype(np.int32), radii, strict=True):
        cv2.circle(picture, (int(x), int(y)), round(8 * float(radius)), _ERROR, _thin(face.box), cv2.LINE_AA, 3)


def _thin(box: BBox) -> int:
    return max(1, round(max(box.width, box.height) / 220))


def write_label(picture: UInt8, lines: Sequence[str], box: BBox) -> None:
    """Write lines above a box, about as wide as it; moved and made smaller so that the frame does not cut them."""
    import cv2

    height, width = picture.shape[:2]
    thin = _thin(box)
    pad = 2 * thin + 2  # of the outline, and of letters that reach beyond their place
    units = [cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)[0] for line in lines]
    wide, high = max(w for w, _ in units), max(h for _, h in units) * _LINE_HEIGHT
    size = min(
        max(_SMALLEST, box.width / wide), (width - 2 * pad) / wide, (height - 2 * pad) / (high * len(lines))
    )
    if size <= 0:
        return
    step = size * high
    left = max(pad, min(round(box.left), width - pad - math.ceil(size * wide)))
    last = max(pad + math.ceil(step * len(lines)), min(round(box.top) - 6, height - pad))
    for above, line in enumerate(reversed(lines)):
        write_line(
            picture, line, (left, last - round(above * step) - round(step - step / _LINE_HEIGHT)), size, thin
        )


def write_line(picture: UInt8, line: str, place: tuple[int, int], size: float, thin: int = 1) -> None:
    """Write one line into a BGR picture, white with a dark outline.

    Args:
        place: x and y of the lower left corner of the letters, in pixels.
        size: of OpenCV's letters; 1 is about 22 pixels high.
        thin: thickness of the lines, in pixels.
    """
    import cv2

    # The outline is the same letters moved, not thicker ones: in OpenCV 5 these are wider, and drift apart.
    around = [(x * thin, y * thin) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    for (x, y), colour in [*((step, (0, 0, 0)) for step in around), ((0, 0), _BOX)]:
        at = place[0] + x, place[1] + y
        cv2.putText(picture, line, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thin, cv2.LINE_AA)


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
