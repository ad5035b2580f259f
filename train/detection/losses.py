"""The detector's loss: is there a face, where are its sides, how is it turned.

Sources: Li et al., "Generalized Focal Loss", NeurIPS 2020, eq. 3 (quality focal loss); Rezatofighi et al.,
"Generalized Intersection over Union", CVPR 2019.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from sdk.cells import VALUES

QUALITY_POWER = 2.0
"""Beta of the quality focal loss."""

WEIGHTS = {"score": 1.0, "box": 2.0, "roll": 0.5}


def detector_loss(true: Any, found: Any) -> Any:
    """Mean over faces' cells of score, box and roll loss.

    Args:
        true: (batch, cells, 7) as `train.detection.targets.cell_targets` gives it.
        found: (batch, cells, 7) as `sdk.cells.VALUES` says.
    """
    assert found.shape[-1] == VALUES
    face = ops.cast(true[..., 0] > 0.5, "float32")
    counted = ops.cast(true[..., 0] > -0.5, "float32")
    cells = ops.maximum(ops.sum(face), 1.0)
    overlap, generalised = box_overlaps(true[..., 1:5], found[..., 1:5])
    quality = face * (0.5 + 0.5 * ops.stop_gradient(ops.clip(overlap, 0.0, 1.0)))
    score = ops.sum(counted * quality_focal(quality, found[..., 0])) / cells
    box = ops.sum(face * (1.0 - generalised)) / cells
    roll = ops.sum(face * ops.sum(ops.square(true[..., 5:] - found[..., 5:]), axis=-1)) / cells
    return WEIGHTS["score"] * score + WEIGHTS["box"] * box + WEIGHTS["roll"] * roll


def quality_focal(quality: Any, logit: Any) -> Any:
    """|quality - sigmoid|^beta times binary cross-entropy; eq. 3 of Li et al."""
    entropy = ops.maximum(logit, 0.0) - logit * quality + ops.log1p(ops.exp(-ops.abs(logit)))
    return ops.power(ops.abs(quality - ops.sigmoid(logit)), QUALITY_POWER) * entropy


def box_overlaps(true: Any, found: Any) -> tuple[Any, Any]:
    """IoU and generalised IoU of boxes given as distances (..., 4) from the same point to their sides."""
    both_sides = ops.minimum(true, found)
    around = ops.maximum(true, found)
    both = ops.relu(both_sides[..., 0] + both_sides[..., 2]) * ops.relu(both_sides[..., 1] + both_sides[..., 3])
    either = _area(true) + _area(found) - both
    hull = (around[..., 0] + around[..., 2]) * (around[..., 1] + around[..., 3])
    overlap = both / ops.maximum(either, 1e-6)
    return overlap, overlap - (hull - either) / ops.maximum(hull, 1e-6)


def _area(sides: Any) -> Any:
    return ops.relu(sides[..., 0] + sides[..., 2]) * ops.relu(sides[..., 1] + sides[..., 3])
