"""A model you trained: python examples/own_model.py MODEL PHOTO. docs/training.md tells how to get one."""

import sys

import cv2

from sdk import FaceAligner, ModelFile

if len(sys.argv) != 3:
    sys.exit("usage: python examples/own_model.py MODEL PHOTO")
model = ModelFile.load(sys.argv[1])  # verified: whole, unaltered, of a format this version reads
print(f"{model.name}: {model.input_size} px, {model.scheme.n_points} points, {model.shape_model.n_modes} modes")
frame = cv2.imread(sys.argv[2])
with FaceAligner(model, num_threads=2) as aligner:
    aligner.warmup()  # so that the first frame is as fast as the others
    for face in aligner.predict(frame):
        quality = aligner.quality(frame, face)
        print(f"{face.pose}, sharpness {quality.sharpness:.2f}, looks differ by {quality.disagreement:.3f}")
