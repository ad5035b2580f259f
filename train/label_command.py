"""Command line: python -m train label."""

from __future__ import annotations

import argparse
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdk.errors import InputError
from train.backend import add_backend, choose_backend

WORDS = {
    "spread": "how far views may differ, in sides of the face",
    "overlap": "what the face's box and that of the landmarks share at least (IoU); 0 for boxes of another kind",
    "apart": "how far the networks and outside teachers may differ, mean over the points, in outer-eye distances",
    "side": "pixels that the face's box needs",
    "yaw_deg": "largest yaw, where the set has head poses",
    "pitch_deg": "largest pitch, where the set has head poses",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Which faces are kept.

    Attributes:
        spread: how far views may lie from their mean, root mean square over points and views, in sides (√(w · h))
            of the landmarks' box.
        overlap: what the landmarks' box and the face's must share at least (IoU); 0 for boxes of another kind.
        apart: how far the networks' mean and the outside teachers' landmarks may lie apart, mean over the points,
            in outer-eye distances.
        side: pixels that the face's box must have.
        yaw_deg, pitch_deg: where the set gives the head pose, the largest that is labelled.
    """

    spread: float = 0.02
    overlap: float = 0.5
    apart: float = 0.11
    side: float = 40.0
    yaw_deg: float = 60.0
    pitch_deg: float = 45.0


def add_label(commands: Any) -> None:
    """The parser of `label`."""
    parser = commands.add_parser(
        "label",
        help="landmarks of trained networks for faces that nobody annotated, as an extra set of a training",
        description="Write a packed set of the train faces of SOURCE with the landmarks that networks agree on "
        "(docs/training.md). Train on it with fit --extra.",
        epilog="Example: python -m train label teacher/best.npz --source DATA/YTF_udacity --out ytf_labelled",
    )
    parser.add_argument("weights", type=Path, nargs="+", help="best.npz of one or several trainings")
    parser.add_argument(
        "--source", type=Path, required=True, help="a packed set, or a folder of photos with annotations.json"
    )
    parser.add_argument("--out", type=Path, required=True, help="the new folder to write")
    parser.add_argument(
        "--split",
        choices=["train", "val"],
        default="train",
        help="val: to see what labels are off where there are landmarks, not to train on (default: train)",
    )
    parser.add_argument(
        "--outside",
        type=Path,
        action="append",
        default=[],
        metavar="POINTS",
        help="points that another network found on SOURCE, as train/labelling/face_mesh.py writes them; the label "
        "is the mean of both, and points on which they differ weigh less; needs --ridge",
    )
    parser.add_argument(
        "--ridge", type=Path, metavar="NPZ", help="what fit-outside wrote: from such points to landmarks"
    )
    parser.add_argument(
        "--native",
        metavar="COLUMN",
        help="column of SOURCE's table with points of a markup of its own, for example native68: refitted to the "
        "teachers' mean by other faces, they are one more opinion",
    )
    for name, words in WORDS.items():
        option, default = "--" + name.replace("_", "-"), getattr(Limits(), name)
        parser.add_argument(option, type=float, default=default, help=f"{words} (default %(default)s)")
    add_backend(parser)
    parser.set_defaults(run=_label, files=())


def _label(options: argparse.Namespace) -> None:
    choose_backend(options)
    from train.label import faces_of, label
    from train.labelling.labeller import Labeller
    from train.labelling.native import native_points

    limits = Limits(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Limits)})
    labeller = Labeller(options.weights, _outside(options))
    native = None if options.native is None else native_points(options.source, options.native)
    result = label(labeller, faces_of(options.source, options.split), options.out, limits, native=native)
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(result.left_out.items()))
    print(f"{options.out}: {result.kept} faces; left out: {reasons or 'none'}")
    if result.nme_percent is not None:
        print(f"labels and the set's own landmarks differ by {result.nme_percent:.2f} % of the outer-eye distance")


def _outside(options: argparse.Namespace) -> list[Any]:
    """The outside teachers that the command names."""
    from train.labelling.ridge import OutsideTeacher, Ridge

    if bool(options.outside) != (options.ridge is not None):
        raise InputError("label: expected --outside POINTS together with --ridge NPZ, got one of them")
    return [OutsideTeacher.read(points, Ridge.load(options.ridge)) for points in options.outside]
