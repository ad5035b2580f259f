"""Out-of-plane turns of a photographed face: a head is fitted to it, turned, and the photo is warped with it.

Triangles between landmarks, skin, hair and a far background carry the pixels; they are painted from far to near.
Source: Zhu et al., "Face Alignment Across Large Poses: A 3D Solution", CVPR 2016, section 4 (300W-LP), with the
mean head of the shape model in place of a fitted morphable model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sdk.geometry import to_complex, to_points
from sdk.pose import rotation_from_pose
from sdk.results import HeadPose
from sdk.schemes import IBUG68
from sdk.shape_model import ShapeModel
from train.turning.head import Float64, Head, Int

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

FARTHEST_SOURCE_DEG = 30.0
"""Yaw beyond which too little of the far cheek is seen to be turned further."""

FARTHEST_DEG = 65.0
"""Yaw that no view exceeds."""

PITCH_SHARE = 0.25
"""Of the largest turn: how far the head nods at most."""

MISFIT = 0.2
"""Root mean square distance of landmarks from the fitted head, in its units, beyond which a face is left alone."""

MIN_SCALE = 1.0
"""Pixels of the head's unit, a third of a face, below which there is nothing to turn."""

JAW = list(IBUG68.groups["jaw"])

AXIS = 0.4
"""Depth of the point that the head turns about."""

RING, SIDES = 3.0, 24
"""Radius and corners of the still background around the head."""

FAR = 4.0
"""Depth of the background."""


@dataclass(frozen=True, slots=True, eq=False)
class Turned:
    """A view from another side: image (h, w, 3), landmarks (68, 2) in its pixels, and the head's pose."""

    image: UInt8
    landmarks: Float32
    pose: HeadPose


class HeadTurner:
    """Turns faces of ibug68.

    Raises:
        InputError: the shape model is of another scheme.
    """

    def __init__(self, shape_model: ShapeModel) -> None:
        self._head = Head.around(shape_model.mean_3d)

    def drawn(
        self, image: UInt8, landmarks: Float32, pose: HeadPose, rng: np.random.Generator, *, turn_deg: float
    ) -> Turned | None:
        """A view turned further by up to `turn_deg`, in the direction in which the face looks already.

        None where the face is turned too far as it is, or is no face that a rigid head explains.
        """
        side = math.copysign(1.0, pose.yaw_deg) if abs(pose.yaw_deg) > 5.0 else float(rng.choice([-1.0, 1.0]))
        yaw = pose.yaw_deg + side * turn_deg * float(rng.uniform(0.2, 1.0))
        pitch = pose.pitch_deg + turn_deg * PITCH_SHARE * float(rng.uniform(-1.0, 1.0))
        if abs(pose.yaw_deg) > FARTHEST_SOURCE_DEG:
            return None
        yaw = max(-FARTHEST_DEG, min(FARTHEST_DEG, yaw))
        return self.turned(image, landmarks, pose, HeadPose(yaw, pitch, pose.roll_deg))

    def turned(self, image: UInt8, landmarks: Float32, pose: HeadPose, to: HeadPose) -> Turned | None:
        """The face of pose `pose` as if it had pose `to`, of the same roll; None where no head explains it."""
        before, after = (rotation_from_pose(HeadPose(p.yaw_deg, p.pitch_deg, 0.0)) for p in (pose, to))
        posed = self._head.points @ before.T
        posed[JAW] = self._head.contour(posed)
        frame = _Frame.of(posed[:68], landmarks, pose.roll_deg)
        places = None if frame is None else self._as_photographed(posed, frame.to_head(landmarks))
        if frame is None or places is None:
            return None
        axis = np.array([0.0, 0.0, AXIS])
        moved = (places - axis) @ (after @ before.T).T + axis
        seen, still = self._head.seen(places, before), _background(image.shape, frame)
        source, target = (np.concatenate([p[seen], still]) for p in (places, moved))
        warped = _warped(image, frame.to_image(source), frame.to_image(target), target[:, 2])
        moved[JAW] = self._head.contour(moved)
        return Turned(warped, frame.to_image(moved[:68]).astype(np.float32), to)

    def _as_photographed(self, posed: Float64, landmarks: Float64) -> Float64 | None:
        """The points of the posed mean head (m, 3), moved in the plane as this face's landmarks (68, 2) differ."""
        residual = landmarks - posed[:68, :2]
        if not math.sqrt((residual**2).sum(axis=1).mean()) <= MISFIT:
            return None
        places = posed.copy()
        places[:68, :2] = landmarks
        places[68:, :2] += self._head.follows @ residual
        return places


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where an upright head lies in the photo: pixels = (unit · scale + shift) · roll, as complex numbers."""

    scale: float
    shift: complex
    roll: complex

    @classmethod
    def of(cls, posed: Float64, landmarks: Float32, roll_deg: float) -> _Frame | None:
        """What brings the rigid points of the head (68, 3) to landmarks (68, 2); None where these are one spot."""
        roll, rigid = complex(np.exp(1j * math.radians(roll_deg))), list(IBUG68.rigid)
        head, face = posed[rigid, :2] @ (1.0, 1.0j), to_complex(landmarks)[rigid] / roll
        around, wanted = head - head.mean(), face - face.mean()
        scale = float((around.conj() * wanted).real.sum() / (np.abs(around) ** 2).sum())
        return cls(scale, complex(face.mean() - scale * head.mean()), roll) if scale > MIN_SCALE else None

    def to_head(self, points: npt.ArrayLike) -> Float64:
        """Pixels (..., 2) in the head's unit, upright."""
        return to_points((to_complex(points) / self.roll - self.shift) / self.scale)

    def to_image(self, places: Float64) -> Float64:
        """Pixels (..., 2) of places (..., 2 or 3) in the head's unit."""
        return to_points((places[..., :2] @ (1.0, 1.0j) * self.scale + self.shift) * self.roll)


def _background(shape: tuple[int, ...], frame: _Frame) -> Float64:
    """Points that stay where they are, in the head's unit: a ring around it, and one around the photo."""
    height, width = shape[:2]
    corners = frame.to_head([(0, 0), (width, 0), (width, height), (0, height)])
    reach = 2.0 * max(float(np.linalg.norm(corners, axis=1).max()), RING)
    turns = np.exp(2j * np.pi * np.arange(SIDES) / SIDES)
    z = np.concatenate([RING * turns, reach * turns])
    return np.stack([z.real, z.imag, np.full(len(z), FAR)], axis=1)


def _warped(image: UInt8, source: Float64, target: Float64, depth: Float64) -> UInt8:
    """The image with the triangles between `source` points brought to `target`, the nearer over the farther."""
    import cv2
    from scipy.spatial import Delaunay

    corners: Int = Delaunay(source).simplices
    corners = corners[np.argsort(-depth[corners].mean(axis=1))]
    which = np.zeros(image.shape[:2], np.int32)
    fixed = np.rint(target[corners] * 16).astype(np.int32)
    for k, triangle in enumerate(fixed):
        cv2.fillConvexPoly(which, triangle, k, cv2.LINE_8, 4)
    maps = _affine(target[corners], source[corners])[which]
    rows, columns = (np.arange(n, dtype=np.float32) for n in image.shape[:2])
    x, y = (
        maps[..., 3 * i] * columns + maps[..., 3 * i + 1] * rows[:, None] + maps[..., 3 * i + 2] for i in (0, 1)
    )
    return np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _affine(start: Float64, end: Float64) -> Float32:
    """(k, 6) affine maps that bring triangles (k, 3, 2) to others; one without area to its first corner."""
    a, b = start[:, 1] - start[:, 0], start[:, 2] - start[:, 0]
    u, v = end[:, 1] - end[:, 0], end[:, 2] - end[:, 0]
    area = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    area = np.where(np.abs(area) < 1e-6, np.inf, area)
    found = []
    for i in (0, 1):
        x = (u[:, i] * b[:, 1] - v[:, i] * a[:, 1]) / area
        y = (v[:, i] * a[:, 0] - u[:, i] * b[:, 0]) / area
        found += [x, y, end[:, 0, i] - x * start[:, 0, 0] - y * start[:, 0, 1]]
    return np.stack(found, axis=1).astype(np.float32)
