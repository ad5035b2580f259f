"""Training views: photos turned, scaled and tiled into one frame, their boxes recomputed from landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from train.augment import distorted
from train.config import AugmentConfig
from train.detection.config import DetectorConfig
from train.detection.cuts import Edges, blackened, cut_at
from train.detection.photos import Photo
from train.detection.turning import moved, tight_boxes

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

TILES = (1, 2, 3, 4)
TILE_SHARES = (0.6, 0.22, 0.1, 0.08)
"""A frame is n x n views of as many photos: faces of every size, and many borders that are no face."""

FAR_TILES = (6, 8)
"""The same of frames of far faces."""

CLOSE_UP = 0.35
"""Share of single views that are scaled to a drawn size of face instead of a drawn share of the photo."""

DECOY_SCALES = (0.6, 1.5)
"""Times the size that a decoy has where the photo's longer side is DECOY_SIDE pixels."""

DECOY_SIDE = 416

MAX_ENLARGEMENT = 2.0
"""Photos are not blown up by more: their faces would be blurs."""

MIN_VISIBLE = 0.55
"""A face of which less than this share of its box is inside the view is neither asked for nor denied."""

PHOTOMETRIC = AugmentConfig(
    brightness=0.2, contrast=0.35, colour_shift=0.07, grey=0.15, blur=0.1, noise=0.12, occlusion=0.0
)
DARK = 0.12
MASKED = 0.15
"""Shares of views in low light, and of faces covered from the nose down."""

LOWER_FACE = (*range(1, 16), 29)
"""Jaw and bridge of the nose in the 68-point scheme: what a mask covers."""


PLAIN = DetectorConfig()
"""No special views."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The faces of a view.

    Attributes:
        boxes: (faces, 4) tight landmark boxes, pixels of the view; they may reach beyond it.
        roll_deg: (faces,) clockwise positive.
        ignored: (faces,) bool, True where so little is inside the view that either answer is right.
    """

    boxes: Float32
    roll_deg: Float32
    ignored: npt.NDArray[np.bool_]


class PhotoPyramid:
    """A photo at full, half and quarter size, so that shrinking it does not alias."""

    def __init__(self, photo: Photo) -> None:
        import cv2

        self.photo = photo
        self._levels = [photo.read_image()]
        while min(self._levels[-1].shape[:2]) >= 64 and len(self._levels) < 4:
            image = self._levels[-1]
            half = (image.shape[1] // 2, image.shape[0] // 2)
            self._levels.append(np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), np.uint8))

    @property
    def longest(self) -> int:
        return max(self._levels[0].shape[:2])

    @property
    def middle(self) -> Float32:
        return np.array(self._levels[0].shape[1::-1], np.float32) / 2.0

    def warped(self, matrix: npt.NDArray[np.float64], size: tuple[int, int], colour: Sequence[float]) -> UInt8:
        """The photo under a similarity (2, 3) from its pixels to the view's."""
        import cv2

        scale = float(np.hypot(*matrix[0, :2]))
        level = min(len(self._levels) - 1, max(0, int(np.floor(np.log2(0.75 / scale)) + 1) if scale < 0.75 else 0))
        image = self._levels[level]
        factor = np.array([self._levels[0].shape[1] / image.shape[1], self._levels[0].shape[0] / image.shape[0]])
        there = matrix.copy()  # pixel centres: x0 = factor (x + 0.5) - 0.5
        there[:, 2] += matrix[:, :2] @ (factor / 2.0 - 0.5)
        there[:, :2] *= factor
        return np.asarray(
            cv2.warpAffine(image, there, size, flags=cv2.INTER_LINEAR, borderValue=tuple(colour)), np.uint8
        )


def training_frame(
    pyramids: Sequence[PhotoPyramid],
    first: int,
    rng: np.random.Generator,
    *,
    size: int,
    shares: DetectorConfig = PLAIN,
) -> tuple[UInt8, Faces]:
    """A random frame (size, size, 3) BGR that shows photo `first`, and perhaps others beside it.

    Args:
        shares: of special views; `DetectorConfig` says what they are.
    """
    tiles = int(rng.choice(TILES, p=TILE_SHARES))
    if shares.far and rng.random() < shares.far:
        tiles = int(rng.choice(FAR_TILES))
    edges = np.linspace(0, size, tiles + 1).astype(int)
    frame = np.empty((size, size, 3), np.uint8)
    parts = []
    for place in range(tiles * tiles):
        row, column = divmod(place, tiles)
        top, left = int(edges[row]), int(edges[column])
        shape = int(edges[column + 1]) - left, int(edges[row + 1]) - top
        index = first if place == 0 else int(rng.integers(len(pyramids)))
        pixels, faces = _view(pyramids[index], rng, shape, alone=tiles == 1, shares=shares)
        frame[top : top + shape[1], left : left + shape[0]] = pixels
        offset = np.array([left, top, left, top], np.float32)
        parts.append(Faces(faces.boxes + offset, faces.roll_deg, faces.ignored))
    frame = distorted(frame, rng, PHOTOMETRIC)
    if rng.random() < DARK:
        frame = _darkened(frame, rng)
    return frame, _together(parts)


def _together(parts: Sequence[Faces]) -> Faces:
    return Faces(
        np.concatenate([p.boxes for p in parts]),
        np.concatenate([p.roll_deg for p in parts]),
        np.concatenate([p.ignored for p in parts]),
    )


def _view(
    pyramid: PhotoPyramid, rng: np.random.Generator, shape: tuple[int, int], *, alone: bool, shares: DetectorConfig
) -> tuple[UInt8, Faces]:
    """One photo in a view of `shape` (width, height)."""
    photo = pyramid.photo
    if len(photo.decoys) and rng.random() < shares.decoys:
        focus, scale = _aim_at_decoy(pyramid, rng, max(shape))
    else:
        focus, scale = _aim(pyramid, rng, max(shape), alone=alone)
    angle = float(rng.uniform(-65, 65) if rng.random() < 0.55 else rng.normal(0, 8))
    if shares.any_roll and rng.random() < shares.any_roll:
        angle = float(rng.uniform(-180, 180))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    c, s = np.cos(np.radians(angle)) * scale, np.sin(np.radians(angle)) * scale
    turn = np.array([[c, -s], [s, c]]) @ np.diag([mirror, 1.0])
    target = np.array(shape) * rng.uniform(0.15, 0.85, 2)
    matrix = np.column_stack([turn, target - turn @ focus])
    whole = None
    if alone and shares.cut and len(photo.boxes) and rng.random() < shares.cut:
        face = moved(photo.landmarks[int(rng.integers(len(photo.boxes)))], matrix)
        matrix, whole = cut_at(face, matrix, rng, side=shape[0])
    colour = rng.uniform(0, 255, 3) if rng.random() < 0.3 else np.repeat(rng.choice([0.0, 0.0, 114.0, 255.0]), 3)
    pixels = pyramid.warped(matrix, shape, colour)
    if whole is not None:
        pixels = blackened(pixels, whole)
    points = moved(photo.landmarks, matrix)
    rolls = np.asarray(photo.roll_deg * mirror + angle, np.float32)
    for face in points:
        if rng.random() < MASKED:
            _mask(pixels, face, rng)
    seen = _seen(points, rolls, shape, whole)
    if len(photo.unsure):
        corners = photo.unsure[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
        doubtful = _seen(moved(corners, matrix), None, shape)
        seen = _together([seen, doubtful])
    return pixels, seen


def _aim(
    pyramid: PhotoPyramid, rng: np.random.Generator, side: int, *, alone: bool
) -> tuple[npt.NDArray[np.float64], float]:
    """The point of the photo that is to be shown, and pixels of the view per pixel of the photo."""
    boxes = pyramid.photo.boxes
    whole = side / pyramid.longest
    scale = whole * float(np.exp(rng.uniform(np.log(0.75), np.log(2.6 if alone else 2.0))))
    if len(boxes) == 0 or rng.random() < 0.15:
        return pyramid.middle + rng.uniform(-0.3, 0.3, 2) * pyramid.middle, min(scale, MAX_ENLARGEMENT)
    box = boxes[int(rng.integers(len(boxes)))]
    if alone and rng.random() < CLOSE_UP:
        wanted = np.exp(rng.uniform(np.log(20.0), np.log(0.95 * side)))
        scale = max(0.7 * whole, float(wanted / (box[2:] - box[:2]).max()))
    return (box[:2] + box[2:]) / 2.0, min(scale, MAX_ENLARGEMENT)


def _aim_at_decoy(
    pyramid: PhotoPyramid, rng: np.random.Generator, side: int
) -> tuple[npt.NDArray[np.float64], float]:
    """As `_aim`, at a decoy, about as large as the detector saw it and never larger than the view."""
    box = pyramid.photo.decoys[int(rng.integers(len(pyramid.photo.decoys)))]
    natural = DECOY_SIDE / pyramid.longest
    scale = natural * float(np.exp(rng.uniform(*np.log(DECOY_SCALES))))
    return (box[:2] + box[2:]) / 2.0, min(scale, 0.95 * side / float((box[2:] - box[:2]).max()), MAX_ENLARGEMENT)


def _seen(
    points: Float32,
    rolls: Float32 | None,
    shape: tuple[int, int],
    whole: Edges | None = None,
) -> Faces:
    """The faces that reach into the view, or into its part that is photo; without rolls, nobody knows whether they
    are any."""
    boxes = tight_boxes(points)
    edges = np.array((0, 0, *shape) if whole is None else whole, np.float32) - 0.5
    low, high = (np.clip(b, edges[:2], edges[2:]) for b in (boxes[:, :2], boxes[:, 2:]))
    visible = np.prod(high - low, axis=1) / np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1e-6)
    there = visible > 0.02
    if rolls is None:
        return Faces(boxes[there], np.zeros(int(there.sum()), np.float32), np.ones(int(there.sum()), bool))
    return Faces(boxes[there], rolls[there], visible[there] < MIN_VISIBLE)


def _mask(pixels: UInt8, face: Float32, rng: np.random.Generator) -> None:
    import cv2

    colour = tuple(float(v) for v in rng.uniform(0, 255, 3))
    cv2.fillConvexPoly(pixels, cv2.convexHull(np.rint(face[list(LOWER_FACE)]).astype(np.int32)), colour)


def _darkened(frame: UInt8, rng: np.random.Generator) -> UInt8:
    """Little light: darker, and the sensor's noise with it."""
    values = frame.astype(np.float32) * rng.uniform(0.15, 0.5)
    values += rng.normal(0.0, rng.uniform(1.0, 6.0), frame.shape[:2])[..., None]
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
