"""A detector of your own: any callable from a frame to detections. python examples/own_detector.py PHOTO."""

import sys

import cv2

from sdk import BBox, Detection, FaceAligner


def above_the_middle(image):
    """A kiosk's camera, whose visitor's face is always here: brows to chin, jaw to jaw."""
    height, width = image.shape[:2]
    x, y, half = 0.5 * width, 0.42 * height, 0.18 * width
    box = BBox(x - half, y - half, x + half, y + half)
    return [Detection(box, score=1.0)]


if len(sys.argv) != 2:
    sys.exit("usage: python examples/own_detector.py PHOTO")
for face in FaceAligner(detector=above_the_middle).predict(cv2.imread(sys.argv[1])):
    print(face.pose, face.box)
