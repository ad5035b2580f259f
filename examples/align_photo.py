"""Landmarks and head pose of every face in a photo: python examples/align_photo.py PHOTO."""

import sys

import cv2

from sdk import FaceAligner, draw

if len(sys.argv) != 2:
    sys.exit("usage: python examples/align_photo.py PHOTO")
frame = cv2.imread(sys.argv[1])
faces = FaceAligner().predict(frame)
for face in faces:
    print(f"yaw {face.pose.yaw_deg:+.0f}°, nose tip at {face.landmarks[30]}")
cv2.imwrite("aligned.png", draw(frame, faces))
