"""python -m benchmarks peers: other libraries on the same photos, and on the same clip."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from benchmarks.accuracy import COMMON
from benchmarks.face_sets import W300, FaceSet, read_sets
from benchmarks.goals import OURS, TRACKING
from benchmarks.options import add_side_shift, side_shifts
from benchmarks.peers.scoring import PeerRow, costs_table, errors_of, nearest, score, to_table
from benchmarks.peers.sets import CLIP, ImageSet, clip_sets, photo_sets
from sdk.errors import InputError, SdkError
from train.eyes import Complex
from train.labelling.side_shift import SideShift

CHALLENGING = "test_challenging"

ADAPTERS = Path(__file__).with_name("adapters")


@dataclass(frozen=True, slots=True)
class Peer:
    """A library to compare with: its adapter and environment, and the options that it needs or may have."""

    adapter: str
    environment: str
    needs: tuple[str, ...] = ()
    modes: tuple[str, ...] = ("photo", "box", TRACKING)
    takes: tuple[str, ...] = ()


PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        OURS: Peer("asmnet_edge", "asmnet_edge", takes=("model",)),
        "mediapipe face mesh": Peer("mediapipe_mesh", "mediapipe"),
        "mediapipe face landmarker": Peer("mediapipe_mesh", "mediapipe", ("task",)),
        "yunet + onnx": Peer("opencv_onnx", "opencv", ("yunet", "landmarks"), ("photo", "box"), ("size", "widen")),
        "openseeface": Peer("openseeface", "openseeface", ("folder",), takes=("type",)),
        "dlib": Peer("dlib_ert", "dlib", ("predictor",), ("photo", "box")),
    }
)


def measure(
    names: Sequence[str],
    sets: Sequence[ImageSet],
    options: Mapping[str, str],
    *,
    turns: int,
    timed: bool,
    side_shifts: Mapping[str, SideShift] | None = None,
) -> Iterator[PeerRow]:
    """A row per library and set.

    Args:
        turns: processes per library; they alternate, so that all meet the same moods of the machine.
        timed: keep times; off on a machine that is busy with other things.
        side_shifts: of labels, by the name of the set.
    """
    from benchmarks.peers.environments import environment_for, install_mb

    pythons = {name: environment_for(PEERS[name].environment) for name in names}
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for turn in range(turns if timed else 1):
        for name in names:
            print(f"{name}, turn {turn + 1} ...", flush=True)
            # photos are looked at once: the answers are the same each time, and times are of the clip
            wanted = [s for s in sets if s.mode in PEERS[name].modes and (turn == 0 or s.name == CLIP)]
            answers[name].append(run_adapter(pythons[name], name, wanted, options))
    for name in names:
        size = install_mb(pythons[name])
        of_common: dict[str, Complex] = {}
        for part in answers[name][0]["sets"]:
            images = next(s for s in sets if (s.name, s.mode) == (part["name"], part["mode"]))
            found = [faces for run in part["runs"] for faces in run["faces"]]
            if images.name == COMMON:
                of_common[images.mode] = errors_of(nearest(found, images.truths), images.truths)
            scored = score(
                found,
                images.truths,
                side_shift=(side_shifts or {}).get(images.of),
                fitted_on=of_common.get(images.mode) if images.name == CHALLENGING else None,
            )
            yield _row(name, part, scored, answers[name], size, timed)


def run_adapter(python: Path, name: str, sets: Sequence[ImageSet], options: Mapping[str, str]) -> dict[str, Any]:
    """What an adapter answers, from a process in its environment.

    Raises:
        SdkError: it failed; the message ends with its own.
    """
    from benchmarks.machine import pin, processors, unpin

    allowed = processors()
    pinned = pin(1)
    unpin(allowed)
    parts = [
        {
            "name": s.name,
            "mode": s.mode,
            "sequences": [[str(p) for p in paths] for paths in s.sequences],
            "boxes": [[astuple(box) for box in boxes] for boxes in s.boxes],
        }
        for s in sets
    ]
    with tempfile.TemporaryDirectory() as folder:
        job, answer = Path(folder) / "job.json", Path(folder) / "answer.json"
        peer = PEERS[name]
        own = {option: value for option, value in options.items() if option in (*peer.needs, *peer.takes)}
        job.write_text(json.dumps({"processors": pinned, "options": own, "sets": parts}))
        script = ADAPTERS / f"{peer.adapter}.py"
        done = subprocess.run(
            [str(python), str(script), str(job), str(answer)],
            capture_output=True,
            text=True,
            cwd=folder,
            check=False,
        )
        if done.returncode or not answer.is_file():
            raise SdkError(f"{name}: its adapter {script.name} failed: {done.stderr.strip()[-1500:]}")
        return dict(json.loads(answer.read_text()))


def _row(
    name: str,
    part: dict[str, Any],
    scored: Mapping[str, Any],
    answers: Sequence[dict[str, Any]],
    size: float,
    timed: bool,
) -> PeerRow:
    same = [s for a in answers for s in a["sets"] if (s["name"], s["mode"]) == (part["name"], part["mode"])]
    times = [run["ms"] for s in same for run in s["runs"]]
    ms = np.concatenate([taken[len(taken) // 10 :] for taken in times])  # the first tenth warms up
    whole_calls = timed and part["mode"] != "box"  # there some leave their detector out, others cannot
    return PeerRow(
        peer=name,
        version=answers[0]["version"],
        mode=part["mode"],
        split=part["name"],
        **scored,
        p50_ms=float(np.median(ms)) if whole_calls else None,
        p95_ms=float(np.percentile(ms, 95)) if whole_calls else None,
        import_ms=min(a["import_ms"] for a in answers) if timed else None,
        peak_rss_mb=max(a["peak_rss_mb"] or 0 for a in answers) or None,
        install_mb=size,
    )


def add_parser(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "peers",
        help="other landmark libraries on the same photos and frames",
        description="Each library runs in an environment that is made for it from a pinned requirements file, "
        "once, in the user's cache. Photos: predict on 300W; tracking: clips of 640 x 480 rendered from "
        f"some. All on one processor. Libraries: {', '.join(PEERS)}; where files are needed, --with names them.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the face data, with 300W/")
    parser.add_argument("--peer", action="append", choices=list(PEERS), help="default: all whose files are there")
    add_given(parser)
    parser.add_argument(
        "--sets", nargs="*", metavar="SET", default=[W300], help="folders below the data folder (default: 300W)"
    )
    parser.add_argument("--splits", nargs="+", help="of 300W (default: test_common test_challenging)")
    add_side_shift(parser)
    parser.add_argument("--every", type=int, default=1, help="take every n-th photo (default %(default)s)")
    parser.add_argument("--clips", type=int, default=8, help="faces in motion (default %(default)s)")
    parser.add_argument("--frames", type=int, default=60, help="of each clip (default %(default)s)")
    parser.add_argument(
        "--turns", type=int, default=2, help="processes per library, by turns (default %(default)s)"
    )
    parser.add_argument("--no-times", action="store_true", help="accuracy alone: this machine is busy")
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.set_defaults(run=run)


def add_given(parser: argparse.ArgumentParser) -> None:
    """Add the option for files and settings of adapters."""
    parser.add_argument(
        "--with",
        dest="given",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a file or setting of an adapter: task=face_landmarker.task; yunet=FILE and landmarks=FILE "
        "(size=112); folder=OpenSeeFace; predictor=FILE.dat; model=FILE of ours",
    )


def run(options: argparse.Namespace) -> None:
    """Measure, print, record."""
    from benchmarks import machine
    from benchmarks.records import write_record

    given = _given(options.given)
    names = _chosen(options.peer, given)
    before = machine.state()
    with tempfile.TemporaryDirectory() as folder:
        faces = list(read_sets(options.data, options.sets, splits=options.splits, every=options.every))
        sets = [*photo_sets(faces)]
        sets += clip_sets(options.data, Path(folder), clips=options.clips, frames=options.frames)
        shifts = side_shifts(options.side_shift)
        timed = not options.no_times
        rows = list(measure(names, sets, given, turns=options.turns, timed=timed, side_shifts=shifts))
    print(to_table(rows))
    if costs := costs_table(rows):
        print(f"\n{costs}")
    if not options.no_times and (warning := machine.busy(before)):
        print(f"warning: {warning}")
    write_record(options.out, "peers", [r.to_dict() for r in rows], threads=1, machine={"before": before})


def _chosen(names: Sequence[str] | None, given: Mapping[str, str]) -> list[str]:
    """The libraries named, else all whose files are given."""
    chosen = names or [n for n, peer in PEERS.items() if all(need in given for need in peer.needs)]
    for name in chosen:
        missing = [need for need in PEERS[name].needs if need not in given]
        if missing:
            raise InputError(f"{name}: expected --with {missing[0]}=...; see {PEERS[name].adapter}.py")
    return list(chosen)


def accuracy_of(
    names: Sequence[str] | None,
    pairs: Sequence[str],
    faces: Sequence[FaceSet],
    *,
    seed: int,
    side_shifts: Mapping[str, SideShift],
) -> list[PeerRow]:
    """Rows without times, on the photos and boxes of `benchmarks accuracy`; `pairs` as --with has them."""
    given = _given(pairs)
    sets = list(photo_sets(faces, seed=seed))
    return list(measure(_chosen(names, given), sets, given, turns=1, timed=False, side_shifts=side_shifts))


def _given(pairs: Sequence[str]) -> dict[str, str]:
    given = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not value:
            raise InputError(f"--with {pair}: expected NAME=VALUE")
        path = Path(value).expanduser()
        given[name] = str(path.resolve()) if path.exists() else value
    return given
