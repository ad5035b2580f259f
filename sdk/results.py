"""What the SDK returns: small frozen values."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError


@dataclass(frozen=True, slots=True)
class BBox:
    """Axis-aligned box in image pixels.

    Convention: the edges are coordinates, not pixel indices. The centre of the top-left pixel is (0, 0),
    so a box that covers the whole of a w x h image has left = top = -0.5, right = w - 0.5, bottom = h - 0.5.
    A face box is the tight bounding box of its landmarks: brows to chin, jaw to jaw.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        sides = (self.left, self.top, self.right, self.bottom)
        if not _all_finite(sides):
            raise InputError(f"box: expected four finite numbers, got {sides}")
        if self.right <= self.left or self.bottom <= self.top:
            raise InputError(
                f"box: expected left < right and top < bottom, got {sides}; is it x, y, width, height?"
            )

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def center_x(self) -> float:
        return (self.left + self.right) / 2.0

    @property
    def center_y(self) -> float:
        return (self.top + self.bottom) / 2.0

    def overlap(self, other: BBox) -> float:
        """Intersection over union of the two boxes, 0 to 1."""
        if not isinstance(other, BBox):
            raise InputError(f"other: expected a BBox, got {other!r}")
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        both = width * height
        return both / (self.width * self.height + other.width * other.height - both)

    @classmethod
    def around(cls, landmarks: npt.NDArray[np.float32]) -> BBox:
        """Tight bounding box of landmarks (n, 2)."""
        try:
            (left, top), (right, bottom) = (
                np.minimum.reduce(landmarks).tolist(),
                np.maximum.reduce(landmarks).tolist(),
            )
        except (AttributeError, TypeError, ValueError) as error:
            raise InputError(f"landmarks: expected numbers (n, 2), got {landmarks!r}") from error
        return cls(left, top, right, bottom)


def _all_finite(values: tuple[object, ...]) -> bool:
    try:
        return all(math.isfinite(value) for value in values)  # type: ignore[arg-type]
    except (TypeError, OverflowError):
        return False


@dataclass(frozen=True, slots=True)
class Detection:
    """A face found by a detector.

    Attributes:
        box: the tight axis-aligned box of its landmarks as they lie in the image, rolled or not.
        score: how sure the detector is, 0 to 1.
        roll_deg: turn of the head in the image plane, clockwise positive like `HeadPose.roll_deg`; 0 where the
            detector does not say. `FaceAligner` crops upright by it.
    """

    box: BBox
    score: float
    roll_deg: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.box, BBox):
            raise InputError(f"box: expected a BBox(left, top, right, bottom), got {self.box!r}")
        score: object = self.score
        if not isinstance(score, numbers.Real):
            raise InputError(f"score: expected a number from 0 to 1, got {self.score!r}")
        if not _all_finite((self.roll_deg,)):
            raise InputError(f"roll_deg: expected a finite number of degrees, got {self.roll_deg!r}")


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Head orientation in degrees.

    Convention (the signs of 300W-LP): as seen in the image, yaw > 0 turns the face to the left, pitch > 0
    lifts the chin, roll > 0 turns the head clockwise. docs/conventions.md has the axes and the matrix.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float

    def __post_init__(self) -> None:
        angles = (self.yaw_deg, self.pitch_deg, self.roll_deg)
        try:
            _ = [math.isnan(angle) for angle in angles]  # NaN is an angle that nobody knows
        except (TypeError, OverflowError) as error:
            raise InputError(f"pose: expected three numbers of degrees, got {angles}") from error


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One aligned face.

    Attributes:
        landmarks: (68, 2) float32, columns x, y in pixels of the frame given to `predict`, the centre of
            the top-left pixel at (0, 0), in the order of the 68-point i-bug scheme. Read-only.
        pose: head orientation in degrees.
        box: tight bounding box of `landmarks`.
        score: how sure the detector was that this is a face, 0 to 1; 1.0 where the caller gave the box.
        shape_parameters: (k,) float32, b of the model's shape model, each within 3 standard deviations.
        plausibility: 0 to 1, the probability that a real face shape lies at least as far from the mean
            under the shape model (docs/conventions.md). Near 0 means: do not trust these landmarks.
        confidence: 0 to 1, the network's own probability that it sees a face and puts its landmarks, on average,
            within 8 % of the outer-eye distance (docs/conventions.md); None where the model gives none.
        point_errors: (68,) float32, 0 to 1, the expected distance of each landmark from the true one, in outer-eye
            distances; more counts as 1 (docs/conventions.md). None where the model gives none. Of smoothed or
            regularised landmarks it is that of the measured ones.
        regularised: the landmarks are the nearest plausible shape to what the network gave, since that was less
            plausible than `FaceAligner(regularise_below=...)` allows; `plausibility` is that of the latter.

    Pickles and copies; copies are read-only too.
    """

    landmarks: npt.NDArray[np.float32] = field(repr=False)
    pose: HeadPose
    box: BBox
    score: float
    shape_parameters: npt.NDArray[np.float32] = field(repr=False)
    plausibility: float
    regularised: bool = False
    confidence: float | None = None
    point_errors: npt.NDArray[np.float32] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        arrays = {"landmarks": self.landmarks, "shape_parameters": self.shape_parameters}
        if self.point_errors is not None:
            arrays["point_errors"] = self.point_errors
        for name, array in arrays.items():
            given: object = array
            if not isinstance(given, np.ndarray):
                raise InputError(f"{name}: expected an array, got {type(given).__name__}")
            given.setflags(write=False)

    def __reduce__(self) -> tuple[type[Face], tuple[object, ...]]:
        """Made anew, since arrays forget when pickled that they are read-only."""
        return Face, tuple(getattr(self, f.name) for f in fields(self))


CONFIDENT = 0.5
"""Below this `Face.confidence` says: do not trust these landmarks (docs/conventions.md)."""


def is_doubtful(face: Face) -> bool:
    """Whether the network itself doubts the face; a model that gives no confidence doubts none."""
    return face.confidence is not None and face.confidence < CONFIDENT


def check_face(face: object) -> Face:
    """The face, or an InputError that says what came in its place."""
    if isinstance(face, Face):
        return face
    hint = "; of a tracked face give its .face" if hasattr(face, "face") else ""
    raise InputError(f"face: expected a Face as FaceAligner.predict gives it, got {type(face).__name__}{hint}")
