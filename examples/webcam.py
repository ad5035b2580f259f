"""Follow faces of a camera and print who turned where: python examples/webcam.py [NUMBER or ADDRESS]."""

import sys

from sdk import FaceTracker
from sdk.video import Camera

if len(sys.argv) > 2:
    sys.exit(
        "usage: python examples/webcam.py [CAMERA], a number such as 0 or an address such as rtsp://host/stream"
    )
source = sys.argv[1] if len(sys.argv) > 1 else "0"
tracker = FaceTracker()
with Camera(int(source) if source.isdecimal() else source) as camera:
    for frame in camera:  # the latest frame each time: a slow device drops frames instead of lagging
        for tracked in tracker.update(frame.image, timestamp_s=frame.timestamp_s):
            print(f"face {tracked.id}: yaw {tracked.face.pose.yaw_deg:+.0f}°")
