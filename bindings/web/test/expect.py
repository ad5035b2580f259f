"""What the Python SDK says of photos, for photo.test.mjs: python test/expect.py FOLDER."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2

from sdk import Face, FaceAligner


def photos() -> dict[str, Path]:
    """Public-domain portraits; those whose package is not installed are left out."""
    found = {"portrait": Path(__file__).parent.parent / "demo" / "portrait.jpg"}
    skimage = find_spec("skimage")
    if skimage is not None and skimage.origin is not None:
        found["astronaut"] = Path(skimage.origin).parent / "data" / "astronaut.png"
    return found


def plain(face: Face) -> dict[str, object]:
    """A face as JSON has it; only lists and numbers."""
    pose, box = face.pose, face.box
    return {
        "landmarks": face.landmarks.tolist(),
        "pose": [pose.yaw_deg, pose.pitch_deg, pose.roll_deg],
        "box": [box.left, box.top, box.right, box.bottom],
        "score": face.score,
        "plausibility": face.plausibility,
        "confidence": face.confidence,
        "pointErrors": None if face.point_errors is None else face.point_errors.tolist(),
        "shapeParameters": face.shape_parameters.tolist(),
    }


def main() -> None:
    """Writes photos.json and the photos themselves as PNG."""
    folder, aligner, answers = Path(sys.argv[1]), FaceAligner(), {}
    for name, path in photos().items():
        image = cv2.imread(str(path))
        assert image is not None, path
        cv2.imwrite(str(folder / f"{name}.png"), image)  # lossless: both sides see the same pixels
        answers[name] = [plain(face) for face in aligner.predict(image)]
    (folder / "photos.json").write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    main()
