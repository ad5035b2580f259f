"""Command line: python -m train side-shift | fit-outside | blend."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sdk.errors import InputError
from train.backend import add_backend, choose_backend


def _out(what: str) -> argparse.ArgumentParser:
    """A parent of all three."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument("--out", type=Path, required=True, help=what)
    return parent


def _networks() -> argparse.ArgumentParser:
    """A parent of those that let networks look at a set."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument("data", type=Path, help="folder of a packed set")
    parent.add_argument("weights", type=Path, nargs="+", help="best.npz of one or several trainings")
    add_backend(parent)
    return parent


def _labels() -> argparse.ArgumentParser:
    """A parent of those that take the labels of a set without their side."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--side-shift", type=Path, metavar="NPZ", help="what side-shift wrote: taken off the landmarks first"
    )
    return parent


def add_side_shift(commands: Any) -> None:
    """The parser of `side-shift`."""
    parser = commands.add_parser(
        "side-shift",
        help="measure how far a set's labels lie to one side of where a mirror would put them",
        description="Compare the labels of DATA's train split with what networks say of each face and its mirror "
        "image, and write the part that a mirror turns round (docs/data.md). Give it to fit --side-shift. "
        "What is up or down looks alike in a mirror: it is printed, and is the labels' or the networks' own.",
        epilog="Example: python -m train side-shift DATA/300W run/best.npz --out side_shift.npz",
        parents=[_networks(), _out("the npz to write")],
    )
    parser.set_defaults(run=_side_shift)


def add_fit_outside(commands: Any) -> None:
    """The parser of `fit-outside`."""
    parser = commands.add_parser(
        "fit-outside",
        help="fit landmarks to the points of another network, which then labels with ours",
        description="Fit a ridge regression from the points that another network found on DATA's train split to "
        "the landmarks of the set. Give it to label --ridge.",
        epilog="Example: python -m train fit-outside mesh_300W.npz --data DATA/300W --out ridge.npz",
        parents=[_labels(), _out("the npz to write")],
    )
    parser.add_argument("points", type=Path, help="what train/labelling/face_mesh.py wrote for DATA")
    parser.add_argument("--data", type=Path, required=True, help="folder of a packed set")
    parser.add_argument("--strength", type=float, default=0.1, help="of the ridge (default %(default)s)")
    parser.set_defaults(run=_fit_outside)


def add_blend(commands: Any) -> None:
    """The parser of `blend`."""
    parser = commands.add_parser(
        "blend",
        help="labels of an annotated set, drawn a little towards what teachers say",
        description="Copy the train and val faces of DATA to a new set. Each landmark of a train face is moved a "
        "share of the way to the teachers' mean, less the further they are apart; those of val stay. Train on it "
        "with fit, without --side-shift.",
        epilog="Example: python -m train blend DATA/300W run/best.npz --side-shift side_shift.npz --points "
        "mesh_300W.npz --out blended/300W",
        parents=[_networks(), _labels(), _out("the new folder to write")],
    )
    parser.add_argument(
        "--points",
        type=Path,
        metavar="NPZ",
        help="what train/labelling/face_mesh.py wrote for DATA: a teacher beside the networks, refitted to other "
        "faces' labels for each face",
    )
    parser.add_argument(
        "--share", type=float, default=0.4, help="of the way, where both nearly agree (default %(default)s)"
    )
    parser.set_defaults(run=_blend, files=())


def _side_shift(options: argparse.Namespace) -> None:
    choose_backend(options)
    import numpy as np

    from sdk.results import BBox
    from train.datasets import read_packed
    from train.eyes import differences
    from train.labelling.labeller import Labeller
    from train.labelling.side_shift import SideShift

    faces = read_packed(options.data, split="train")
    labeller = Labeller(options.weights)
    answers = np.stack([labeller(face.read_image(), BBox.around(face.landmarks))[0] for face in faces])
    truth = np.stack([face.landmarks for face in faces])
    shift = SideShift.between(truth, answers, labeller.scheme, data=options.data.name)
    shift.save(options.out)
    down = -differences(truth, answers, labeller.scheme).mean(axis=0).imag
    print(f"{options.out}: labels of {len(faces)} faces, in per cent of the outer-eye distance, lie")
    print("to the image right of where a mirror would put them | down from what the networks say")
    for name, points in {"all points": range(labeller.scheme.n_points), **labeller.scheme.groups}.items():
        right, below = shift.offsets[list(points)].real.mean(), down[list(points)].mean()
        print(f"  {name}: {100.0 * right:+.2f} | {100.0 * below:+.2f}")


def _fit_outside(options: argparse.Namespace) -> None:
    import numpy as np

    from sdk.metrics import nme_interocular
    from sdk.schemes import scheme_by_name
    from train.datasets import read_packed
    from train.labelling.ridge import MESH_LINE, Ridge, file_of, read_points
    from train.labelling.side_shift import SideShift

    points = read_points(options.points)
    shift = None if options.side_shift is None else SideShift.load(options.side_shift)

    def pairs(split: Any) -> tuple[Any, Any, str]:
        faces = read_packed(options.data, split=split)
        faces = faces if shift is None else shift.without(faces)
        known = [face for face in faces if file_of(face) in points]
        if not known:
            raise InputError(
                f"{options.points}: expected points of faces of {options.data}, split {split}; got none"
            )
        found = np.stack([points[file_of(face)] for face in known])
        return found, np.stack([face.landmarks for face in known]), known[0].scheme

    found, truth, scheme = pairs("train")
    ridge = Ridge.fit(found, truth, strength=options.strength, line=MESH_LINE)
    ridge.save(options.out, data=options.data.name)
    val_found, val_truth, _ = pairs("val")
    error = nme_interocular(val_truth, ridge(val_found), scheme=scheme_by_name(scheme)).mean()
    print(f"{options.out}: fitted to {len(found)} faces; {error:.2f} % of the outer-eye distance off on val")


def _blend(options: argparse.Namespace) -> None:
    choose_backend(options)
    from train.labelling.blend import blend
    from train.labelling.labeller import Labeller
    from train.labelling.ridge import MESH_LINE, read_points
    from train.labelling.side_shift import SideShift

    shift = None if options.side_shift is None else SideShift.load(options.side_shift)
    points = None if options.points is None else read_points(options.points)
    labeller = Labeller(options.weights)
    done = blend(
        options.data, labeller, options.out, share=options.share, points=points, line=MESH_LINE, shift=shift
    )
    print(
        f"{options.out}: {done.blended} train faces, whose points moved by {done.moved_percent:.2f} % of the "
        f"outer-eye distance; {done.kept} val faces as they were"
    )
