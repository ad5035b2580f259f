"""asmnet video: follow the faces of a file, a camera or a stream."""

from __future__ import annotations

import argparse
import glob
import itertools
import re
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from sdk.aligner import FaceAligner
from sdk.cli_detector import detector_from, models_read
from sdk.errors import InputError
from sdk.inputs import as_file, is_piped
from sdk.progress import ProgressBar
from sdk.results import CONFIDENT, is_doubtful
from sdk.rows import Rows
from sdk.signals import SIGPIPE, Stop, deferred, name_of
from sdk.sinks import Sink, Window, csv_rows, json_lines
from sdk.smoothing import OneEuro
from sdk.sources import Source, open_source
from sdk.targets import check_targets
from sdk.tracker import FaceTracker, TrackedFace
from sdk.video_file import VideoFile


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
        help="a video file, - for standard input, a camera's number such as 0 or its device, or an address such "
        "as rtsp://host/stream",
    )
    parser.add_argument("--out", type=Path, metavar="VIDEO", help="the annotated video to write: .mp4, .avi, .mkv")
    parser.add_argument(
        "--jsonl", type=Path, metavar="FILE", help="one JSON object per frame: time, faces with ids"
    )
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="one row per face and frame: id, pose, landmarks, errors"
    )
    parser.add_argument(
        "--errors", action="store_true", help="draw a circle of the expected error about each landmark"
    )
    parser.add_argument("--show", action="store_true", help="a live window; q or Esc ends it")
    parser.add_argument("--raw", action="store_true", help="no smoothing: faces as measured in each frame")
    parser.add_argument("--max-frames", type=int, metavar="N", help="stop after N frames")
    parser.set_defaults(run=run)
    return parser


def run(options: argparse.Namespace) -> int:
    """Follow the faces; returns 0, 1 if no frame had a face, or a signal's status."""
    if not (options.out or options.jsonl or options.csv or options.show):
        raise InputError(
            "expected --out VIDEO, --jsonl FILE, --csv FILE or --show; without them nothing would be seen"
        )
    if options.max_frames is not None and options.max_frames < 1:
        raise InputError(f"--max-frames: expected a number above 0, got {options.max_frames}")
    _check_targets(options)
    aligner = FaceAligner(options.model, detector=detector_from(options), num_threads=options.threads)
    tally = _Tally()
    with deferred() as stop:
        try:
            _follow(aligner, options, stop, tally)
        finally:  # also after an error: what was done is said
            tally.say()
    if stop.number is not None and stop.number != SIGPIPE:
        print(f"stopped ({name_of(stop.number)}) after {tally.frames} frames", file=sys.stderr)
    return stop.status or (0 if tally.with_face else 1)


def _follow(aligner: FaceAligner, options: argparse.Namespace, stop: Stop, tally: _Tally) -> None:
    """Frame by frame from the source into all sinks, until either ends or a signal comes."""
    with ExitStack() as stack:
        with stop.interruptible():
            source = stack.enter_context(_source(options.source, stack))
            sinks = _sinks(options, source, stack)
        tracker = FaceTracker(aligner, smoothing=None if options.raw else OneEuro(), fps=source.fps)
        bar = stack.enter_context(ProgressBar("frames", total=options.max_frames or source.total))
        tally.started_s = time.monotonic()
        for index, frame in enumerate(stop.each(itertools.islice(source.frames, options.max_frames))):
            tracked = tracker.update(frame.image, timestamp_s=frame.timestamp_s)
            tally.add(tracked)
            bar.step()
            wanted = [sink(index, frame, tracked) for sink in sinks]  # each gets the frame, then all are asked
            if not all(wanted):
                break


class _Tally:
    """What a run has seen so far."""

    def __init__(self) -> None:
        self.started_s: float | None = None
        self.frames = self.with_face = self.doubtful = 0

    def add(self, tracked: Sequence[TrackedFace]) -> None:
        self.frames += 1
        self.with_face += bool(tracked)
        self.doubtful += any(is_doubtful(t.face) for t in tracked)

    def say(self) -> None:
        """Print it, if the source was opened at all."""
        if self.started_s is None:
            return
        rate = self.frames / max(time.monotonic() - self.started_s, 1e-9)
        print(
            f"{self.frames} frames, {self.with_face} with a face, {rate:.1f} frames a second, "
            "reading and writing included"
        )
        if self.doubtful:
            print(
                f"{self.doubtful} with a face of confidence below {CONFIDENT:g}: do not trust its landmarks there"
            )


def _check_targets(options: argparse.Namespace) -> None:
    results = (("--out", options.out), ("--jsonl", options.jsonl), ("--csv", options.csv))
    source = [("video", path) for path in _files_of(options.source)]
    check_targets([(name, path) for name, path in results if path is not None], [*source, *models_read(options)])


def _files_of(source: str) -> list[Path]:
    """The file itself, or the pictures of a series such as img_%03d.png."""
    if "%" not in source:
        return [Path(source)]
    return [Path(source), *map(Path, glob.glob(re.sub(r"%\d*d", "*", source)))]


def _source(name: str, stack: ExitStack) -> AbstractContextManager[Source]:
    if is_piped(name):
        return open_source(str(stack.enter_context(as_file(name, what="video"))))
    return open_source(name)


def _sinks(options: argparse.Namespace, source: Source, stack: ExitStack) -> list[Sink]:
    """The video is closed last: one that turns out incomplete does not keep the rows from their place."""
    video = None
    if options.out is not None:
        file = VideoFile(options.out, source.fps, live=source.live, errors=options.errors)
        video = stack.enter_context(file)
    sinks: list[Sink] = []
    if options.jsonl is not None:
        sinks.append(json_lines(stack.enter_context(Rows(options.jsonl))))
    if options.csv is not None:
        sinks.append(csv_rows(stack.enter_context(Rows(options.csv))))
    if video is not None:
        sinks.append(video)
    if options.show:
        sinks.append(stack.enter_context(Window("asmnet video: q or Esc ends", errors=options.errors)))
    return sinks
