"""What a user gets of a model on the gate's pictures: the answers of FaceAligner, not those of the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from convert.faces import Face as Look
from convert.scenes import Scenes
from sdk import Detection, Face, FaceAligner, FaceDetector, ModelFile
from sdk.interpreter import Interpreter, TfliteInterpreter
from sdk.pose import angle_between_deg
from sdk.pose_fit import pose_from_landmarks
from sdk.results import BBox, HeadPose
from sdk.testing import FakeInterpreter, FixedDetector

Float64 = npt.NDArray[np.float64]
UInt8 = npt.NDArray[np.uint8]

REFINED_EVERY = 3
"""One look in so many is refined as well: it costs three times as much."""

POSES = np.array([(0.67, 0.0, 0.0), (-0.67, 0.1, 0.0), (0.4, -0.3, 0.2), (-0.2, 0.3, -0.3), (0.1, 0.05, 0.4)])
"""Answers of a network, units of 90 degrees, that pictures of frontal faces never lead to."""

CANVAS, CANVAS_BOX = 200, BBox(50.0, 50.0, 150.0, 150.0)
CANVAS_CROP = 130.0
"""A picture for fakes to look at, the box in it, and the side of the crop of a model with the usual margin."""


Kept = TypeVar("Kept", bound="Arrays")


class Arrays:
    """Fields that are float64 arrays, to be kept in a file."""

    __slots__ = ()

    def arrays(self) -> dict[str, Float64]:
        """The arrays by name."""
        return {name: getattr(self, name) for name in self.names()}

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Of the arrays."""
        return tuple(cls.__dataclass_fields__)

    @classmethod
    def from_arrays(cls: type[Kept], arrays: Mapping[str, Any]) -> Kept:
        """Inverse of `arrays`."""
        return cls(**{name: np.asarray(arrays[name], np.float64) for name in cls.names()})


@dataclass(frozen=True, slots=True, eq=False)
class Reading(Arrays):
    """What the product makes of answers that no network gave: of the file's shape model and settings alone.

    Attributes:
        said (s, 3): yaw, pitch and roll in degrees that the product makes of POSES.
        mended (t, n, 2), parameters (t, modes), chances (t,): torn shapes with `regularise_below=1`, in pixels,
            the shape parameters of this, and the plausibility before.
        true_chances, true_deviations, true_moves (d,), true_poses (d, 3): of the drawn faces' true shapes the
            plausibility, the mean square of the shape parameters in standard deviations, how far `regularise`
            moves them in per cent of the outer-eye distance, and the pose of the landmarks alone.
    """

    said: Float64
    mended: Float64
    parameters: Float64
    chances: Float64
    true_chances: Float64
    true_deviations: Float64
    true_moves: Float64
    true_poses: Float64

    @classmethod
    def of(cls, model: ModelFile, seen: Scenes) -> Reading:
        """Run the product with fakes in place of the network."""
        return cls(**_decoded(model), **_torn(model, seen.drawn), **_true(model, seen.drawn))


@dataclass(frozen=True, slots=True, eq=False)
class Answers(Arrays):
    """What FaceAligner says, float64; poses are yaw, pitch and roll in degrees, landmarks are in pixels.

    Attributes:
        landmarks (m, n, 2), poses, landmark_poses (m, 3), confidences, plausibilities (m,): `align` on drawn
            faces, then on portraits. NaN for confidence where the model gives none.
        errors (m, n): the point errors of the same; NaN where the model gives none, and without a face in a record
            of an earlier version.
        nobody (k,): confidences where nobody is.
        refined (r, n, 2), refined_poses (r, 3): one look in REFINED_EVERY with `refine=True`.
        found (p, n, 2), found_poses (p, 3): the first face that `predict` finds in each picture, NaN where it
            finds none. counts (p + t,): how many it finds there and in textures.
        sides (m,): of the crops of `landmarks`, pixels.
    """

    landmarks: Float64
    poses: Float64
    landmark_poses: Float64
    confidences: Float64
    plausibilities: Float64
    errors: Float64
    nobody: Float64
    refined: Float64
    refined_poses: Float64
    found: Float64
    found_poses: Float64
    counts: Float64
    sides: Float64

    @classmethod
    def of(cls, model: ModelFile, seen: Scenes, *, interpreter: Interpreter | None = None) -> Answers:
        """Run the product.

        Args:
            interpreter: of the model, if it is open already.
        Raises:
            BackendError: no interpreter runs the model.
        """
        looks = (*seen.drawn, *seen.portraits)
        with FaceAligner(
            model, detector=_Recall(), interpreter=interpreter or TfliteInterpreter(model)
        ) as aligner:
            return cls(
                **_aligned(aligner, looks),
                nobody=_confidences([aligner.align(look.image, look.box) for look in seen.nobody]),
                **_refined(aligner, looks[::REFINED_EVERY]),
                **_predicted(aligner, seen),
                sides=np.array([model.margin * max(look.box.width, look.box.height) for look in looks]),
            )


class _Recall:
    """The shipped detector, asked once about each picture: no model changes what it finds."""

    def __call__(self, image: UInt8, /) -> Sequence[Detection]:
        return _detections(image.tobytes(), image.shape)


@cache
def _detector() -> FaceDetector:
    return FaceDetector()


@cache
def _detections(pixels: bytes, shape: tuple[int, ...]) -> Sequence[Detection]:
    return tuple(_detector()(np.frombuffer(pixels, np.uint8).reshape(shape)))


def _aligned(aligner: FaceAligner, looks: Sequence[Look]) -> dict[str, Float64]:
    faces = [aligner.align(look.image, look.box) for look in looks]
    return {
        "landmarks": _landmarks(faces),
        "poses": _poses([face.pose for face in faces]),
        "landmark_poses": _poses([aligner.landmark_pose(face) for face in faces]),
        "confidences": _confidences(faces),
        "plausibilities": np.array([face.plausibility for face in faces]),
        "errors": _errors(faces),
    }


def _refined(aligner: FaceAligner, looks: Sequence[Look]) -> dict[str, Float64]:
    faces = [aligner.align(look.image, look.box, refine=True) for look in looks]
    return {"refined": _landmarks(faces), "refined_poses": _poses([face.pose for face in faces])}


def _predicted(aligner: FaceAligner, seen: Scenes) -> dict[str, Float64]:
    faces = [aligner.predict(look.image) for look in seen.pictures]
    empty = [aligner.predict(look.image) for look in seen.textures]
    lost = np.full((aligner.model.scheme.n_points, 2), np.nan)
    unknown = HeadPose(np.nan, np.nan, np.nan)
    return {
        "found": np.stack([each[0].landmarks if each else lost for each in faces]).astype(np.float64),
        "found_poses": _poses([each[0].pose if each else unknown for each in faces]),
        "counts": np.array([len(each) for each in (*faces, *empty)], np.float64),
    }


def _decoded(model: ModelFile) -> dict[str, Float64]:
    points = np.zeros((model.scheme.n_points, 2)) + model.shape_model.mean * 0.3
    return {"said": _poses([_said(model, points, pose).pose for pose in POSES])}


def _said(model: ModelFile, points: Float64, pose: Float64, **options: Any) -> Face:
    """What the product makes of a network's answer, points (n, 2) in crop coordinates."""
    fake = FakeInterpreter(points.astype(np.float32), pose.tolist())
    aligner = FaceAligner(model, interpreter=fake, detector=FixedDetector(), **options)
    return aligner.align(np.zeros((CANVAS, CANVAS, 3), np.uint8), CANVAS_BOX)


def _torn(model: ModelFile, drawn: Sequence[Look]) -> dict[str, Float64]:
    shapes = [torn for shape in _true_shapes(model, drawn)[:4] for torn in _tears(shape)]
    faces = [_said(model, shape, POSES[0], regularise_below=1.0) for shape in shapes]
    return {
        "mended": _landmarks(faces),
        "parameters": np.stack([face.shape_parameters for face in faces]).astype(np.float64),
        "chances": np.array([face.plausibility for face in faces]),
    }


def _tears(shape: Float64) -> list[Float64]:
    """Shapes that no face has, in sides of the crop: the mouth on the chin, wide beyond measure, out of order."""
    shape = (shape - shape.mean(axis=0)) / (1.3 * np.ptp(shape, axis=0).max())
    fallen = shape.copy()
    fallen[3 * len(shape) // 4 :, 1] += 0.2
    return [fallen, shape * (1.8, 0.8), shape[::-1]]


def _true(model: ModelFile, drawn: Sequence[Look]) -> dict[str, Float64]:
    shapes = _true_shapes(model, drawn)
    right, left = model.scheme.outer_eye_corners
    moved = np.stack([model.shape_model.regularise(shape) for shape in shapes]) - shapes
    eyes = np.linalg.norm(shapes[:, right] - shapes[:, left], axis=-1)
    b = np.stack([model.shape_model.parameters(model.shape_model.align(s)[0], limit=None) for s in shapes])
    return {
        "true_chances": np.array([model.shape_model.plausibility(shape) for shape in shapes]),
        "true_deviations": (b**2 / model.shape_model.eigenvalues).mean(axis=1).astype(np.float64),
        "true_moves": 100.0 * np.linalg.norm(moved, axis=-1).mean(axis=1) / eyes,
        "true_poses": _poses([pose_from_landmarks(s, model.shape_model, scheme=model.scheme) for s in shapes]),
    }


def _true_shapes(model: ModelFile, drawn: Sequence[Look]) -> Float64:
    """Those of the drawn faces (faces, n, 2); the mean alone where a scheme has other points than they."""
    known = [look.truth for look in drawn if look.truth is not None and len(look.truth) == model.scheme.n_points]
    return np.stack(known or [model.shape_model.mean]).astype(np.float64)


def poses_apart_deg(found: Answers) -> float:
    """Mean angle between the network's poses and those of its landmarks."""
    pairs = zip(found.poses.tolist(), found.landmark_poses.tolist(), strict=True)
    return float(np.mean([angle_between_deg(HeadPose(*a), HeadPose(*b)) for a, b in pairs]))


def _landmarks(faces: Sequence[Face]) -> Float64:
    return np.stack([face.landmarks for face in faces]).astype(np.float64)


def _poses(poses: Sequence[HeadPose]) -> Float64:
    return np.array([(pose.yaw_deg, pose.pitch_deg, pose.roll_deg) for pose in poses], np.float64)


def _errors(faces: Sequence[Face]) -> Float64:
    none = np.full(len(faces[0].landmarks), np.nan)
    found = [none if face.point_errors is None else face.point_errors for face in faces]
    return np.stack(found).astype(np.float64)


def _confidences(faces: Sequence[Face]) -> Float64:
    return np.array([np.nan if face.confidence is None else face.confidence for face in faces], np.float64)
