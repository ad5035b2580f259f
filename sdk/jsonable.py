"""Results as plain JSON values; faces.schema.json beside this file describes them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from importlib import resources
from typing import Any

from sdk.quality import FaceQuality
from sdk.results import Face, HeadPose
from sdk.tracker import TrackedFace
from sdk.video import Frame


def face_to_dict(face: Face) -> dict[str, Any]:
    """One face; landmarks rounded to a hundredth of a pixel, angles to a tenth of a degree."""
    return {
        "score": round(face.score, 4),
        "box": [round(v, 2) for v in (face.box.left, face.box.top, face.box.right, face.box.bottom)],
        "pose": pose_to_dict(face.pose),
        "landmarks": [[round(float(x), 2), round(float(y), 2)] for x, y in face.landmarks],
        "shape_parameters": [round(float(b), 5) for b in face.shape_parameters],
        "plausibility": round(face.plausibility, 6),
        "confidence": None if face.confidence is None else round(face.confidence, 6),
        "point_errors": None if face.point_errors is None else [round(float(e), 5) for e in face.point_errors],
        "regularised": face.regularised,
    }


def quality_to_dict(quality: FaceQuality) -> dict[str, Any]:
    """Quality signals; a disagreement that is infinite is null."""
    return {
        "disagreement": round(quality.disagreement, 4) if math.isfinite(quality.disagreement) else None,
        "sharpness": round(quality.sharpness, 3),
        "eye_distance": round(quality.eye_distance, 2),
        "inside": round(quality.inside, 3),
        "landmark_pose": pose_to_dict(quality.landmark_pose),
        "pose_disagreement_deg": round(quality.pose_disagreement_deg, 1),
    }


def pose_to_dict(pose: HeadPose) -> dict[str, float]:
    """Angles rounded to a tenth of a degree."""
    return {name: round(getattr(pose, name), 1) for name in ("yaw_deg", "pitch_deg", "roll_deg")}


def faces_to_dict(faces: Sequence[Face], *, image: str, model: str, scheme: str) -> dict[str, Any]:
    """All faces of one image, with what is needed to read them."""
    return {
        "image": image,
        "model": model,
        "scheme": scheme,
        "units": "landmarks and boxes in pixels, the centre of the top-left pixel at (0, 0); angles in degrees",
        "faces": [face_to_dict(face) for face in faces],
    }


def frame_to_dict(index: int, frame: Frame, tracked: Sequence[TrackedFace]) -> dict[str, Any]:
    """The faces of one frame of a video, each with its id."""
    faces = [{"id": t.id, **face_to_dict(t.face)} for t in tracked]
    return {"frame": index, "timestamp_s": round(frame.timestamp_s, 4), "faces": faces}


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what this module and the command line write."""
    return dict(json.loads((resources.files("sdk") / "faces.schema.json").read_text(encoding="utf-8")))
