"""Follow the faces of a video file and write what they do: python examples/video_file.py VIDEO."""

import sys

from sdk import FaceTracker
from sdk.measures import eye_openness, mouth_openness
from sdk.video import read_video

if len(sys.argv) != 2:
    sys.exit("usage: python examples/video_file.py VIDEO")
tracker = FaceTracker()
for frame in read_video(sys.argv[1]):
    for tracked in tracker.update(frame.image, timestamp_s=frame.timestamp_s):
        eyes = min(eye_openness(tracked.face))
        mouth = mouth_openness(tracked.face)
        print(f"{frame.timestamp_s:.2f} s: face {tracked.id}, eyes {eyes:.2f}, mouth {mouth:.2f}")
