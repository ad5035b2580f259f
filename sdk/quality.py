"""Signals that tell whether a face can be trusted, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sdk.geometry import Crop
from sdk.measures import face_unit
from sdk.results import Face, HeadPose

UInt8 = npt.NDArray[np.uint8]

SHARPNESS_SIZE = 128
"""Sharpness is measured on crops of so many pixels a side, whatever the model takes."""

_WINDOW = 9


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """What speaks for and against one face; docs/guide.md says what to do at which value.

    Attributes:
        score: the detector's, 0 to 1; 1.0 where the caller gave the box.
        plausibility: of the shape, 0 to 1 (docs/conventions.md). Below 1e-8: no face, or a failed fit.
        disagreement: how far another look puts the landmarks, mean over points in outer-eye distances. Above 0.1:
            no face, or one that the network does not know.
        sharpness: 0 to 1, of the face at the size the network sees: above 0.3 sharp, below 0.25 too blurred for
            the accuracy in the README, below 0.15 of little use (python -m benchmarks quality).
        eye_distance: between the outer eye corners, pixels. Below 30 there is less detail than the network takes.
        inside: share of the landmarks that lie inside the frame, 0 to 1.
        landmark_pose: head pose fitted to the landmarks alone; `Face.pose` is the network's.
        pose_disagreement_deg: angle between the two poses, both with their yaw expanded as the model file says. A
            large one says that one of them failed.
    """

    score: float
    plausibility: float
    disagreement: float
    sharpness: float
    eye_distance: float
    inside: float
    landmark_pose: HeadPose
    pose_disagreement_deg: float

    @classmethod
    def of(
        cls,
        face: Face,
        frame: UInt8,
        *,
        crop: Crop,
        disagreement: float,
        landmark_pose: HeadPose,
        pose_disagreement_deg: float,
    ) -> FaceQuality:
        """The signals of a face in an (h, w, 3) uint8 BGR frame; `crop` is the one around its landmarks."""
        close = Crop(crop.center_x, crop.center_y, crop.side, SHARPNESS_SIZE, crop.angle_deg)
        return cls(
            score=face.score,
            plausibility=face.plausibility,
            disagreement=disagreement,
            sharpness=sharpness(close.extract(frame)),
            eye_distance=face_unit(face),
            inside=share_inside(face.landmarks, *frame.shape[:2]),
            landmark_pose=landmark_pose,
            pose_disagreement_deg=pose_disagreement_deg,
        )


def sharpness(crop: UInt8) -> float:
    """How much of a picture's local contrast a blur would take, 0 to 1: little if it is blurred already.

    Args:
        crop: (h, w, 3) uint8 BGR. Single-pixel noise is filtered out first.
    Source: Crété et al., "The blur effect: perception and estimation with a new no-reference perceptual blur
    metric", SPIE 2007: 1 - blur.
    """
    import cv2

    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY).astype(np.float32)
    grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.0), np.float32)
    return min(_lost(grey, (_WINDOW, 1), axis=1), _lost(grey, (1, _WINDOW), axis=0))


def _lost(grey: npt.NDArray[np.float32], window: tuple[int, int], *, axis: int) -> float:
    """Share of the differences between neighbours along an axis that blurring along it takes away."""
    import cv2

    steps = np.abs(np.diff(grey, axis=axis))
    blurred = np.abs(np.diff(cv2.blur(grey, window), axis=axis))
    total = float(steps.sum())
    return float(np.maximum(0.0, steps - blurred).sum()) / total if total > 0 else 0.0


def share_inside(landmarks: npt.NDArray[np.float32], height: int, width: int) -> float:
    """Share of landmarks (n, 2) whose place is a pixel of a frame."""
    inside = (landmarks >= -0.5).all(axis=1) & (landmarks < (width - 0.5, height - 0.5)).all(axis=1)
    return float(inside.mean())
