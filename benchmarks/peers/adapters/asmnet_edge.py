"""This project, as its users call it: `FaceAligner.predict` on photos, `align` in boxes, `FaceTracker.update` on
frames."""

from __future__ import annotations

from protocol import Find, serve


def load() -> str:
    """As `protocol.serve` wants it."""
    import sdk

    return sdk.__version__


def opened(options: dict[str, str], mode: str) -> Find:
    """As `protocol.serve` wants it."""
    from sdk import FaceAligner, FaceTracker

    aligner = FaceAligner(options.get("model"), num_threads=1)
    if mode == "tracking":
        tracker = FaceTracker(aligner)
        return lambda image: [t.face.landmarks for t in tracker.update(image)]
    if mode == "box":
        return lambda image, box: [aligner.align(image, box).landmarks]
    return lambda image: [face.landmarks for face in aligner.predict(image)]


if __name__ == "__main__":
    serve(load, opened)
