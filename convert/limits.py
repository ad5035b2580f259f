"""The limits of a gate: what each is, where they are read from, and what a network without a file is held to."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdk.errors import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SECTION = ("tool", "asmnet_edge", "gates")
SUFFIX = ".limits.toml"
"""NAME.limits.toml beside NAME.tflite holds its limits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most, or the least, that passes. What is None comes from the reference (convert.own_limits).

    Against the float model of the same training:
        landmarks_percent, landmarks_p95_percent: difference of the points, per cent of the outer-eye distance.
        point_percent: the same as a mean over faces, of the point that differs most.
        shift_percent: of all points together in x or y, signed, per cent of the crop's side.
        pose_deg: mean difference of the angles.
        drawn_times: how many times as far the two may be apart on drawn faces, which neither was trained on.
        nme_change: NME minus that of the float model, points of per cent, on faces with annotations.
        pose_mae_change_deg: likewise the mean absolute error of the angles.
        jitter_ratio: jitter on still faces with annotations over the float model's.
        free_jitter_ratio: the same on drawn faces and portraits, which are unlike what fine-tuning saw.
    Against the answers on record:
        record_shift_percent: of all points together in x or y, signed, per cent of the crop's side.
        record_point_percent: the same for each point by itself, mean over the looks of `align`.
        record_percent: distance of the points, mean over faces, of the point that moved most, per cent; and the
            mean difference of the points' expected errors, in per cent of the outer-eye distance.
        record_pose_deg: mean difference of the angles; those of landmarks alone likewise.
        record_share: difference of confidence and of plausibility, each a mean.
        record_exact: what follows from the file alone, in per cent, degrees and shares: only rounding differs.
    By themselves:
        bytes: of the flatbuffer and of a head outside. mmacs: millions of multiply-accumulates.
        drawn_nme: NME on drawn faces, per cent; drawn_point_percent: the mean error of the worst point.
        confidence_least: mean on faces; confidence_most: on the one crop without a face that has the greatest.
            A model without a confidence breaks the former, unless it is None.
        faces_plausibility: the least of faces found.
        plausibility_least: the least of true shapes. plausibility_most: the greatest of torn ones.
        deviations_most: mean square of the shape parameters of true shapes, in standard deviations; its inverse is
            the least.
        regularised_percent: how far the shape model moves true shapes, per cent of the outer-eye distance.
        poses_apart_deg: angle between the network's pose and that of its landmarks, mean.
        yaw_deg: what is said of a network's 60 degrees at most.
        pictures_most: of six pictures of one face, those where `predict` finds another number.
        textures_most: faces that it finds where there is nothing.
    Of the graph:
        float_macs_percent: share of the multiply-accumulates that an integer model does on floats.
        denormal_percent: share of numbers below 1.2e-38 in any float activation.
        lsb: difference between installed interpreters, and from answers on record, in 1/256 of a crop's side.
    """

    landmarks_percent: float = 1.0
    landmarks_p95_percent: float = 2.0
    point_percent: float = 2.0
    shift_percent: float = 0.2
    pose_deg: float = 0.7
    drawn_times: float = 2.0
    nme_change: float = 0.10
    pose_mae_change_deg: float = 0.1
    jitter_ratio: float = 3.0
    free_jitter_ratio: float = 3.0
    record_shift_percent: float = 0.1
    record_point_percent: float = 0.1
    record_percent: float = 0.4
    record_pose_deg: float = 0.5
    record_share: float = 0.05
    record_exact: float = 0.02
    bytes: int | None = None
    mmacs: float | None = None
    drawn_nme: float | None = None
    drawn_point_percent: float | None = None
    confidence_least: float | None = None
    confidence_most: float | None = None
    faces_plausibility: float | None = None
    plausibility_least: float | None = None
    plausibility_most: float | None = None
    deviations_most: float | None = None
    regularised_percent: float | None = None
    poses_apart_deg: float | None = None
    yaw_deg: float | None = None
    pictures_most: float | None = None
    textures_most: float | None = None
    float_macs_percent: float = 1.0
    denormal_percent: float = 1.0
    lsb: float = 2.0


def limits_beside(model: Path) -> Path | None:
    """The file of a model's own limits, where there is one."""
    path = model.with_suffix(SUFFIX)
    return path if path.is_file() else None


def load_limits(path: Path) -> Limits:
    """Limits of the section [tool.asmnet_edge.gates] of a TOML file; those it leaves out have their defaults."""
    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"limits {path}: not found") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"limits {path}: not valid TOML: {error}") from error
    for name in SECTION:
        table = table.get(name) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        raise InputError(f"limits {path}: expected a section [{'.'.join(SECTION)}], found none")
    return limits_from(table, origin=str(path))


def limits_from(table: Mapping[str, Any], *, origin: str) -> Limits:
    """Limits from a table; unknown names and other types than numbers are errors."""
    known = {field.name for field in dataclasses.fields(Limits)}
    if unknown := sorted(set(table) - known):
        raise InputError(f"limits {origin}: unknown {unknown[0]}; known are {', '.join(sorted(known))}")
    for name, value in table.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise InputError(f"limits {origin}: {name}: expected a number, got {value!r}")
    return Limits(**table)
