"""Results as plain JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sdk.results import Face


def face_to_dict(face: Face) -> dict[str, Any]:
    """One face; landmarks rounded to a hundredth of a pixel, angles to a tenth of a degree."""
    return {
        "score": round(face.score, 4),
        "box": [round(v, 2) for v in (face.box.left, face.box.top, face.box.right, face.box.bottom)],
        "pose": {
            "yaw_deg": round(face.pose.yaw_deg, 1),
            "pitch_deg": round(face.pose.pitch_deg, 1),
            "roll_deg": round(face.pose.roll_deg, 1),
        },
        "landmarks": [[round(float(x), 2), round(float(y), 2)] for x, y in face.landmarks],
        "shape_parameters": [round(float(b), 5) for b in face.shape_parameters],
        "plausibility": round(face.plausibility, 6),
    }


def faces_to_dict(faces: Sequence[Face], *, image: str, model: str, scheme: str) -> dict[str, Any]:
    """All faces of one image, with what is needed to read them."""
    return {
        "image": image,
        "model": model,
        "scheme": scheme,
        "units": "landmarks and boxes in pixels, the centre of the top-left pixel at (0, 0); angles in degrees",
        "faces": [face_to_dict(face) for face in faces],
    }
