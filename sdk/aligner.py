"""FaceAligner: from a frame to landmarks and head pose."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import overload

import numpy as np
import numpy.typing as npt

from sdk.acceptance import Inputs, inputs_of
from sdk.arguments import as_box, check_detector, check_disagreement, check_interpreter, check_plausibility
from sdk.detections import CheckedDetector
from sdk.detector import Detector, default_detector, upright_box
from sdk.errors import InputError
from sdk.forks import in_children
from sdk.frames import Colour, check_colour, check_frame, is_batch, mirror_image, to_bgr
from sdk.geometry import Crop
from sdk.interpreter import ClosedInterpreter, Interpreter, TfliteInterpreter, check_num_threads
from sdk.measures import face_unit
from sdk.model_file import ModelFile
from sdk.pose import angle_between_deg, decode_pose, expanded_yaw, mean_pose
from sdk.pose_fit import pose_from_landmarks
from sdk.quality import FaceQuality
from sdk.results import BBox, Detection, Face, HeadPose, check_face

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

MAX_DISAGREEMENT = 0.10
"""On a face two looks agree, on anything else the second moves away: python -m benchmarks detection prints
what other limits keep."""

SETTLED = 0.05
"""Looks that differ by more than this, in outer-eye distances, are followed by a third: one face in fifty."""

MIRRORED_POSE = np.array([-1, 1, -1], np.float32)
"""Factors of a network's yaw, pitch and roll that undo a mirror image."""

SMALLEST_EYES = 1e-6
"""Pixels that the outer-eye distance counts as at least."""

MAX_OVERLAP = 0.5
"""Two detections are one face if the boxes of their landmarks overlap (IoU) by more."""


class FaceAligner:
    """Finds faces in frames; gives 68 landmarks and the head pose of each.

    >>> faces = FaceAligner().predict(cv2.imread("photo.jpg"))

    Args:
        model: `accurate`, the default, or `fast`, which come along; a model file made by `python -m convert`, or
            its path.
        detector: anything with the Detector protocol; None is `FaceDetector()`, which comes along.
        num_threads: threads of the interpreter; None is 1.
        interpreter: what runs the model's network, if not a TFLite interpreter (see sdk.testing).
        max_disagreement: `predict` looks at each detection twice, and drops it as no face if the two looks
            differ by more than this on average, in outer-eye distances; math.inf keeps everything. Where this is
            the default and the model file has a rule of acceptance, that decides instead (docs/model_format.md).
        colour: the order of the frames' channels: bgr, rgb, bgra, rgba or grey; or a camera's format: nv21, nv12,
            i420 or yuyv (docs/conventions.md). It is never guessed.
        regularise_below: landmarks less plausible than this are replaced by the nearest plausible shape, and
            `Face.regularised` says so; None leaves all landmarks as the network gives them.
    Raises:
        ModelFileError, BackendError: the model cannot be used, or no interpreter is installed.

    Threads may share an aligner: its calls wait for one another. To use several cores give each thread its own.
    A forked process may use the aligners of its parent: it opens their networks anew when it first asks them.
    As a context manager it is closed at the end.
    """

    def __init__(
        self,
        model: ModelFile | str | Path | None = None,
        *,
        detector: Detector | None = None,
        num_threads: int | None = None,
        interpreter: Interpreter | None = None,
        max_disagreement: float = MAX_DISAGREEMENT,
        colour: Colour = "bgr",
        regularise_below: float | None = None,
    ) -> None:
        threads = check_num_threads(num_threads)
        self._lock = threading.RLock()
        in_children(self, _renew_lock)
        self._colour = check_colour(colour)
        self._regularise_below = check_plausibility(regularise_below)
        self._model = ModelFile.chosen(model)
        self._interpreter: Interpreter = (
            TfliteInterpreter(self._model, num_threads=threads)
            if interpreter is None
            else check_interpreter(interpreter)
        )
        self._max_disagreement = check_disagreement(max_disagreement)
        self._acceptance = self._model.acceptance if self._max_disagreement == MAX_DISAGREEMENT else None
        chosen = default_detector(num_threads=threads) if detector is None else check_detector(detector)
        self._detector = CheckedDetector(chosen)

    @property
    def model(self) -> ModelFile:
        """The model in use."""
        return self._model

    @property
    def interpreter(self) -> Interpreter:
        """What runs the network; it serves one thread at a time."""
        return self._interpreter

    @property
    def max_disagreement(self) -> float:
        """What two looks at a face may differ by, in outer-eye distances."""
        return self._max_disagreement

    @property
    def colour(self) -> Colour:
        """The order of channels that frames must have."""
        return self._colour

    def __enter__(self) -> FaceAligner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the interpreter's memory back; what is called later raises BackendError. Safe to call twice."""
        with self._lock:
            self._interpreter = ClosedInterpreter()

    def warmup(self) -> None:
        """Do once what makes the first prediction slower than the others: detector and network on a grey frame."""
        size = self._model.input_size
        with self._lock:
            self._interpreter.run(np.full((size, size, 3), 128, np.uint8))
            self._detector(np.full((480, 640, 3), 128, np.uint8))

    @overload
    def predict(self, frame: UInt8) -> list[Face]: ...

    @overload
    def predict(self, frame: Sequence[UInt8]) -> list[list[Face]]: ...

    def predict(self, frame: UInt8 | Sequence[UInt8]) -> list[Face] | list[list[Face]]:
        """All faces of a frame, best first; an empty list when there is none.

        Args:
            frame: (h, w, 3) uint8, BGR as cv2.imread returns it, or what `colour` says. A list or tuple of frames,
                of any sizes, or a stack (n, h, w, channels) gives a list of faces for each.
        Raises:
            InputError: a frame has another type or shape, or no pixels; all are checked before the first is used.
        """
        if not is_batch(frame):
            return self._predict(self._checked(frame))
        for number, one in enumerate(frame):
            check_frame(one, self._colour, name=f"frame {number}")
        return [self._predict(self._checked(one)) for one in frame]

    def _predict(self, frame: UInt8) -> list[Face]:
        with self._lock:
            return self._faces(frame)

    def _faces(self, frame: UInt8) -> list[Face]:
        faces = []
        for found in self._detector(frame):
            try:
                face = self._accepted(frame, *self._two_looks(frame, found))
                if face is not None:
                    faces.append(face)
            except InputError as error:  # the frame is checked: it is the detector's box
                self._detector.tell(f"a box has no face in it: {error}")
        return _distinct(sorted(faces, key=lambda face: -face.score))

    def _accepted(self, frame: UInt8, first: Face, second: Face) -> Face | None:
        """The face of a detection's two looks; None where they show none."""
        apart = disagreement(first, second)
        if self._acceptance is None or second.confidence is None:
            return self._settled(frame, first, second) if apart <= self._max_disagreement else None
        face, inputs = self._weighed(frame, first, second)
        return self._mended(face) if self._acceptance.value(inputs) >= 0.0 else None

    def _weighed(self, frame: UInt8, first: Face, second: Face) -> tuple[Face, Inputs]:
        """The face of two looks, and what the rule of acceptance weighs of it."""
        looks = self._last_looks(frame, first, second)
        face = self._mean(*looks)
        return face, inputs_of(face, first=disagreement(first, second), last=disagreement(*looks))

    def align(self, frame: UInt8, box: BBox | Sequence[float], *, refine: bool = False) -> Face:
        """The face in a known box.

        Args:
            frame: (h, w, 3) uint8, BGR as cv2.imread returns it, or what `colour` says.
            box: left, top, right, bottom in pixels of the frame: the tight box of the landmarks, brows to
                chin and jaw to jaw, give or take 10 %. It may reach beyond the frame, but must touch it.
            refine: look a second time, at the mirror image of what box and roll of the landmarks first found
                show, and return the mean of both looks: twice the time, and more exact. Where the two are far
                apart, as where a face lies on its side, a third look takes the first one's place.
        Raises:
            InputError: the frame or the box is not as described.
        """
        frame = self._checked(frame)
        with self._lock:
            found = Detection(as_box(box), 1.0)
            if not refine:
                return self._mended(self._first_look(frame, found)[0])
            return self._settled(frame, *self._two_looks(frame, found))

    def look_again(self, frame: UInt8, face: Face) -> Face | None:
        """The same face in the next frame, or more exactly in this one: its landmarks give the crop.

        None where the landmarks lie outside the frame.
        """
        frame, face = self._checked(frame), check_face(face)
        with self._lock:
            again = self._again(frame, face)
            return None if again is None else self._mended(again)

    def quality(self, frame: UInt8, face: Face) -> FaceQuality:
        """What speaks for and against a face found in this frame; takes about as long as `look_again`.

        Raises:
            InputError: the frame is not as described, or no landmark of the face lies inside it.
        """
        again = self.look_again(frame, face)
        crop = self._crop_of(face, frame)
        if again is None or crop is None:
            raise InputError("face: expected landmarks inside the frame; is it from another one?")
        fitted = self.landmark_pose(face)
        yaw_deg = expanded_yaw(fitted.yaw_deg, self._model.yaw_expansion)  # landmarks fall short alike
        return FaceQuality.of(
            face,
            to_bgr(frame, self._colour),
            crop=crop,
            disagreement=disagreement(again, face),
            landmark_pose=fitted,
            pose_disagreement_deg=angle_between_deg(face.pose, replace(fitted, yaw_deg=yaw_deg)),
        )

    def landmark_pose(self, face: Face, *, camera_matrix: npt.ArrayLike | None = None) -> HeadPose:
        """The head pose that a face's landmarks alone give; see `sdk.pose_fit.pose_from_landmarks`."""
        model = self._model
        return pose_from_landmarks(
            check_face(face).landmarks, model.shape_model, scheme=model.scheme, camera_matrix=camera_matrix
        )

    def _checked(self, frame: object) -> UInt8:
        """The frame as BGR, if it is one and the aligner is open."""
        checked = check_frame(frame, self._colour)
        if isinstance(self._interpreter, ClosedInterpreter):
            self._interpreter.refuse()
        return to_bgr(checked, self._colour)

    def _first_look(self, frame: UInt8, found: Detection) -> tuple[Face, Crop]:
        size, margin = self._model.input_size, self._model.margin
        crop = Crop.around(upright_box(found), size=size, margin=margin, angle_deg=found.roll_deg)
        return self._look(frame, crop, found.score), crop

    def _two_looks(self, frame: UInt8, found: Detection) -> tuple[Face, Face]:
        """The face as the detection shows it, and as the mirror image of the crop around these landmarks does."""
        first, crop = self._first_look(frame, found)
        return first, self._look(frame, self._crop_of(first, frame) or crop, found.score, mirrored=True)

    def _look(self, frame: UInt8, crop: Crop, score: float, *, mirrored: bool = False) -> Face:
        pixels = crop.extract(frame, swapped=True)
        if mirrored:
            points, pose_output = self._interpreter.run(mirror_image(pixels))
            points, pose_output = self._model.scheme.mirror_landmarks(points), pose_output * MIRRORED_POSE
        else:
            points, pose_output = self._interpreter.run(pixels)
        sure = getattr(self._interpreter, "confidence", None)  # an interpreter of one's own has neither
        errors = getattr(self._interpreter, "point_errors", None)
        if mirrored and errors is not None:
            errors = errors[list(self._model.scheme.mirror)]
        return decoded(self._model, crop, points, pose_output, score=score, confidence=sure, point_errors=errors)

    def _again(self, frame: UInt8, face: Face) -> Face | None:
        crop = self._crop_of(face, frame)
        return None if crop is None else self._look(frame, crop, face.score)

    def _settled(self, frame: UInt8, first: Face, second: Face) -> Face:
        """The mean of the last two looks."""
        return self._mended(self._mean(*self._last_looks(frame, first, second)))

    def _last_looks(self, frame: UInt8, first: Face, second: Face) -> tuple[Face, Face]:
        """Both looks, or the second and a third where the first is off."""
        if disagreement(first, second) <= SETTLED:
            return first, second
        return second, self._again(frame, second) or second

    def _mean(self, first: Face, second: Face) -> Face:
        """The mean of two looks, whose errors partly cancel."""
        landmarks = (first.landmarks + second.landmarks) * np.float32(0.5)
        sure = None
        if first.confidence is not None and second.confidence is not None:
            sure = (first.confidence + second.confidence) / 2.0
        return described(
            self._model,
            landmarks,
            mean_pose(first.pose, second.pose),
            score=second.score,
            confidence=sure,
            point_errors=errors_of_two(first, second, landmarks, self._model),
        )

    def _mended(self, face: Face) -> Face:
        """The face, or the nearest plausible one where `regularise_below` asks for it."""
        limit, shape_model = self._regularise_below, self._model.shape_model
        if limit is None or face.plausibility >= limit:
            return face
        mended = shape_model.regularise(face.landmarks)
        b = shape_model.parameters(shape_model.align(mended)[0])
        return replace(face, landmarks=mended, box=BBox.around(mended), shape_parameters=b, regularised=True)

    def _crop_of(self, face: Face, frame: UInt8) -> Crop | None:
        """The upright crop of a face's landmarks; None where all of them lie outside the frame."""
        size, margin = self._model.input_size, self._model.margin
        return Crop.closer(face.landmarks, face.box, frame, size=size, margin=margin, angle_deg=face.pose.roll_deg)


def _renew_lock(aligner: FaceAligner) -> None:
    """A lock that nobody holds: in a forked process the thread that held the old one does not exist."""
    aligner._lock = threading.RLock()


def decoded(
    model: ModelFile,
    crop: Crop,
    points: Float32,
    pose_output: Float32,
    *,
    score: float = 1.0,
    confidence: float | None = None,
    point_errors: Float32 | None = None,
) -> Face:
    """The face that a network's answers to a crop mean.

    Args:
        points: (n, 2) in crop coordinates.
        pose_output: (3,) yaw, pitch and roll as the network gives them.
    """
    pose = decode_pose(pose_output, crop_angle_deg=crop.angle_deg, yaw_expansion=model.yaw_expansion)
    landmarks = crop.to_image(points)
    return described(model, landmarks, pose, score=score, confidence=confidence, point_errors=point_errors)


def described(
    model: ModelFile,
    landmarks: Float32,
    pose: HeadPose,
    *,
    score: float,
    confidence: float | None = None,
    point_errors: Float32 | None = None,
) -> Face:
    """The face of landmarks (n, 2) in the image, with what the shape model says of them."""
    b, plausibility = model.shape_model.describe(landmarks)
    return Face(
        landmarks=landmarks,
        pose=pose,
        box=BBox.around(landmarks),
        score=score,
        shape_parameters=b,
        plausibility=plausibility,
        confidence=confidence,
        point_errors=point_errors,
    )


def errors_of_two(first: Face, second: Face, mean: Float32, model: ModelFile) -> Float32 | None:
    """Point errors (n,) of the mean (n, 2) of two looks: from theirs, and from how far apart the looks are."""
    looks = None if model.head is None else model.head.errors_looks
    if looks is None or first.point_errors is None or second.point_errors is None:
        return None
    of_mean, of_distance = looks.tolist()
    right, left = model.scheme.outer_eye_corners
    moved = first.landmarks.astype(np.float64) - second.landmarks
    eyes = math.dist(mean[right].tolist(), mean[left].tolist())
    distance = np.sqrt(np.add.reduce(moved * moved, axis=1)) / max(eyes, SMALLEST_EYES)
    own = (first.point_errors.astype(np.float64) + second.point_errors) / 2.0
    return np.asarray(np.minimum(of_mean * own + of_distance * distance, 1.0), np.float32)


def disagreement(first: Face, second: Face) -> float:
    """Mean distance of two faces' landmarks over the second's outer-eye distance; infinite where its eyes meet."""
    eyes = face_unit(second)
    moved = first.landmarks - second.landmarks
    distance = float(np.add.reduce(np.sqrt(np.add.reduce(moved * moved, axis=1)))) / len(moved)
    return distance / eyes if eyes > 0 else math.inf


def _distinct(faces: list[Face]) -> list[Face]:
    """Faces, best first, without those that overlap a better one by more than MAX_OVERLAP."""
    kept: list[Face] = []
    for face in faces:
        if all(face.box.overlap(other.box) <= MAX_OVERLAP for other in kept):
            kept.append(face)
    return kept
