"""Answers of a model, committed beside it: on other machines and interpreters they must come again.

Two kinds: what the network says of crops, for interpreters that run where this project does not, and what the
product says of the gate's pictures. None of them needs a licence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from convert.checks import Check, at_most
from convert.faces import Face
from convert.interpreters import FINE
from convert.limits import Limits
from convert.looks import rgb_crop
from convert.product import CANVAS_CROP, REFINED_EVERY, Answers, Arrays, Reading
from convert.scenes import Scenes
from sdk.errors import InputError
from sdk.geometry import Crop
from sdk.interpreter import Interpreter, TfliteInterpreter
from sdk.model_file import ModelFile
from train.checkpoint import read_arrays, write_arrays

NAMES = ("crops", "landmarks", "pose")
PARTS: Mapping[str, type[Arrays]] = {"reading": Reading, "answers": Answers}

WORDS = {
    "said": "poses said",
    "true_poses": "poses of true shapes",
    "chances": "plausibility of torn shapes",
    "true_chances": "plausibility of true shapes",
    "refined_poses": "poses of align twice",
    "found_poses": "poses of predict",
    "landmark_poses": "poses of landmarks",
    "confidences": "confidence",
    "nobody": "confidence where nobody is",
    "plausibilities": "plausibility",
}

LATER = ("errors",)
"""Answers that records of earlier versions lack; they are compared where the record has them."""
"""What the table says of some answers."""

CROPS_OF_DRAWN, CROPS_OF_PORTRAITS = 4, 5
"""One crop in so many drawn faces and portraits is kept."""

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Crops (faces, size, size, 3) uint8 RGB with raw landmarks (faces, n, 2) and pose (faces, 3); and what the
    product makes of known answers, and says of pictures."""

    crops: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]
    pose: npt.NDArray[np.float32]
    reading: Reading
    answers: Answers

    @classmethod
    def of(cls, model: ModelFile, seen: Scenes) -> Expected:
        """What the model answers, run by the interpreter of this environment."""
        interpreter = TfliteInterpreter(model)
        faces: Sequence[Face] = (*seen.drawn[::CROPS_OF_DRAWN], *seen.portraits[::CROPS_OF_PORTRAITS])
        boxes = [Crop.around(face.box, size=model.input_size, margin=model.margin) for face in faces]
        crops = np.stack([rgb_crop(box, face.image) for box, face in zip(boxes, faces, strict=True)])
        said = Answers.of(model, seen, interpreter=interpreter)
        return cls(crops, *_answers(interpreter, crops), Reading.of(model, seen), said)

    @classmethod
    def load(cls, path: Path) -> Expected:
        """Read what `save` wrote.

        Raises:
            InputError: it is something else.
        """
        arrays = read_arrays(path)[0]
        of_parts = [f"{part}/{name}" for part, kind in PARTS.items() for name in kind.names()]
        for name in (name for name in of_parts if name.split("/")[1] in LATER):
            arrays = {name: np.empty(0), **arrays}
        needed = (*NAMES, *of_parts)
        if missing := [name for name in needed if name not in arrays]:
            raise InputError(
                f"{path}: expected a file of python -m convert expect, got one without {missing[0]}; make it anew"
            )
        parts = [
            kind.from_arrays({n: arrays[f"{part}/{n}"] for n in kind.names()}) for part, kind in PARTS.items()
        ]
        return cls(*(arrays[name] for name in NAMES), *parts)

    def save(self, path: Path) -> None:
        """Write an npz."""
        parts = {f"{part}/{n}": a for part in PARTS for n, a in getattr(self, part).arrays().items()}
        write_arrays(path, {name: getattr(self, name) for name in NAMES} | parts, {})

    def distance(self, model: ModelFile, interpreter: Interpreter) -> float:
        """The largest difference of a model's raw answers, in steps of FINE.

        Raises:
            InputError: the crops do not fit the model.
        """
        size = self.crops.shape[1]
        if model.input_size != size:
            raise InputError(
                f"expected answers: crops of {size} pixels, but {model.name} takes {model.input_size}"
            )
        found = _answers(interpreter, self.crops)
        pairs = zip(found, (self.landmarks, self.pose), strict=True)
        return float(max(np.abs(a - b).max() for a, b in pairs)) / FINE


def reading_record(known: Reading, found: Reading, limits: Limits) -> Iterator[Check]:
    """What the product makes of known shapes and angles, against what it made of them when the model was made."""
    if unlike := _sizes_apart(known, found):
        yield unlike
        return
    moved = 100.0 * (found.mended - known.mended) / CANVAS_CROP
    yield at_most("on record: mended shapes, worst point %", _worst(moved), limits.record_exact)
    yield from _apart(known, found, ("said", "true_poses"), " °", limits.record_exact)
    yield from _apart(known, found, ("chances", "true_chances"), "", limits.record_exact)
    scale = max(float(np.abs(known.parameters).max()), 1e-12)
    changed = 100.0 * float(np.abs(found.parameters - known.parameters).max()) / scale
    yield at_most("on record: shape parameters, % of the greatest", changed, limits.record_exact)
    spread = np.abs(np.log(found.true_deviations / known.true_deviations)).max()
    yield at_most("on record: deviations of true shapes, logarithm", float(spread), limits.record_exact)


def answers_record(known: Answers, found: Answers, limits: Limits) -> Iterator[Check]:
    """What the product answers on pictures, against what it answered when the model was made."""
    if unlike := _sizes_apart(known, found):
        yield unlike
        return
    moves = _moves(known, found)
    points = float(np.abs(moves["align"].mean(axis=0)).max())
    yield at_most("on record: align, shift of the worst point %", points, limits.record_point_percent)
    for name, moved in moves.items():
        yield at_most(f"on record: {name}, shift %", _shift(moved), limits.record_shift_percent)
        yield at_most(f"on record: {name}, worst point %", _worst(moved), limits.record_percent)
    if known.errors.size:
        apart = 100.0 * float(np.abs(_difference(known.errors, found.errors)).mean())
        yield at_most("on record: point errors, mean difference %", apart, limits.record_percent)
    names = ("poses", "refined_poses", "found_poses", "landmark_poses")
    yield from _apart(known, found, names, " °", limits.record_pose_deg)
    yield from _apart(known, found, ("confidences", "nobody", "plausibilities"), "", limits.record_share)
    lost = float(np.abs(known.counts - found.counts).max())
    yield at_most("on record: faces found, difference", lost, 0.0)


def _sizes_apart(known: Arrays, found: Arrays) -> Check | None:
    kept = {name: array for name, array in known.arrays().items() if array.size or name not in LATER}
    apart = [name for name, array in kept.items() if array.shape != getattr(found, name).shape]
    return Check("on record: sizes of the answers", ", ".join(apart), "alike", False, "") if apart else None


def _apart(known: Arrays, found: Arrays, names: Sequence[str], unit: str, limit: float) -> Iterator[Check]:
    for name in names:
        difference = float(np.abs(_difference(getattr(known, name), getattr(found, name))).mean())
        yield at_most(f"on record: {WORDS.get(name, name)}, mean difference{unit}", difference, limit)


def _moves(known: Answers, found: Answers) -> dict[str, Float64]:
    """How far points moved (faces, n, 2), in per cent of the crop's side."""
    side = known.sides[:, None, None]
    return {
        "align": 100.0 * (found.landmarks - known.landmarks) / side,
        "align twice": 100.0 * (found.refined - known.refined) / side[::REFINED_EVERY],
        "predict": 100.0 * _difference(known.found, found.found) / float(known.sides.mean()),
    }


def _difference(known: Float64, found: Float64) -> Float64:
    """Differences; zero where neither knows, infinite where one of them does."""
    both = np.isnan(known) & np.isnan(found)
    apart = np.where(both, 0.0, found - known)
    return np.where(np.isnan(apart), np.inf, apart)


def _shift(moved: Float64) -> float:
    return float(np.abs(moved.mean(axis=(0, 1))).max())


def _worst(moved: Float64) -> float:
    return float(np.linalg.norm(moved, axis=-1).mean(axis=0).max())


def _answers(
    interpreter: Interpreter, crops: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    landmarks, pose = zip(*(interpreter.run(crop) for crop in crops), strict=True)
    return np.stack(landmarks).astype(np.float32), np.stack(pose).astype(np.float32)
