"""Annotated faces that accuracy is measured on: 300-W, and sets of harder faces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import numpy as np
import numpy.typing as npt

from benchmarks.boxes import Find
from sdk import Face, FaceAligner
from sdk.errors import InputError
from train.datasets import DataError, Sample, read_packed
from train.datasets.packed import Split
from train.detection.packs import is_held_out

W300 = "300W"
MASKED = "Masked"
HELD_OUT = "held out"
"""The split of Masked: a fifth of its people, whom no training may see."""

WHOLE = "all"

SETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        W300: ("test_common", "test_challenging"),
        "InfAnFace": ("test",),
        "WFLW_test_subset": ("test",),
        MASKED: (HELD_OUT,),
    }
)
"""Folders below the data folder, and the splits of them that accuracy is measured on."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FaceSet:
    """Faces of one split of a set.

    Attributes:
        numbers: the place of each face in the whole split, on which its jitter depends.
        twins: the same faces without what hides them, whose answers are the truth; None: annotations are.
    """

    name: str
    split: str
    samples: Sequence[Sample]
    numbers: Sequence[int]
    twins: Sequence[Sample] | None = None

    def parts(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Which faces (faces,) are in each part: all of them; those of each source, where there are several; those
        that each flag of the set is up for."""
        found = {WHOLE: np.ones(len(self.samples), np.bool_)}
        subsets = np.array([sample.subset for sample in self.samples])
        if len(set(subsets)) > 1:
            found |= {str(name): subsets == name for name in dict.fromkeys(subsets) if name}
        for name in self.samples[0].attributes:
            values = np.array([sample.attributes.get(name, np.nan) for sample in self.samples])
            if np.isin(values, (0.0, 1.0)).all() and values.any():
                found[name] = values == 1.0
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a model says of a FaceSet, in its order: true landmarks (n, 2) and faces; None where none was found."""

    truth: Sequence[Float32 | None]
    faces: Sequence[Face | None]

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """Which faces (faces,) have both."""
        return np.array([t is not None and f is not None for t, f in zip(self.truth, self.faces, strict=True)])

    def pairs(self) -> tuple[Float32, Float32]:
        """True and found landmarks (faces, n, 2) of those that have both."""
        both = [(t, f.landmarks) for t, f in zip(self.truth, self.faces, strict=True) if t is not None and f]
        truth, found = (np.stack(arrays) for arrays in zip(*both, strict=True))
        return truth, found


def ask(aligner: FaceAligner, faces: FaceSet, find: Find, *, seed: int) -> Answers:
    """What a model finds. The jitter of a face depends on the seed and its number alone; twins have the same."""

    def look(samples: Sequence[Sample]) -> list[Face | None]:
        return [
            find(aligner, sample, sample.read_image(), np.random.default_rng((seed, number)))
            for sample, number in zip(samples, faces.numbers, strict=True)
        ]

    if faces.twins is None:
        return Answers([sample.landmarks for sample in faces.samples], look(faces.samples))
    bare = look(faces.twins)
    return Answers([None if face is None else face.landmarks for face in bare], look(faces.samples))


def read_sets(
    data: Path, names: Sequence[str] | None = None, *, splits: Sequence[str] | None = None, every: int = 1
) -> Iterator[FaceSet]:
    """Every n-th face of sets.

    Args:
        data: the folder that they are in.
        names: keys of SETS; None: those that are there, 300-W at least.
        splits: of 300-W; None: both test splits.
    Raises:
        InputError: no such set or split, or n is less than 1.
        DataError: a set is missing or damaged.
    """
    if names is None:
        names = [name for name in SETS if name == W300 or (data / name / "annotations.npz").is_file()]
    for name in names:
        if name not in SETS:
            raise InputError(f"sets: expected some of {', '.join(SETS)}, got {name!r}")
        for split in splits if splits and name == W300 else SETS[name]:
            yield read_set(data / name, split, every=every)


def read_set(root: Path, split: str, *, every: int = 1) -> FaceSet:
    """Every n-th face of a split of a packed set; of Masked the faces with a drawn mask of the people held out."""
    if every < 1:
        raise InputError(f"every: expected 1 or more, got {every}")
    if split == HELD_OUT:
        masked, bare = zip(*_twins(root), strict=True)
        return FaceSet(root.name, split, masked[::every], range(len(masked))[::every], bare[::every])
    if split not in get_args(Split):
        raise InputError(f"splits: expected some of {', '.join(get_args(Split))}, got {split!r}")
    samples = read_packed(root, split=split)  # type: ignore[arg-type]  # it is one of them
    return FaceSet(root.name, split, samples[::every], range(len(samples))[::every])


def _twins(root: Path) -> list[tuple[Sample, Sample]]:
    """Drawn mask and bare twin of each person held out."""
    samples = read_packed(root, split="train")
    with np.load(root / "annotations.npz", allow_pickle=False) as table:
        if "kind" not in table.files:
            raise DataError(
                f"{root / 'annotations.npz'}: expected a column kind, which tells masked from bare faces"
            )
        kinds = dict(zip(table["file"].tolist(), table["kind"].tolist(), strict=True))
    by_kind: dict[str, dict[str, Sample]] = {"drawn mask": {}, "bare twin": {}}
    for sample in samples:
        kind = kinds[sample.path.relative_to(root).as_posix()]
        if kind in by_kind and is_held_out(sample.subject):
            by_kind[kind][sample.subject] = sample
    masked, bare = by_kind.values()
    pairs = [(masked[person], bare[person]) for person in masked if person in bare]
    if not pairs:
        raise DataError(f"{root}: expected drawn masks and bare twins of people held out, got none")
    return pairs
