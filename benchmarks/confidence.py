"""What the network's own confidence is worth, and the weights that a model file keeps for it.

Shown are annotated faces in crops beside the mark, and crops with no face or a piece of one. To fit the weights
the faces are shown in harder views as well (benchmarks.hard_views).
A crop counts as fitted if the landmarks are, on average, within GOOD of the outer-eye distance of the true ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.face_sets import W300, is_held_out
from benchmarks.hard_views import VIEWS, View, as_it_is
from sdk import BBox, ModelFile
from sdk.errors import InputError
from sdk.geometry import Crop
from sdk.interpreter import TfliteInterpreter
from sdk.metrics import nme_interocular
from train.augment import jittered_crop
from train.datasets import Sample, read_packed
from train.detection.photos import Photo

INFANT_SET, INFANTS = "InfAnFace", "infants"

GOOD = 8.0
"""Per cent of the outer-eye distance."""

SCALE, SHIFT, ROLL_DEG = (0.8, 1.25), 0.15, 30.0
"""How far the crops of faces are beside the mark: up to what detectors do, and further."""

FREE = 0.3
"""Boxes that share less with every face (IoU) show none."""

NEAR, WRONG_SIZE = (0.35, 1.0), (0.3, 3.0)
"""Half of the crops without a face are beside one: so far from it, in sides, and of such a size."""

PENALTY = 1e-3
"""Of squared weights; chosen on val."""

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Crops that a network looked at.

    Attributes:
        peaks: (crops, n) log of the greatest probability of each point's map.
        errors: (crops,) NME in per cent; infinite where there is no face.
    """

    peaks: Float64
    errors: Float64

    def __add__(self, other: Seen) -> Seen:
        """The crops of both."""
        return Seen(np.concatenate([self.peaks, other.peaks]), np.concatenate([self.errors, other.errors]))

    @property
    def faces(self) -> npt.NDArray[np.bool_]:
        return np.isfinite(self.errors)

    @property
    def fitted(self) -> npt.NDArray[np.bool_]:
        return self.errors <= GOOD


@dataclass(frozen=True, slots=True)
class ConfidenceRow:
    """One split. auc_face: of faces against no faces; auc_fit: of faces fitted against faces that are not;
    kept: share with a confidence of a half or more."""

    split: str
    faces: int
    fitted: int
    others: int
    auc_face: float
    auc_fit: float
    kept_fitted: float
    kept_not_fitted: float
    kept_others: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def faces_of(data: Path, part: str) -> list[Sample]:
    """The annotated faces of a part: a split of 300W, or the `infants` of InfAnFace's test split.

    Infants of its train split are in `train` too, and the fifth of them that no training may see in `val`.
    """
    if part == INFANTS:
        return read_packed(data / INFANT_SET, split="test")
    faces = read_packed(data / W300, split=part)  # type: ignore[arg-type]  # it is one of them
    if part in ("train", "val"):
        infants = read_packed(data / INFANT_SET, split="train")
        faces += [face for face in infants if is_held_out(face.subject) == (part == "val")]
    return faces


def look(
    model: ModelFile,
    faces: Sequence[Sample],
    photos: Sequence[Photo],
    *,
    looks: int,
    harder: bool = False,
    seed: int = 0,
) -> Seen:
    """`looks` crops of each annotated face, and as many without a face of each photo.

    Args:
        harder: each crop of a face is of one of hard_views.VIEWS, drawn at random.

    Raises:
        InputError: the model ends in landmarks, so that its maps are not to be had.
    """
    if model.head is None:
        raise InputError(f"model {model.origin}: expected a model with a head, whose maps can be seen")
    network, rng = TfliteInterpreter(model), np.random.default_rng(seed)
    peaks, errors = [], []
    for crop, error in _crops(model, faces, photos, looks, rng, list(VIEWS.values()) if harder else [as_it_is]):
        points, _ = network.run(crop)
        peaks.append(network.log_peaks)
        errors.append(error(points))
    return Seen(np.array(peaks), np.array(errors))


def _crops(
    model: ModelFile,
    faces: Sequence[Sample],
    photos: Sequence[Photo],
    looks: int,
    rng: np.random.Generator,
    views: Sequence[View],
) -> Iterator[tuple[UInt8, Any]]:
    """RGB crops, and what their landmarks' error is."""
    for sample in faces:
        image = sample.read_image()
        for _ in range(looks):
            view = views[int(rng.integers(len(views)))]
            yield _of_face(model, *view(image, sample.landmarks, rng), rng)
    for photo in photos:
        image = photo.read_image()
        for crop in _beside(model, photo, image, looks, rng):
            yield crop.extract(image, swapped=True), lambda _: np.inf


def _of_face(model: ModelFile, image: UInt8, landmarks: Float32, rng: np.random.Generator) -> tuple[UInt8, Any]:
    crop = jittered_crop(
        landmarks,
        rng,
        size=model.input_size,
        margin=model.margin,
        scale=SCALE,
        shift=SHIFT,
        rotation_deg=ROLL_DEG,
    )
    truth = crop.to_crop(landmarks)[None]
    return crop.extract(image, swapped=True), lambda points: float(nme_interocular(truth, points[None])[0])


def _beside(model: ModelFile, photo: Photo, image: UInt8, count: int, rng: np.random.Generator) -> list[Crop]:
    """Crops with no face in them, or with less than half of one; fewer than `count` where the photo is full."""
    height, width = image.shape[:2]
    boxes = [BBox(*(float(v) for v in box)) for box in photo.boxes]
    found = []
    for number in range(count):
        if boxes and number % 2:
            box = boxes[int(rng.integers(len(boxes)))]
            side = max(box.width, box.height) * float(np.exp(rng.uniform(*np.log(WRONG_SIZE))))
            turn, far = rng.uniform(0, 2 * np.pi), rng.uniform(*NEAR) * max(side, box.width, box.height)
            x, y = box.center_x + far * np.cos(turn), box.center_y + far * np.sin(turn)
        else:
            side = float(np.exp(rng.uniform(*np.log((30, max(31, min(height, width)))))))
            x, y = rng.uniform(0, width), rng.uniform(0, height)
        shown = BBox(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        inside = shown.left < width and shown.top < height and shown.right > 0 and shown.bottom > 0
        if inside and all(shown.overlap(box) < FREE for box in boxes):
            angle = float(rng.uniform(-ROLL_DEG, ROLL_DEG))
            found.append(Crop.around(shown, size=model.input_size, margin=model.margin, angle_deg=angle))
    return found


def fit(seen: Seen) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Weights (n,) of the log peaks and a constant (1,): logistic regression of `fitted`, weights penalised."""
    from scipy.optimize import minimize
    from scipy.special import expit

    mean, spread = seen.peaks.mean(axis=0), seen.peaks.std(axis=0) + 1e-6
    inputs = np.hstack([(seen.peaks - mean) / spread, np.ones((len(seen.peaks), 1))])
    truth = seen.fitted.astype(np.float64)

    def loss(weights: Float64) -> tuple[float, Float64]:
        logits = inputs @ weights
        free = np.append(weights[:-1], 0.0)
        value = float((np.logaddexp(0.0, logits) - truth * logits).mean() + PENALTY * (free @ free))
        return value, inputs.T @ (expit(logits) - truth) / len(truth) + 2 * PENALTY * free

    weights = minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B").x
    kernel = weights[:-1] / spread
    return kernel.astype(np.float32), np.array([weights[-1] - kernel @ mean], np.float32)


def with_confidence(model: ModelFile, kernel: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> bytes:
    """The model file with these weights in its head."""
    assert model.head is not None, "look() has seen to it"
    head = replace(model.head, confidence_kernel=kernel, confidence_bias=bias)
    return replace(model, head=head).repacked(model.metadata)


def row(split: str, seen: Seen, kernel: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> ConfidenceRow:
    """Figures of one split."""
    from scipy.special import expit

    confidence = expit(seen.peaks @ kernel.astype(np.float64) + float(bias[0]))
    faces, fitted = seen.faces, seen.fitted
    kept = [float((confidence[chosen] >= 0.5).mean()) for chosen in (fitted, faces & ~fitted, ~faces)]
    return ConfidenceRow(
        split,
        int(faces.sum()),
        int(fitted.sum()),
        int((~faces).sum()),
        auc(confidence[faces], confidence[~faces]),
        auc(confidence[fitted], confidence[faces & ~fitted]),
        *kept,
    )


def auc(higher: Float64, lower: Float64) -> float:
    """The chance that one of `higher` is above one of `lower`; equal values count half."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(higher, lower).statistic / (len(higher) * len(lower)))


def to_table(rows: Sequence[ConfidenceRow]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| split | faces, fitted | no faces | AUC face | AUC fit | kept: fitted | not fitted | no faces |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {r.split} | {r.faces}, {r.fitted} | {r.others} | {r.auc_face:.4f} | {r.auc_fit:.3f} "
        f"| {100 * r.kept_fitted:.1f} % | {100 * r.kept_not_fitted:.1f} % | {100 * r.kept_others:.1f} % |"
        for r in rows
    ]
    return "\n".join(lines)
