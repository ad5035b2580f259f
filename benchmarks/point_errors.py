"""The weights of a model file's point errors, fitted on faces that no training saw.

The expected error of a point is a logistic function of the logarithms of its map's spread, of the mean spread and
of the eyes' distance (docs/model_format.md). Points of one part share the weight of their own spread, mirror
partners share all, and neither spread has a weight below nought: a wider map never has a smaller error.
Quasi-likelihood with a variance that grows with the square of the mean: small errors count as much as large ones.
Source: McCullagh & Nelder, Generalized Linear Models, 2nd ed. 1989, chapters 8 and 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.face_sets import W300, is_held_out
from benchmarks.hard_views import VIEWS
from sdk import Face, FaceAligner, ModelFile
from sdk.errors import InputError
from sdk.geometry import Crop
from sdk.interpreter import TfliteInterpreter
from sdk.metrics import errors_interocular
from sdk.schemes import LandmarkScheme
from train.datasets import Sample, read_packed
from train.evaluation.boxes import jittered_box
from train.labelling.side_shift import SideShift

INFANTS = "InfAnFace"

MOST = 1.0
"""An error of more outer-eye distances counts as this."""

STEPS = 500
"""Of the minimisation at most."""

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One look: logarithms of the spreads (n,), in the face's order, and of the eyes' distance, and its face."""

    log_spreads: Float64
    log_eyes: float
    face: Face


class Watched(FaceAligner):
    """An aligner that keeps its looks since `looks` was emptied."""

    looks: list[Look]

    def _look(self, frame: Any, crop: Crop, score: float, *, mirrored: bool = False) -> Face:
        face = super()._look(frame, crop, score, mirrored=mirrored)
        assert isinstance(self.interpreter, TfliteInterpreter), "fit() has seen to it"
        decoder = self.interpreter.decoder
        order = list(self.model.scheme.mirror) if mirrored else slice(None)
        self.looks.append(Look(decoder.log_spreads[order], float(np.log(decoder.eye_distance)), face))
        return face


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Faces that were looked at twice, with their errors in outer-eye distances (faces, n), MOST at most.

    Attributes:
        first: the look at the box, and first_errors of it.
        pairs: the two looks whose mean counts, and errors of this; apart: how far they are apart, as errors.
        weights: (faces,) of each face, so that the sets weigh alike.
    """

    first: Sequence[Look]
    first_errors: Float64
    pairs: Sequence[tuple[Look, Look]]
    errors: Float64
    apart: Float64
    weights: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Of `sdk.head.Head`: kernel (n, 3), bias (n,) and looks (2,), float32."""

    kernel: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    looks: npt.NDArray[np.float32]


def val_faces(data: Path, *, side_shift: SideShift | None = None) -> list[list[Sample]]:
    """300-W's val split, its labels without their side where that is known, and the infants of InfAnFace's train
    split whom no training may see."""
    adults = read_packed(data / W300, split="val")
    infants = [face for face in read_packed(data / INFANTS, split="train") if is_held_out(face.subject)]
    return [adults if side_shift is None else side_shift.without(adults), infants]


def look(model: ModelFile, sets: Sequence[Sequence[Sample]], *, repeats: int = 2, seed: int = 1) -> Seen:
    """Every view of each face, `repeats` times.

    Raises:
        InputError: the model ends in landmarks, so that its maps are not to be had.
    """
    if model.head is None:
        raise InputError(f"model {model.origin}: expected a model with a head, whose maps can be seen")
    model = with_weights(model, _nought(model.head.n_points))
    aligner = Watched(model, interpreter=TfliteInterpreter(model))
    firsts, pairs, faces, truths, weights = [], [], [], [], []
    for number, samples in enumerate(sets):
        for index, sample in enumerate(samples):
            image = sample.read_image()
            for kind, view in enumerate(VIEWS.values()):
                for turn in range(repeats):
                    rng = np.random.default_rng((seed, number, index, kind, turn))
                    frame, truth = view(image, sample.landmarks, rng)
                    aligner.looks = []
                    faces.append(aligner.align(frame, jittered_box(truth, rng), refine=True).landmarks)
                    firsts.append(aligner.looks[0])
                    pairs.append((aligner.looks[-2], aligner.looks[-1]))
                    truths.append(truth)
                    weights.append(1.0 / len(samples))
    return _seen(model.scheme, firsts, pairs, np.stack(faces), np.stack(truths), np.array(weights))


def _seen(
    scheme: LandmarkScheme,
    firsts: Sequence[Look],
    pairs: Sequence[tuple[Look, Look]],
    faces: npt.NDArray[np.float32],
    truths: npt.NDArray[np.float32],
    weights: Float64,
) -> Seen:
    def errors(truth: npt.NDArray[np.float32], found: npt.NDArray[np.float32]) -> Float64:
        return np.minimum(errors_interocular(truth, found, scheme=scheme) / 100.0, MOST)

    a, b = (np.stack([pair[k].face.landmarks for pair in pairs]) for k in (0, 1))
    right, left = scheme.outer_eye_corners
    eyes = np.linalg.norm(faces[:, right] - faces[:, left], axis=-1)
    apart = np.linalg.norm(a.astype(np.float64) - b, axis=-1) / np.maximum(eyes, 1e-6)[:, None]
    one = np.stack([each.face.landmarks for each in firsts])
    return Seen(firsts, errors(truths, one), pairs, errors(truths, faces), np.minimum(apart, MOST), weights)


def fit(seen: Seen, scheme: LandmarkScheme) -> Weights:
    """Weights of one look by `first`, then those of two by `pairs`."""
    kernel, bias = _fit_one(_inputs(seen.first), seen.first_errors, seen.weights, scheme)
    means = np.mean([_expected(_inputs([pair[k] for pair in seen.pairs]), kernel, bias) for k in (0, 1)], axis=0)
    looks = _fit_two(means, seen.apart, seen.errors, seen.weights)
    return Weights(*(np.ascontiguousarray(values, np.float32) for values in (kernel, bias, looks)))


def _inputs(looks: Sequence[Look]) -> tuple[Float64, Float64, Float64]:
    """Own log spreads (looks, n), their mean (looks, 1) and the eyes' log distance (looks, 1)."""
    own = np.stack([each.log_spreads for each in looks])
    return own, own.mean(axis=1, keepdims=True), np.array([[each.log_eyes] for each in looks])


def _expected(inputs: tuple[Float64, Float64, Float64], kernel: Float64, bias: Float64) -> Float64:
    from scipy.special import expit

    own, mean, eyes = inputs
    return np.asarray(expit(bias + kernel[:, 0] * own + kernel[:, 1] * mean + kernel[:, 2] * eyes))


def _fit_one(
    inputs: tuple[Float64, Float64, Float64], errors: Float64, weights: Float64, scheme: LandmarkScheme
) -> tuple[Float64, Float64]:
    """Kernel (n, 3) and bias (n,): the shared numbers that make the quasi-likelihood least."""
    from scipy.optimize import minimize

    parts, points = _shared(scheme)
    n_parts, n_points = parts.max() + 1, points.max() + 1
    share = (weights / weights.sum())[:, None] / errors.shape[1]
    centres = [float(values.mean()) for values in inputs]
    own, mean, eyes = (values - centre for values, centre in zip(inputs, centres, strict=True))

    def unpacked(numbers: Float64) -> tuple[Float64, Float64]:
        both = np.broadcast_to(numbers[n_parts : n_parts + 2], (errors.shape[1], 2))
        return np.column_stack([numbers[parts], both]), numbers[n_parts + 2 :][points]

    def loss(numbers: Float64) -> tuple[float, Float64]:
        expected = _expected((own, mean, eyes), *unpacked(numbers))
        slopes = share * (1.0 - expected) * (1.0 - errors / expected)  # by the argument of the logistic function
        by_point = (slopes * own).sum(axis=0)
        gradient = [
            np.bincount(parts, by_point, n_parts),
            [(slopes * mean).sum(), (slopes * eyes).sum()],
            np.bincount(points, slopes.sum(axis=0), n_points),
        ]
        value = float((share * (np.log(expected) + errors / expected)).sum())
        return value, np.concatenate(gradient)

    start = np.zeros(n_parts + 2 + n_points)
    start[n_parts + 2 :] = np.log(errors.mean())
    bounds = [(0.0, None)] * (n_parts + 1) + [(None, 0.0)] + [(None, None)] * n_points
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS}).x
    kernel, bias = unpacked(found)
    return kernel, bias - kernel @ np.array(centres)


def _shared(scheme: LandmarkScheme) -> tuple[Int64, Int64]:
    """Numbers (n,) of each point's weight, one for each part, and of its bias, one for each pair of partners."""
    partner = np.minimum(np.arange(scheme.n_points), scheme.mirror)
    part = np.full(scheme.n_points, -1)
    for number, indices in enumerate(scheme.groups.values()):
        part[list(indices)] = number
    parts, points = (np.unique(v, return_inverse=True)[1].ravel() for v in (part[partner], partner))
    return parts, points


def _fit_two(means: Float64, apart: Float64, errors: Float64, weights: Float64) -> Float64:
    """Weights (2,) of the looks' mean error and of their distance, from 0 up: least squares of relative errors."""
    from scipy.optimize import nnls

    scale = np.sqrt(weights)[:, None] / means
    columns = np.column_stack([(scale * values).ravel() for values in (means, apart)])
    return np.asarray(nnls(columns, (scale * errors).ravel())[0])


def _nought(n_points: int) -> Weights:
    """Weights that say the same of all points, for a model that has none yet."""
    zeros = (np.zeros(shape, np.float32) for shape in ((n_points, 3), n_points, 2))
    return Weights(*zeros)


def with_weights(model: ModelFile, weights: Weights) -> ModelFile:
    """The model with these weights in its head."""
    assert model.head is not None, "look() has seen to it"
    head = replace(model.head, errors_kernel=weights.kernel, errors_bias=weights.bias, errors_looks=weights.looks)
    return ModelFile.from_bytes(replace(model, head=head).repacked(model.metadata), origin=model.origin)
