"""asmnet video: follow the faces of a file or a camera."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sdk.aligner import FaceAligner
from sdk.drawing import draw
from sdk.errors import InputError
from sdk.jsonable import face_to_dict
from sdk.smoothing import OneEuro
from sdk.tracker import FaceTracker, TrackedFace
from sdk.video import Camera, Frame, open_file, read_video


def add_parser(commands: Any) -> argparse.ArgumentParser:
    """Add the command to a parser's subcommands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "video",
        help="follow the faces of a video file or a camera",
        description="Follow faces through SOURCE; write an annotated video, a line of JSON per frame, or both.",
        epilog="Example: asmnet video talk.mp4 --out marked.mp4 --jsonl faces.jsonl",
    )
    parser.add_argument("source", metavar="SOURCE", help="a video file, or a camera's number such as 0")
    parser.add_argument("--out", type=Path, metavar="VIDEO", help="the annotated video to write (.mp4)")
    parser.add_argument(
        "--jsonl", type=Path, metavar="FILE", help="one JSON object per frame: time, faces with ids"
    )
    parser.add_argument("--raw", action="store_true", help="no smoothing: faces as measured in each frame")
    parser.add_argument("--max-frames", type=int, metavar="N", help="stop after N frames")
    parser.set_defaults(run=run)
    return parser


def run(options: argparse.Namespace) -> int:
    """Follow the faces; returns 0, or 1 if no frame had a face."""
    if options.out is None and options.jsonl is None:
        raise InputError("expected --out VIDEO, --jsonl FILE, or both; without them nothing would be written")
    aligner = FaceAligner(options.model, num_threads=options.threads)
    with ExitStack() as stack:
        frames, fps = _frames(options.source, stack)
        tracker = FaceTracker(aligner, smoothing=None if options.raw else OneEuro(), fps=fps)
        sinks = _sinks(options, fps, stack)
        started, count, with_face = time.monotonic(), 0, 0
        for index, frame in enumerate(itertools.islice(frames, options.max_frames)):
            tracked = tracker.update(frame.image, timestamp_s=frame.timestamp_s)
            for sink in sinks:
                sink(index, frame, tracked)
            count, with_face = index + 1, with_face + bool(tracked)
            if index % 30 == 0 and sys.stderr.isatty():
                print(f"\rframe {index + 1}", end="", file=sys.stderr)
    seconds = time.monotonic() - started
    rate = count / max(seconds, 1e-9)
    print(f"{count} frames, {with_face} with a face, {rate:.1f} frames a second, reading and writing included")
    return 0 if with_face else 1


def _frames(source: str, stack: ExitStack) -> tuple[Iterator[Frame], float]:
    if source.isdecimal():
        return iter(stack.enter_context(Camera(int(source)))), 30.0
    capture, fps = open_file(source)
    capture.release()
    return read_video(source), fps


def _sinks(options: argparse.Namespace, fps: float, stack: ExitStack) -> list[Any]:
    sinks: list[Any] = []
    if options.jsonl is not None:
        try:
            file = stack.enter_context(options.jsonl.open("w", encoding="utf-8"))
        except OSError as error:
            raise InputError(f"{options.jsonl}: cannot be written ({error.strerror or error})") from error
        sinks.append(lambda index, frame, tracked: print(_line(index, frame, tracked), file=file))
    if options.out is not None:
        sinks.append(stack.enter_context(_VideoSink(options.out, fps)))
    return sinks


def _line(index: int, frame: Frame, tracked: list[TrackedFace]) -> str:
    faces = [{"id": t.id, **face_to_dict(t.face)} for t in tracked]
    return json.dumps({"frame": index, "timestamp_s": round(frame.timestamp_s, 4), "faces": faces})


class _VideoSink:
    """Writes annotated frames; the file is opened with the size of the first one."""

    def __init__(self, path: Path, fps: float) -> None:
        self._path, self._fps = path, fps
        self._writer: Any = None

    def __enter__(self) -> _VideoSink:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.release()

    def __call__(self, index: int, frame: Frame, tracked: list[TrackedFace]) -> None:
        import cv2

        if self._writer is None:
            code = "MJPG" if self._path.suffix.lower() == ".avi" else "mp4v"
            size = frame.image.shape[1], frame.image.shape[0]
            writer: Any = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*code), self._fps, size)
            if not writer.isOpened():
                raise InputError(
                    f"--out {self._path}: cannot be written; is the folder there, and the suffix .mp4?"
                )
            self._writer = writer
        self._writer.write(draw(frame.image, [t.face for t in tracked]))
