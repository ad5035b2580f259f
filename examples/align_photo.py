"""Landmarks and head pose of every face in a photo: python examples/align_photo.py PHOTO."""

import sys
from pathlib import Path

import cv2

from sdk import FaceAligner, draw

if len(sys.argv) != 2:
    sys.exit("usage: python examples/align_photo.py PHOTO")
marked = Path("aligned.png")
if marked.exists() and marked.samefile(sys.argv[1]):
    sys.exit("aligned.png is what this example writes: give the photo another name")
frame = cv2.imread(sys.argv[1])
faces = FaceAligner().predict(frame)
for face in faces:
    print(f"yaw {face.pose.yaw_deg:+.0f}°, nose tip at {face.landmarks[30]}")
if not cv2.imwrite(str(marked), draw(frame, faces)):
    sys.exit("aligned.png cannot be written here")
