"""asmnet-edge: 68 facial landmarks and head pose at camera speed on small devices.

>>> from sdk import FaceAligner
>>> faces = FaceAligner().predict(frame)
"""

from __future__ import annotations

from sdk.aligner import FaceAligner
from sdk.camera import join_planes
from sdk.detector import Detector, HaarDetector, YuNetDetector
from sdk.detector_file import DetectorFile
from sdk.drawing import draw
from sdk.errors import BackendError, InputError, ModelFileError, SdkError
from sdk.face_detector import FaceDetector
from sdk.frames import as_bgr
from sdk.model_file import ModelFile
from sdk.quality import FaceQuality
from sdk.results import BBox, Detection, Face, HeadPose
from sdk.schemes import IBUG68, LandmarkScheme
from sdk.shape_model import ShapeModel
from sdk.smoothing import OneEuro
from sdk.tracker import FaceTracker, TrackedFace

__version__ = "0.1.0"

__all__ = [
    "IBUG68",
    "BBox",
    "BackendError",
    "Detection",
    "Detector",
    "DetectorFile",
    "Face",
    "FaceAligner",
    "FaceDetector",
    "FaceQuality",
    "FaceTracker",
    "HaarDetector",
    "HeadPose",
    "InputError",
    "LandmarkScheme",
    "ModelFile",
    "ModelFileError",
    "OneEuro",
    "SdkError",
    "ShapeModel",
    "TrackedFace",
    "YuNetDetector",
    "as_bgr",
    "draw",
    "join_planes",
]
