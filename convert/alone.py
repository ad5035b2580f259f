"""What a model has to reach by itself: a fault that the reference shares makes no difference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convert.checks import Check, at_least, at_most
from convert.limits import Limits
from convert.product import POSES, Answers, Reading, poses_apart_deg
from convert.scenes import Scenes
from sdk.pose import POSE_UNIT_DEG


def reading_checks(found: Reading, limits: Limits) -> Iterator[Check]:
    """What the product makes of known shapes and angles."""
    chances, torn = float(found.true_chances.min()), float(found.chances.max())
    yield at_least("shape model: plausibility of true shapes", chances, limits.plausibility_least)
    yield at_most("shape model: plausibility of torn shapes", torn, limits.plausibility_most)
    deviations, most = float(found.true_deviations.mean()), limits.deviations_most
    yield at_most("shape model: squared deviations of true shapes", deviations, most)
    least = None if most is None else 1.0 / most
    yield at_least("shape model: squared deviations of true shapes, least", deviations, least)
    yield at_most("shape model: true shapes moved, %", float(found.true_moves.mean()), limits.regularised_percent)
    yield from _of_yaw(found, limits)


def answer_checks(found: Answers, seen: Scenes, limits: Limits) -> Iterator[Check]:
    """The product's answers against what is known of the pictures."""
    yield at_least("plausibility of faces", float(found.plausibilities.min()), limits.faces_plausibility)
    yield from _of_confidence(found, limits)
    faces, nothing = np.split(found.counts, [len(seen.pictures)])
    other, found_there = float((faces != 1).sum()), float(nothing.sum())
    yield at_most("predict: pictures of one face where it finds another number", other, limits.pictures_most)
    yield at_most("predict: faces found in textures", found_there, limits.textures_most)
    apart = poses_apart_deg(found)
    yield at_most("pose of the network and of its landmarks, ° apart", apart, limits.poses_apart_deg)


def _of_confidence(found: Answers, limits: Limits) -> Iterator[Check]:
    if not np.isnan(found.confidences).any():
        yield at_least("confidence on faces, mean", float(found.confidences.mean()), limits.confidence_least)
        yield at_most("confidence where nobody is, greatest", float(found.nobody.max()), limits.confidence_most)
    elif limits.confidence_least is not None:
        yield Check("confidence", "none", "one", False, "")


def _of_yaw(found: Reading, limits: Limits) -> Iterator[Check]:
    """Yaw may be expanded within bounds, other angles come back as the network says them."""
    said, network = found.said, POSE_UNIT_DEG * POSES
    yield at_most("yaw said of 60°, °", float(np.abs(said[:2, 0]).max()), limits.yaw_deg)
    falls_short = np.abs(network[:, 0]) - np.sign(network[:, 0]) * said[:, 0]
    yield at_most("yaw that falls short of the network's, °", float(falls_short.max()), 0.01)
    others = float(np.abs(said[:, 1:] - network[:, 1:]).max())
    yield at_most("pitch and roll beside the network's, °", others, 0.01)
