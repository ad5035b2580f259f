"""A whole head around the 68 landmarks: skin between them, hair, ears and neck, and the contour seen from a side.

Frame: that of ShapeModel.mean_3d, x right, y down, z away from the camera, unit RMS radius of the landmarks' x, y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from sdk.schemes import IBUG68

Float64 = npt.NDArray[np.float64]
Int = npt.NDArray[np.intp]

SKIN_MIDDLE = ((0.0, -1.66, -0.24), (0.0, -1.37, -0.31), (0.0, 1.16, -0.13), (0.0, 0.94, -0.17))
SKIN_RIGHT = (
    # cheek
    (-0.92, -0.12, 0.05),
    (-0.76, 0.04, -0.06),
    (-0.98, -0.42, 0.15),
    (-1.17, -0.18, 0.36),
    (-1.01, 0.13, 0.20),
    (-0.85, 0.22, 0.07),
    (-0.64, -0.25, -0.08),
    (-0.58, -0.09, -0.15),
    (-1.16, 0.06, 0.40),
    (-1.18, -0.42, 0.38),
    # towards the jaw
    (-1.12, 0.26, 0.45),
    (-0.87, 0.55, 0.25),
    (-1.05, 0.58, 0.58),
    (-0.91, 0.74, 0.45),
    (-0.72, 0.77, 0.21),
    # forehead and temple
    (-0.31, -1.38, -0.27),
    (-0.59, -1.38, -0.17),
    (-0.85, -1.34, 0.00),
    (-1.03, -1.23, 0.18),
    (-0.36, -1.66, -0.17),
    (-0.66, -1.61, -0.04),
    (-0.94, -1.52, 0.17),
    (-1.12, -1.36, 0.39),
    (-1.23, -1.17, 0.60),
    (-1.16, -0.66, 0.41),
    (-1.12, -0.85, 0.30),
    (-1.27, -0.66, 0.65),
)
"""Places of skin: where points of MediaPipe's Face Mesh lie on the mean head of 300-W, by least squares over its
train faces (the motion of each from its 68 landmarks). Both sides are alike; the subject's left mirrors these."""

BACK_MIDDLE = ((0.0, -2.35, 0.5), (0.0, 1.75, 0.6))
BACK_RIGHT = (
    (-0.6, -2.25, 0.55),
    (-1.1, -1.9, 0.75),
    (-1.4, -1.4, 1.0),
    (-1.5, -0.75, 1.25),
    (-1.5, -0.2, 1.3),
    (-1.4, 0.3, 1.2),
    (-1.25, 0.8, 1.0),
    (-0.95, 1.25, 0.8),
    (-0.5, 1.6, 0.65),
)
"""Hair, ears and neck, by eye: a ring around the face that turns with it."""

NO_CONTOUR = (*IBUG68.groups["nose"], *IBUG68.groups["inner_lips"])
"""Landmarks that may stand out beyond the cheek and are not what annotators call the jaw."""


def _both_sides(right: tuple[tuple[float, ...], ...]) -> Float64:
    side = np.array(right, np.float64)
    return np.concatenate([side, side * (-1.0, 1.0, 1.0)])


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Points of a head: the 68 landmarks, then skin, then what surrounds the face.

    Attributes:
        points: (m, 3). skin: how many of them, from the first, are of the face.
        follows: (m - 68, 68), how much of each landmark's displacement the others take part in.
        edges: (k, 2) between points of the face's surface, of which the contour is the outermost.
        normals: (skin, 3), outward, of any length; zero for the landmarks that are no part of that surface.
    """

    points: Float64
    skin: int
    follows: Float64
    edges: Int
    normals: Float64

    @classmethod
    def around(cls, mean_3d: npt.ArrayLike) -> Head:
        """The head of a mean (68, 3).

        Raises:
            InputError: the mean has another number of points.
        """
        from scipy.spatial import Delaunay

        landmarks = np.asarray(mean_3d, np.float64)
        if landmarks.shape != (IBUG68.n_points, 3):
            raise InputError(
                f"augment.turn: expected faces of ibug68, whose mean head has the shape (68, 3), got "
                f"{landmarks.shape}; set augment.turn=0"
            )
        skin = np.concatenate([landmarks, SKIN_MIDDLE, _both_sides(SKIN_RIGHT)])
        points = np.concatenate([skin, BACK_MIDDLE, _both_sides(BACK_RIGHT)])
        distances = ((points[68:, None] - landmarks) ** 2).sum(axis=2)
        near = 1.0 / (distances + 0.05) ** 2
        surface = np.setdiff1d(np.arange(len(skin)), NO_CONTOUR)
        corners = surface[Delaunay(skin[surface, :2]).simplices]
        edges = np.unique(np.sort(corners[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
        follows = near / near.sum(axis=1, keepdims=True)
        return cls(points, len(skin), follows, edges, _normals(skin, corners))

    def seen(self, places: Float64, rotation: Float64) -> npt.NDArray[np.bool_]:
        """Which of the points (m,) a camera sees: all landmarks, skin that faces it, and what lies around that.

        Args:
            places: (m, 3) of the points. rotation: (3, 3), how the head is turned.
        """
        import cv2

        seen = np.ones(len(places), np.bool_)
        seen[68 : self.skin] = (self.normals @ rotation.T)[68:, 2] < 0.0
        outline = cv2.convexHull(places[: self.skin][seen[: self.skin], :2].astype(np.float32))
        for k in range(self.skin, len(places)):
            x, y = places[k, :2]
            seen[k] = cv2.pointPolygonTest(outline, (float(x), float(y)), measureDist=False) < 0
        return seen

    def contour(self, places: Float64) -> Float64:
        """The jaw (17, 3) as annotators of 300-W mark it: at each point's height, the outermost skin of its side.

        On the near side that is the jaw bone itself. On the far side the bone is hidden by the cheek, and what is
        marked slides along to where the face ends before the background. The chin stays.

        Args:
            places: (m, 3) of the points, the head turned but not rolled.
        """
        jaw = places[list(IBUG68.groups["jaw"])].copy()
        start, end = places[self.edges[:, 0]], places[self.edges[:, 1]]
        step = end - start
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (jaw[:, None, 1] - start[:, 1]) / step[:, 1]
        crosses = (share >= 0.0) & (share <= 1.0)
        share = np.where(crosses, share, 0.0)
        across = start[:, 0] + share * step[:, 0]
        for side, rows in ((-1.0, slice(0, 8)), (1.0, slice(9, 17))):
            out = np.where(crosses[rows], side * across[rows], -np.inf)
            best = out.argmax(axis=1)
            k = np.arange(len(best))
            further = out[k, best] > side * jaw[rows, 0]
            found = start[best] + share[rows][k, best][:, None] * step[best]
            jaw[rows] = np.where(further[:, None], found, jaw[rows])
        return jaw


def _normals(points: Float64, corners: Int) -> Float64:
    """Outward normals (m, 3) of points, summed over the triangles (k, 3) around each as a front view has them."""
    a, b, c = (points[corners[:, i]] for i in range(3))
    faces = np.cross(b - a, c - a)
    faces = faces * -np.sign(faces[:, 2:])  # towards the camera
    normals = np.zeros_like(points)
    for i in range(3):
        np.add.at(normals, corners[:, i], faces)
    return normals
