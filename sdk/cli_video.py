"""asmnet video: follow the faces of a file, a camera or a stream."""

from __future__ import annotations

import argparse
import itertools
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from sdk.aligner import FaceAligner
from sdk.cli_detector import detector_from
from sdk.errors import InputError
from sdk.progress import ProgressBar
from sdk.results import CONFIDENT, is_doubtful
from sdk.sinks import Sink, VideoFile, Window, csv_rows, json_lines
from sdk.smoothing import OneEuro
from sdk.sources import Source, open_source
from sdk.tracker import FaceTracker


def add_parser(commands: Any) -> argparse.ArgumentParser:
    """Add the command to a parser's subcommands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "video",
        help="follow the faces of a video file, a camera or a stream",
        description="Follow faces through SOURCE; write an annotated video, a line of JSON per frame, or both.",
        epilog="Example: asmnet video talk.mp4 --out marked.mp4 --jsonl faces.jsonl",
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a video file, a camera's number such as 0 or its device, or an address such as rtsp://host/stream",
    )
    parser.add_argument("--out", type=Path, metavar="VIDEO", help="the annotated video to write (.mp4)")
    parser.add_argument(
        "--jsonl", type=Path, metavar="FILE", help="one JSON object per frame: time, faces with ids"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="one row per face and frame: id, pose, landmarks")
    parser.add_argument("--show", action="store_true", help="a live window; q or Esc ends it")
    parser.add_argument("--raw", action="store_true", help="no smoothing: faces as measured in each frame")
    parser.add_argument("--max-frames", type=int, metavar="N", help="stop after N frames")
    parser.set_defaults(run=run)
    return parser


def run(options: argparse.Namespace) -> int:
    """Follow the faces; returns 0, or 1 if no frame had a face."""
    if not (options.out or options.jsonl or options.csv or options.show):
        raise InputError(
            "expected --out VIDEO, --jsonl FILE, --csv FILE or --show; without them nothing would be seen"
        )
    if options.max_frames is not None and options.max_frames < 1:
        raise InputError(f"--max-frames: expected a number above 0, got {options.max_frames}")
    aligner = FaceAligner(options.model, detector=detector_from(options), num_threads=options.threads)
    with ExitStack() as stack:
        source = stack.enter_context(open_source(options.source))
        tracker = FaceTracker(aligner, smoothing=None if options.raw else OneEuro(), fps=source.fps)
        sinks = _sinks(options, source, stack)
        bar = stack.enter_context(ProgressBar("frames", total=options.max_frames or source.total))
        started, count, with_face, doubtful = time.monotonic(), 0, 0, 0
        for index, frame in enumerate(itertools.islice(source.frames, options.max_frames)):
            tracked = tracker.update(frame.image, timestamp_s=frame.timestamp_s)
            count, with_face = index + 1, with_face + bool(tracked)
            doubtful += any(is_doubtful(t.face) for t in tracked)
            bar.step()
            wanted = [sink(index, frame, tracked) for sink in sinks]  # each gets the frame, then all are asked
            if not all(wanted):
                break
    seconds = time.monotonic() - started
    rate = count / max(seconds, 1e-9)
    print(f"{count} frames, {with_face} with a face, {rate:.1f} frames a second, reading and writing included")
    if doubtful:
        print(f"{doubtful} with a face of confidence below {CONFIDENT:g}: do not trust its landmarks there")
    return 0 if with_face else 1


def _sinks(options: argparse.Namespace, source: Source, stack: ExitStack) -> list[Sink]:
    sinks: list[Sink] = []
    if options.jsonl is not None:
        sinks.append(json_lines(_open(options.jsonl, stack)))
    if options.csv is not None:
        sinks.append(csv_rows(_open(options.csv, stack)))
    if options.out is not None:
        sinks.append(stack.enter_context(VideoFile(options.out, source.fps, live=source.live)))
    if options.show:
        sinks.append(stack.enter_context(Window("asmnet video: q or Esc ends")))
    return sinks


def _open(path: Path, stack: ExitStack) -> TextIO:
    try:
        return stack.enter_context(path.open("w", encoding="utf-8", newline=""))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
