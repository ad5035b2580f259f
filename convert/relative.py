"""What a model costs against the float model of the same training, and how far that depends on the faces taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from convert.checks import Check, at_most
from convert.faces import Face
from convert.jitter import jitter_of_faces
from convert.limits import Limits
from convert.looks import Looks, look
from convert.parity import eye_distances, truth_of
from convert.sampling import estimate, mean, p95, ratio_of_means, worst_point
from sdk.interpreter import Interpreter
from sdk.metrics import nme_interocular, pose_mae
from sdk.model_file import ModelFile

Float64 = npt.NDArray[np.float64]

DRAWN = "drawn"
"""Name of the set of drawn faces."""

STILL_FACES, FREE_STILL_FACES = 40, 12
"""Jitter is measured on at most so many faces, evenly spaced, of sets with and without annotations."""

FLOAT_NME_MORE = (1.1, 0.3)
"""NME on drawn faces of a network without a limit of its own: of the float model's, times and plus."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One model on all sets: what it answers, and what trembles, made when first asked for."""

    model: ModelFile
    interpreter: Interpreter
    sets: Mapping[str, Sequence[Face]]
    _looks: dict[str, Looks] = field(default_factory=dict)
    _jitter: dict[str, Float64] = field(default_factory=dict)

    def looks(self, name: str) -> Looks:
        """Answers on a set."""
        if name not in self._looks:
            self._looks[name] = look(self.model, self.interpreter, self.sets[name])
        return self._looks[name]

    def jitter(self, name: str) -> Float64:
        """Jitter of landmarks on some faces of a set, (faces,) in per cent of the outer-eye distance."""
        if name not in self._jitter:
            faces = self.sets[name]
            most = FREE_STILL_FACES if is_free(name, faces) else STILL_FACES
            still = faces[:: -(-len(faces) // most)]
            self._jitter[name] = jitter_of_faces(self.model, self.interpreter, still)[0]
        return self._jitter[name]


def is_free(name: str, faces: Sequence[Face]) -> bool:
    """Whether a set is of drawn faces or of photos without annotations, which are unlike what fine-tuning saw."""
    return name == DRAWN or faces[0].truth is None


def relative_checks(real: Seen, seen: Seen, limits: Limits) -> Iterator[Check]:
    """Every set: differences, errors where the truth is known, jitter last as it takes longest."""
    for name in seen.sets:
        yield from _differences(name, real, seen, limits)
    for name in seen.sets:
        yield from _errors(name, real, seen, limits)
    yield from jitter_checks(real, seen, limits)


def jitter_checks(real: Seen, seen: Seen, limits: Limits) -> Iterator[Check]:
    """Jitter of the landmarks over the float model's, on every set."""
    for name, faces in seen.sets.items():
        most = limits.free_jitter_ratio if is_free(name, faces) else limits.jitter_ratio
        ratio = estimate(ratio_of_means, seen.jitter(name), real.jitter(name))
        yield at_most(f"{name}: jitter ratio", ratio, most)


def _differences(name: str, real: Seen, seen: Seen, limits: Limits) -> Iterator[Check]:
    a, b, scheme = real.looks(name), seen.looks(name), seen.model.scheme
    times = limits.drawn_times if name == DRAWN else 1.0
    points = (
        100.0 * np.linalg.norm(b.landmarks - a.landmarks, axis=-1) / eye_distances(a.landmarks, scheme)[:, None]
    )
    angles = np.abs(b.pose_deg - a.pose_deg)
    yield at_most(
        f"{name}: landmarks, mean difference %", estimate(mean, points), times * limits.landmarks_percent
    )
    yield at_most(
        f"{name}: landmarks, p95 difference %", estimate(p95, points), times * limits.landmarks_p95_percent
    )
    yield at_most(
        f"{name}: worst point, mean difference %", estimate(worst_point, points), times * limits.point_percent
    )
    shift = estimate(_shift, 100.0 * (b.raw_landmarks - a.raw_landmarks))
    yield at_most(f"{name}: shift of all points, % of the crop", shift, limits.shift_percent)
    yield at_most(f"{name}: pose, mean difference °", estimate(mean, angles), times * limits.pose_deg)


def _errors(name: str, real: Seen, seen: Seen, limits: Limits) -> Iterator[Check]:
    model = seen.model
    truth = truth_of(seen.sets[name], model.shape_model, scheme=model.scheme)
    if truth is None:
        return
    points, angles = truth
    nme = [nme_interocular(points, each.looks(name).landmarks, scheme=model.scheme) for each in (real, seen)]
    if name == DRAWN:
        yield from _of_drawn(points, nme, real, seen, limits)
        return
    yield at_most(f"{name}: NME change", estimate(mean, nme[1] - nme[0]), limits.nme_change)
    errors = [pose_mae(angles, each.looks(name).pose_deg) for each in (real, seen)]
    yield at_most(f"{name}: pose MAE change °", estimate(mean, errors[1] - errors[0]), limits.pose_mae_change_deg)


def _of_drawn(points: Float64, nme: Sequence[Float64], real: Seen, seen: Seen, limits: Limits) -> Iterator[Check]:
    """What both models have to reach by themselves, or the one beside the other where nothing is known of them."""
    times, plus = FLOAT_NME_MORE
    most = times * float(nme[0].mean()) + plus if limits.drawn_nme is None else limits.drawn_nme
    for each, its in zip((real, seen), nme, strict=True):
        yield at_most(f"drawn: NME % of {each.model.name}", estimate(mean, its), most)
    if limits.drawn_point_percent is not None:
        errors = np.linalg.norm(seen.looks(DRAWN).landmarks - points, axis=-1)
        errors *= 100.0 / eye_distances(points, seen.model.scheme)[:, None]
        yield at_most(
            "drawn: worst point, mean error %", estimate(worst_point, errors), limits.drawn_point_percent
        )


def _shift(moved: Float64) -> float:
    return float(np.abs(moved.mean(axis=(0, 1))).max())
