"""The 478 points of MediaPipe's Face Mesh for the faces of a packed set.

A script for an environment of its own, since the last mediapipe with bundled models needs numpy 1:

    python3 -m venv mesh && mesh/bin/pip install mediapipe==0.10.21
    mesh/bin/python train/labelling/face_mesh.py DATA/300W --out mesh_300W.npz

`python -m train label --outside` turns the points into landmarks of the scheme. This file imports nothing of the
project.
Source: Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", 2020. The models in
the wheel are Apache-2.0.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

POINTS = 478


def found_points(mesh: object, image: np.ndarray) -> np.ndarray:
    """(478, 2) float32 in pixels of an (h, w, 3) uint8 BGR image, centres at integers; NaN without a face."""
    height, width = image.shape[:2]
    result = mesh.process(np.ascontiguousarray(image[:, :, ::-1]))  # type: ignore[attr-defined]
    if not result.multi_face_landmarks:
        return np.full((POINTS, 2), np.nan, np.float32)
    shares = np.array([(p.x, p.y) for p in result.multi_face_landmarks[0].landmark], np.float64)
    # MediaPipe counts from the left edge of the first pixel, 0 to 1; this project from the pixel's centre.
    return np.asarray(shares * (width, height) - 0.5, np.float32)


def main() -> None:
    """Look for a face in every crop of the set and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path, help="the folder of a packed set")
    parser.add_argument("--out", type=Path, required=True, help="the npz to write: files (n,), points (n, 478, 2)")
    options = parser.parse_args()
    import cv2
    import mediapipe as mp

    with np.load(options.set / "annotations.npz") as table:
        files = table["file"]
    points = []
    with mp.solutions.face_mesh.FaceMesh(static_image_mode=True, max_num_faces=1, refine_landmarks=True) as mesh:
        for name in files:
            image = cv2.imread(str(options.set / str(name)))
            if image is None:
                raise SystemExit(f"{options.set / str(name)}: expected a readable image")
            points.append(found_points(mesh, image))
    stacked = np.stack(points)
    np.savez_compressed(options.out, files=files, points=stacked)
    print(f"{options.out}: {np.isfinite(stacked[:, 0, 0]).sum()} of {len(files)} faces found")


if __name__ == "__main__":
    main()
