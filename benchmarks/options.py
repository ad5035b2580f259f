"""Options that several commands have: the data, and the models to measure."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.records import ROOT
from sdk.errors import InputError

if TYPE_CHECKING:
    from train.labelling.side_shift import SideShift

SIDE_SHIFTS = Path("models")
"""Where a checkout keeps the side shifts of sets, side_shift_*.npz."""


def add_data(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Where the face data is."""
    parser.add_argument(
        "--data", type=Path, required=required, help="folder of the face data: 300W/, detection/, frames/ ..."
    )


def add_models(parser: argparse.ArgumentParser) -> None:
    """Which models, see models_of."""
    parser.add_argument(
        "--model", type=Path, action="append", help="a model file; repeat for more (default: the shipped ones)"
    )


def add_faces(parser: argparse.ArgumentParser) -> None:
    """Which faces, and the seed of their jittered boxes."""
    parser.add_argument(
        "--sets",
        nargs="+",
        metavar="SET",
        help="folders below the data folder (default: 300W and those that are there)",
    )
    parser.add_argument("--splits", nargs="+", help="of 300W (default: test_common test_challenging)")
    parser.add_argument("--every", type=int, default=1, help="take every n-th face (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the jitter (default %(default)s)")


def models_of(options: argparse.Namespace) -> Iterator[Path]:
    """The models asked for, else the packaged ones and the float ones of a checkout."""
    if options.model:
        yield from options.model
        return
    packaged = Path(str(resources.files("sdk") / "models"))
    yield from sorted(packaged.glob("*.tflite"))
    yield from sorted(Path("models").glob("*.tflite"))


def outside_checkout(path: Path, *, option: str = "--out") -> Path:
    """The path of a picture that shows photos of the face data, which may not get into the repository.

    Raises:
        InputError: it lies in this checkout.
    """
    if path.resolve().is_relative_to(ROOT):
        raise InputError(
            f"{option} {path}: expected a place outside {ROOT}, as photos of the face data are for research only"
        )
    return path


def add_side_shift(parser: argparse.ArgumentParser) -> None:
    """Which side shifts, see side_shifts."""
    parser.add_argument(
        "--side-shift",
        type=Path,
        action="append",
        metavar="NPZ",
        help="what train side-shift wrote for the train split of one of the sets, for the column without it; "
        "repeat for more (default: models/side_shift_*.npz of a checkout)",
    )


def side_shifts(given: Sequence[Path] | None) -> Mapping[str, SideShift]:
    """Side shifts by the name of their set, of the files given or else of the checkout.

    Raises:
        InputError: two of them are of one set.
    """
    from train.labelling.side_shift import SideShift

    found: dict[str, SideShift] = {}
    for path in given if given is not None else sorted(SIDE_SHIFTS.glob("side_shift_*.npz")):
        shift = SideShift.load(path)
        if shift.data in found:
            raise InputError(f"side shift {path}: expected one for each set, got a second one for {shift.data}")
        found[shift.data] = shift
    return found
