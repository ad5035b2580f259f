"""What a model has to reach by itself: a fault that the reference shares makes no difference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from convert.checks import Check, at_least, at_most
from convert.limits import Limits
from convert.product import POSES, Answers, Reading
from convert.scenes import Scenes
from sdk.pose import POSE_UNIT_DEG, angle_between_deg
from sdk.results import HeadPose

Float64 = npt.NDArray[np.float64]


def reading_checks(found: Reading, limits: Limits) -> Iterator[Check]:
    """What the product makes of known shapes and angles."""
    deviations, most = float(found.true_deviations.mean()), limits.deviations_most
    yield at_least("shape model: plausibility of true shapes", found.true_chances.min(), limits.plausibility_least)
    yield at_most("shape model: plausibility of torn shapes", found.chances.max(), limits.plausibility_most)
    yield at_most("shape model: squared deviations of true shapes", deviations, most)
    yield at_least("shape model: squared deviations of true shapes, least", deviations, 1.0 / most)
    yield at_most("shape model: true shapes moved, %", float(found.true_moves.mean()), limits.regularised_percent)
    yield from _of_yaw(found, limits)


def answer_checks(found: Answers, seen: Scenes, limits: Limits) -> Iterator[Check]:
    """The product's answers against what is known of the pictures."""
    yield at_least("plausibility of faces", float(found.plausibilities.min()), limits.plausibility_least)
    yield from _of_confidence(found, limits)
    faces, nothing = np.split(found.counts, [len(seen.pictures)])
    yield at_most("predict: pictures of one face where it finds another number", float((faces != 1).sum()), 0.0)
    yield at_most("predict: faces found in textures", float(nothing.sum()), 0.0)
    apart = [_apart(a, b) for a, b in zip(found.poses, found.landmark_poses, strict=True)]
    yield at_most(
        "pose of the network and of its landmarks, ° apart", float(np.mean(apart)), limits.poses_apart_deg
    )


def _of_confidence(found: Answers, limits: Limits) -> Iterator[Check]:
    given = not np.isnan(found.confidences).any()
    if limits.confidence_least is None and not given:
        return
    if not given:
        yield Check("confidence", "none", "one", False, "")
        return
    least = 0.0 if limits.confidence_least is None else limits.confidence_least
    yield at_least("confidence on faces, mean", float(found.confidences.mean()), least)
    yield at_most("confidence where nobody is, greatest", float(found.nobody.max()), limits.confidence_most)


def _of_yaw(found: Reading, limits: Limits) -> Iterator[Check]:
    """Yaw may be expanded within bounds, other angles come back as the network says them."""
    said, network = found.said, POSE_UNIT_DEG * POSES
    yield at_most("yaw said of 60°, °", float(np.abs(said[:2, 0]).max()), limits.yaw_deg)
    falls_short = np.abs(network[:, 0]) - np.sign(network[:, 0]) * said[:, 0]
    yield at_most("yaw that falls short of the network's, °", float(falls_short.max()), 0.01)
    others = float(np.abs(said[:, 1:] - network[:, 1:]).max())
    yield at_most("pitch and roll beside the network's, °", others, 0.01)


def _apart(pose: Float64, of_landmarks: Float64) -> float:
    return angle_between_deg(HeadPose(*pose.tolist()), HeadPose(*of_landmarks.tolist()))
