"""Active shape model: the mean face shape and its main modes of variation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.checks import as_array, as_number
from sdk.errors import InputError
from sdk.geometry import Centred, Similarity, centred, fit_centred

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

LIMIT = 3.0
"""Shape parameters are kept within this many standard deviations (Cootes et al. 1995, section 3.3)."""


@dataclass(frozen=True, slots=True, eq=False)
class ShapeModel:
    """Point distribution model of n landmarks.

    Frame: aligned shape space, the plane after the similarity that best brings a shape to the mean; the
    mean has zero centroid and unit RMS radius, and its eyes are level. No unit.

    Attributes:
        mean: (n, 2) float32, columns (x, y).
        eigenvectors: (k, 2n) float32, orthonormal rows, one mode a row, x and y interleaved.
        eigenvalues: (k,) float32, variance of each mode, descending.
        residual_moments: (2,) float32, sum and sum of squares of the variances of the modes left out.
        mean_3d: (n, 3) float32, the rigid mean head in the axes of `sdk.pose`, for pose from landmarks.
    Raises:
        InputError: the arrays disagree about n or k, or are not finite.
    Source: Cootes et al., "Active Shape Models: Their Training and Application", CVIU 1995.
    """

    mean: Float32
    eigenvectors: Float32
    eigenvalues: Float32
    residual_moments: Float32
    mean_3d: Float32
    _centred: Centred = field(init=False, repr=False)  # what every face needs, made once
    _modes: Float64 = field(init=False, repr=False)
    _precisions: Float64 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        n, k = len(self.mean), len(self.eigenvalues)
        expected = {
            "mean": (n, 2),
            "eigenvectors": (k, 2 * n),
            "eigenvalues": (k,),
            "residual_moments": (2,),
            "mean_3d": (n, 3),
        }
        for name, shape in expected.items():
            array = getattr(self, name)
            if array.shape != shape:
                hint = "; are the modes stored as columns?" if array.shape == shape[::-1] != shape else ""
                raise InputError(
                    f"{name}: expected shape {shape} for {n} landmarks and {k} modes, got {array.shape}{hint}"
                )
            if not np.isfinite(array).all():
                raise InputError(f"{name}: expected finite numbers, got NaN or infinity")
        if k == 0 or np.any(self.eigenvalues <= 0) or np.any(np.diff(self.eigenvalues) > 0):
            raise InputError(
                "eigenvalues: expected at least one, all positive and descending; "
                "were they sorted ascending, as numpy's eigh returns them?"
            )
        object.__setattr__(self, "_centred", centred(self.mean))
        object.__setattr__(self, "_modes", self.eigenvectors.astype(np.float64))
        object.__setattr__(self, "_precisions", 1.0 / self.eigenvalues.astype(np.float64))

    @property
    def n_points(self) -> int:
        return len(self.mean)

    @property
    def n_modes(self) -> int:
        return len(self.eigenvalues)

    def align(self, landmarks: npt.ArrayLike) -> tuple[Float64, Similarity]:
        """Bring landmarks (n, 2) of any frame into aligned shape space; the shape and the similarity."""
        points = as_array(landmarks, self.mean.shape, "landmarks")
        similarity = fit_centred(centred(points), self._centred)
        return similarity.apply(points), similarity

    def parameters(self, aligned_shape: npt.ArrayLike, *, limit: float | None = LIMIT) -> Float32:
        """Shape parameters b (k,) of an aligned shape, each kept within ±limit·√λ (None: as they are)."""
        b = self._modes @ (as_array(aligned_shape, self.mean.shape, "aligned_shape") - self.mean).ravel()
        return np.asarray(b if limit is None else self._limited(b, limit), np.float32)

    def _limited(self, b: Float64, limit: float) -> Float64:
        bound = limit * np.sqrt(self.eigenvalues)
        return np.asarray(np.minimum(np.maximum(b, -bound), bound))

    def reconstruct(self, b: npt.ArrayLike) -> Float32:
        """Aligned shape (n, 2) of shape parameters b (k,): mean + b P."""
        offset = as_array(b, self.eigenvalues.shape, "b") @ self._modes
        return np.asarray(self.mean + offset.reshape(self.mean.shape), np.float32)

    def regularise(self, landmarks: npt.ArrayLike, *, limit: float = LIMIT) -> Float32:
        """The ASM operator: the nearest plausible shape, in the frame of `landmarks` (n, 2)."""
        shape, similarity = self.align(landmarks)
        smooth = self.reconstruct(self.parameters(shape, limit=limit))
        return np.asarray(similarity.inverse().apply(smooth), np.float32)

    def plausibility(self, landmarks: npt.ArrayLike) -> float:
        """Probability, 0 to 1, that a face shape lies at least as far from the mean as these landmarks.

        d² = Σ bᵢ²/λᵢ + |r|²/g, where r is what the modes cannot express; under the Gaussian of the PCA it
        follows a χ² with k + h degrees of freedom, g = Σλⱼ²/Σλⱼ and h = (Σλⱼ)²/Σλⱼ² over the modes left
        out (Box 1954, eq. for quadratic forms; Jackson & Mudholkar 1979 for its use as a residual test).
        Landmarks that coincide in one point have plausibility 0.
        """
        points = as_array(landmarks, self.mean.shape, "landmarks")
        try:
            shape, _ = self.align(points)
        except InputError:
            return 0.0
        return self.plausibility_of(shape)

    def plausibility_of(self, aligned_shape: npt.ArrayLike) -> float:
        """`plausibility` of landmarks that `align` has brought into aligned shape space already."""
        return self.described(aligned_shape)[1]

    def described(self, aligned_shape: npt.ArrayLike) -> tuple[Float32, float]:
        """`parameters` and `plausibility_of` an aligned shape, at the cost of one of them."""
        shape = as_array(aligned_shape, self.mean.shape, "aligned_shape")
        return self._described((shape - self.mean).ravel())

    def describe(self, landmarks: Float32) -> tuple[Float32, float]:
        """`described` of landmarks (n, 2) of any frame, in one pass; for callers that know what they give.

        Raises:
            InputError: the landmarks coincide.
        """
        (_, points), (_, mean) = source, target = centred(landmarks), self._centred
        offset = fit_centred(source, target).a * points
        offset -= mean
        return self._described(offset.view(np.float64))

    def _described(self, offset: Float64) -> tuple[Float32, float]:
        """Of how far an aligned shape is from the mean, (2n,)."""
        b = self._modes.dot(offset)
        residual = offset - b.dot(self._modes)
        return self._limited(b, LIMIT).astype(np.float32), self._plausibility(b, residual)

    def _plausibility(self, b: Float64, residual: Float64) -> float:
        total, squares = self.residual_moments.tolist()
        distance = float((b * b).dot(self._precisions))
        degrees = float(self.n_modes)
        if total > 0 and squares > 0:
            distance += float(residual.dot(residual)) * total / squares
            degrees += total**2 / squares
        return _chi_square_tail(distance, degrees)

    def truncated(self, variance: float) -> ShapeModel:
        """The model with just enough modes to explain `variance` (0 to 1) of all variation it was fitted on."""
        if not 0.0 < as_number(variance) <= 1.0:
            raise InputError(f"variance: expected a share between 0 and 1, got {variance!r}")
        total, squares = (float(v) for v in self.residual_moments)
        kept = np.cumsum(self.eigenvalues, dtype=np.float64)
        share = kept / (kept[-1] + total)
        k = min(int(np.searchsorted(share, variance)) + 1, self.n_modes)
        dropped = self.eigenvalues[k:].astype(np.float64)
        moments = np.array([total + dropped.sum(), squares + (dropped**2).sum()], np.float32)
        return ShapeModel(self.mean, self.eigenvectors[:k], self.eigenvalues[:k], moments, self.mean_3d)

    def arrays(self) -> dict[str, Float32]:
        """Everything needed to build the same model again, by field name."""
        return {name: getattr(self, name) for name in ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> ShapeModel:
        """Inverse of `arrays`; names what is missing."""
        missing = [name for name in ARRAYS if name not in arrays]
        if missing:
            raise InputError(f"shape model: expected arrays {', '.join(ARRAYS)}; missing {missing}")
        return cls(*(np.asarray(arrays[name], np.float32) for name in ARRAYS))


ARRAYS = ("mean", "eigenvectors", "eigenvalues", "residual_moments", "mean_3d")


def _chi_square_tail(value: float, degrees: float) -> float:
    """P(χ² ≥ value), by the cube-root normal approximation (Wilson & Hilferty 1931), good to 0.01."""
    spread = 2.0 / (9.0 * degrees)
    z = ((value / degrees) ** (1.0 / 3.0) - (1.0 - spread)) / math.sqrt(spread)
    return 0.5 * math.erfc(z / math.sqrt(2.0))
