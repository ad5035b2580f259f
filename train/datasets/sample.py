"""One annotated face, whatever set it came from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError, SdkError
from sdk.results import BBox
from sdk.schemes import IBUG68, SCHEMES, LandmarkScheme, scheme_by_name

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
UNKNOWN_POSE = (float("nan"), float("nan"), float("nan"))
Item = TypeVar("Item")


class DataError(SdkError):
    """A data set is missing, damaged or not in the format that its reader expects."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A face in an image and what is known about it.

    Attributes:
        path: the image file, or the archive that `image` was taken from.
        landmarks: (n, 2) float32, pixels of the image, pixel centres at integers; all NaN where there are none.
        subject: group for leak-free splits.
        source: where in the original set it came from.
        scheme: name of the landmarks' scheme.
        pose_deg: yaw, pitch, roll in degrees with HeadPose's signs and order; NaN where unknown.
        box: the set's own face box, image pixels.
        attributes: the set's own flags and figures, by name.
        occluded: (n,) bool, True where the point is hidden; None where the set does not say.
        subset: part of the set, for figures per part.
        upright: landmarks are those of the photo as viewers show it, its EXIF orientation obeyed, and not of the
            pixels as stored, as published sets have them.
        point_weights: (n,) float32 from 0 to 1, how much each point counts in training; None where all count
            alike.
        image: (h, w, 3) uint8 BGR, for sets that embed their images; None: read `path`.
    """

    path: Path
    landmarks: npt.NDArray[np.float32]
    subject: str
    source: str
    scheme: str = IBUG68.name
    pose_deg: tuple[float, float, float] = UNKNOWN_POSE
    box: BBox | None = None
    attributes: Mapping[str, float] = field(default_factory=dict)
    occluded: npt.NDArray[np.bool_] | None = None
    subset: str = ""
    upright: bool = False
    image: UInt8 | None = field(default=None, repr=False)
    point_weights: Float32 | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.landmarks.ndim != 2 or self.landmarks.shape[1] != 2:
            raise InputError(f"{self.path}: expected landmarks (n, 2), got {self.landmarks.shape}")
        if self.occluded is not None and self.occluded.shape != self.landmarks.shape[:1]:
            raise InputError(f"{self.path}: expected occluded (n,) as landmarks, got {self.occluded.shape}")
        if self.point_weights is not None and self.point_weights.shape != self.landmarks.shape[:1]:
            raise InputError(f"{self.path}: expected point_weights (n,), got {self.point_weights.shape}")

    @property
    def has_landmarks(self) -> bool:
        return bool(np.isfinite(self.landmarks).all())

    def read_image(self) -> UInt8:
        """(h, w, 3) uint8 BGR; as stored, or turned by the photo's EXIF orientation where `upright` says so.

        Raises:
            DataError: the file is missing or no image; the message names it.
        """
        if self.image is not None:
            return self.image.copy()
        import cv2

        try:
            content = np.frombuffer(self.path.read_bytes(), np.uint8)
        except OSError as error:
            raise DataError(f"{self.path}: expected a readable image, got: {error.strerror}") from error
        flags = cv2.IMREAD_COLOR | (0 if self.upright else cv2.IMREAD_IGNORE_ORIENTATION)
        image = cv2.imdecode(content, flags) if content.size else None
        if image is None:
            raise DataError(f"{self.path}: expected a readable image; is the file damaged or cut short?")
        return np.asarray(image, np.uint8)


Reject = Callable[[DataError], None]
"""What a reader does with a face that it cannot read: raise the error, or note it and go on."""


def stop(error: DataError) -> None:
    """The default of every reader: the first bad face ends the reading."""
    raise error


def read_each(items: Iterable[Item], read: Callable[[Item], Sample], reject: Reject) -> Iterator[Sample]:
    """`read` of each item in turn; a DataError goes to `reject` and, if that returns, the item is left out."""
    for item in items:
        try:
            sample = read(item)
        except DataError as error:
            reject(error)
        else:
            yield sample


def scheme_of(n_points: int, *, origin: object) -> str:
    """Name of the scheme with that many points.

    Raises:
        DataError: no scheme has them; the message begins with `origin`.
    """
    names = {scheme.n_points: scheme.name for scheme in SCHEMES.values()}
    if n_points not in names:
        known = ", ".join(f"{n} ({name})" for n, name in sorted(names.items()))
        raise DataError(
            f"{origin}: expected a known number of points, {known}; got {n_points}. "
            "A scheme.toml beside the faces defines a scheme of your own (docs/data.md)"
        )
    return names[n_points]


def common_scheme_of(samples: Iterable[Sample]) -> LandmarkScheme:
    """The landmark scheme of all samples.

    Raises:
        InputError: there are several, or no samples.
    """
    names = sorted({sample.scheme for sample in samples})
    if len(names) != 1:
        raise InputError(f"data: expected faces of one landmark scheme, got {', '.join(names) or 'no faces'}")
    return scheme_by_name(names[0])


def read_text(path: Path) -> str:
    """Content of a text file.

    Raises:
        DataError: it is missing or not UTF-8; the message names it.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected a text file, got: {error}") from error


def box_sides(samples: Sequence[Sample], truth: Float32) -> Float32:
    """Sides, √(width · height), of the samples' boxes in the unit of their landmarks `truth` (faces, n, 2); of the
    landmarks' own box where the set gives none."""
    extents = [BBox.around(sample.landmarks) for sample in samples]
    ratios = [_side(sample.box or extent) / _side(extent) for sample, extent in zip(samples, extents, strict=True)]
    return np.array([r * _side(BBox.around(t)) for r, t in zip(ratios, truth, strict=True)], np.float32)


def _side(box: BBox) -> float:
    return math.sqrt(box.width * box.height)
