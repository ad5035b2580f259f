"""MediaPipe: Face Mesh, whose model is in the wheel; with `task`, a face_landmarker.task, the Face Landmarker."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from protocol import Box, Find, serve

# Vertices of the canonical face mesh that lie where ibug68 has its points, in its order. The jaw and the brows
# are the nearest ones only: the markups differ there, so errors of the 51 inner points are the ones to compare.
VERTICES = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),
    *(78, 82, 13, 312, 308, 317, 14, 87),
)
FRAME_MS = 33
CONTEXT = 0.5
"""MediaPipe takes no box: in the mode `box` it finds the face in what lies within so many longer sides of it."""


def load() -> str:
    """As `protocol.serve` wants it."""
    import mediapipe

    return str(version(mediapipe.__name__))


def opened(options: dict[str, str], mode: str) -> Find:
    """As `protocol.serve` wants it."""
    find = _landmarker(options["task"], mode) if "task" in options else _mesh(mode)
    return _within(find) if mode == "box" else find


def _within(find: Find) -> Find:
    import numpy as np

    def find_in(image: Any, box: Box) -> list[Any]:
        around = CONTEXT * max(box[2] - box[0], box[3] - box[1])
        left, top = (max(0, int(edge - around)) for edge in box[:2])
        right, bottom = (int(edge + around) + 1 for edge in box[2:])
        return [np.add(points, (left, top)) for points in find(image[top:bottom, left:right].copy())]

    return find_in


def _mesh(mode: str) -> Find:
    import cv2
    from mediapipe.python.solutions.face_mesh import FaceMesh

    mesh = FaceMesh(static_image_mode=mode != "tracking", max_num_faces=1 if mode == "tracking" else 5)

    def find(image: Any) -> list[Any]:
        found = mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks or []
        return [_points(face.landmark, image) for face in found]

    return find


def _landmarker(task: str, mode: str) -> Find:
    import cv2
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.vision import FaceLandmarker, FaceLandmarkerOptions, RunningMode

    running = RunningMode.VIDEO if mode == "tracking" else RunningMode.IMAGE
    settings = FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=task),
        running_mode=running,
        num_faces=1 if mode == "tracking" else 5,
    )
    landmarker, frames = FaceLandmarker.create_from_options(settings), iter(range(0, 1 << 40, FRAME_MS))

    def find(image: Any) -> list[Any]:
        picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        seen = (
            landmarker.detect_for_video(picture, next(frames))
            if mode == "tracking"
            else landmarker.detect(picture)
        )
        return [_points(face, image) for face in seen.face_landmarks]

    return find


def _points(vertices: Any, image: Any) -> Any:
    import numpy as np

    height, width = image.shape[:2]
    return np.array([(vertices[i].x * width - 0.5, vertices[i].y * height - 0.5) for i in VERTICES])


if __name__ == "__main__":
    serve(load, opened)
