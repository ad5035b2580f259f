"""FaceAligner: from a frame to landmarks and head pose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdk.detector import Detector, default_detector
from sdk.errors import InputError
from sdk.geometry import Crop
from sdk.interpreter import Interpreter, TfliteInterpreter, check_num_threads
from sdk.model_file import ModelFile
from sdk.pose import decode_pose
from sdk.results import BBox, Face

UInt8 = npt.NDArray[np.uint8]


class FaceAligner:
    """Finds faces in frames; gives 68 landmarks and the head pose of each.

    >>> faces = FaceAligner().predict(cv2.imread("photo.jpg"))

    Args:
        model: a model file made by `python -m convert`, or its path; None is the model that comes along.
        detector: anything with the Detector protocol; None is OpenCV's Haar cascade.
        num_threads: threads of the interpreter; None is 1.
    Raises:
        ModelFileError, BackendError: the model cannot be used, or no interpreter is installed.

    One aligner serves one thread at a time; give each thread its own.
    """

    def __init__(
        self,
        model: ModelFile | str | Path | None = None,
        *,
        detector: Detector | None = None,
        num_threads: int | None = None,
    ) -> None:
        threads = check_num_threads(num_threads)
        self._model = _as_model(model)
        self._interpreter: Interpreter = TfliteInterpreter(self._model, num_threads=threads)
        self._detector = default_detector() if detector is None else _check_detector(detector)

    @property
    def model(self) -> ModelFile:
        """The model in use."""
        return self._model

    def predict(self, frame: UInt8) -> list[Face]:
        """All faces of a frame, best first; an empty list when there is none.

        Args:
            frame: (h, w, 3) uint8, BGR as cv2.imread returns it.
        Raises:
            InputError: the frame has another type or shape, or no pixels.
        """
        _check_frame(frame)
        faces = [self._align(frame, found.box, found.score, passes=2) for found in self._detector(frame)]
        return sorted(faces, key=lambda face: -face.score)

    def align(self, frame: UInt8, box: BBox | Sequence[float], *, refine: bool = False) -> Face:
        """The face in a known box.

        Args:
            frame: (h, w, 3) uint8, BGR as cv2.imread returns it.
            box: left, top, right, bottom in pixels of the frame: the tight box of the landmarks, brows to
                chin and jaw to jaw, give or take 10 %. It may reach beyond the frame, but must touch it.
            refine: run a second time on the box and roll of the landmarks first found: twice the time, for
                boxes that are less exact than that.
        Raises:
            InputError: the frame or the box is not as described.
        """
        _check_frame(frame)
        return self._align(frame, _as_box(box), 1.0, passes=2 if refine else 1)

    def _align(self, frame: UInt8, box: BBox, score: float, *, passes: int) -> Face:
        size, margin = self._model.input_size, self._model.margin
        crop = Crop.around(box, size=size, margin=margin)
        for again in range(passes):
            points, pose_output = self._interpreter.run(np.ascontiguousarray(crop.extract(frame)[..., ::-1]))
            landmarks = crop.to_image(points)
            pose = decode_pose(pose_output, crop_angle_deg=crop.angle_deg)
            if again + 1 < passes:
                crop = self._next_crop(landmarks, pose.roll_deg, crop, frame)
        shape, _ = self._model.shape_model.align(landmarks)
        return Face(
            landmarks=landmarks,
            pose=pose,
            box=BBox.around(landmarks),
            score=score,
            shape_parameters=self._model.shape_model.parameters(shape),
            plausibility=self._model.shape_model.plausibility(landmarks),
        )

    def _next_crop(self, landmarks: npt.NDArray[np.float32], roll_deg: float, crop: Crop, frame: UInt8) -> Crop:
        """The upright crop of the landmarks; the old one where they ran out of the frame."""
        height, width = frame.shape[:2]
        inside = (landmarks >= 0).all(axis=1) & (landmarks <= (width - 1, height - 1)).all(axis=1)
        if not inside.any():
            return crop
        return Crop.around_landmarks(landmarks, size=crop.size, margin=self._model.margin, angle_deg=roll_deg)


def _as_model(model: ModelFile | str | Path | None) -> ModelFile:
    if model is None:
        return ModelFile.default()
    if isinstance(model, ModelFile):
        return model
    if isinstance(model, str | Path):
        return ModelFile.load(model)
    raise InputError(f"model: expected a path, a ModelFile or None, got {type(model).__name__}")


def _check_detector(detector: Detector) -> Detector:
    if not callable(detector):
        raise InputError(
            f"detector: expected a callable that maps a frame to detections, got {type(detector).__name__}"
        )
    return detector


def _check_frame(frame: object) -> None:
    if frame is None:
        raise InputError("frame: expected an image, got None; did cv2.imread not find the file?")
    if not isinstance(frame, np.ndarray):
        raise InputError(f"frame: expected a numpy array (h, w, 3) uint8, got {type(frame).__name__}")
    if frame.ndim != 3 or frame.shape[2] != 3:
        hint = {2: "; a grey image? cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)"}.get(frame.ndim, "")
        if frame.ndim == 3 and frame.shape[2] == 4:
            hint = "; with an alpha channel? cv2.cvtColor(frame, cv2.COLOR_BGRA2BGR)"
        raise InputError(f"frame: expected shape (h, w, 3), got {frame.shape}{hint}")
    if frame.dtype != np.uint8:
        hint = "; values in 0..1? (frame * 255).astype(np.uint8)" if frame.dtype.kind == "f" else ""
        raise InputError(f"frame: expected uint8, got {frame.dtype}{hint}")
    if frame.size == 0:
        raise InputError(f"frame: expected at least one pixel, got shape {frame.shape}")


def _as_box(box: BBox | Sequence[float]) -> BBox:
    if isinstance(box, BBox):
        return box
    try:
        left, top, right, bottom = (float(v) for v in box)
    except (TypeError, ValueError) as error:
        raise InputError(f"box: expected left, top, right, bottom, got {box!r}") from error
    return BBox(left, top, right, bottom)
