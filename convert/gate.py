"""Limits that a model has to keep before it ships, each with what was measured."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert.comparison import Comparison, compare
from convert.expected import Expected
from convert.faces import Face
from convert.graph import read_graph
from convert.inspection import (
    denormal_activations_percent,
    denormals,
    float_macs_percent,
    foreign_operations,
    is_integer,
    size,
    stray_floats,
    work,
)
from convert.interpreters import disagreement
from sdk.errors import InputError
from sdk.interpreter import TfliteInterpreter
from sdk.model_file import ModelFile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FACES = 4
"""For the checks that look into the graph."""

DRAWN = "drawn"
"""Name of the set of drawn faces."""

SECTION = ("tool", "asmnet_edge", "gates")


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a model may differ from its float model, and cost.

    Attributes:
        landmarks_percent, landmarks_p95_percent: difference of the points in per cent of the outer-eye distance.
        pose_deg: mean difference of the angles.
        drawn_times: how many times as far the two may be apart on drawn faces, which neither was trained on.
        nme_change: NME minus that of the float model, points of per cent, on faces with annotations.
        pose_mae_change_deg: likewise the mean absolute error of the angles.
        jitter_ratio: jitter on still faces with annotations over the float model's.
        free_jitter_ratio: the same on drawn faces and portraits, which are unlike what fine-tuning saw.
        drawn_nme: NME on drawn faces, per cent: what both models have to reach by themselves.
        bytes: of the flatbuffer and of a head outside. mmacs: millions of multiply-accumulates.
        float_macs_percent: share of the multiply-accumulates that an integer model does on floats.
        denormal_percent: share of numbers below 1.2e-38 in any float activation.
        lsb: difference between installed interpreters, and from answers on record, in 1/256 of a crop's side.
    """

    landmarks_percent: float = 1.0
    landmarks_p95_percent: float = 2.0
    pose_deg: float = 0.5
    drawn_times: float = 2.0
    nme_change: float = 0.10
    pose_mae_change_deg: float = 0.1
    jitter_ratio: float = 3.0
    free_jitter_ratio: float = 3.0
    drawn_nme: float = 6.0
    bytes: int = 2_100_000
    mmacs: float = 100.0
    float_macs_percent: float = 1.0
    denormal_percent: float = 1.0
    lsb: float = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """One limit: what was measured against it, or words where there is no number."""

    name: str
    value: float | str
    limit: float | str
    passed: bool


def load_limits(path: Path) -> Limits:
    """Limits of the section [tool.asmnet_edge.gates] of a TOML file; those it leaves out have their defaults."""
    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"limits {path}: not found; pass --limits, or run from the project's folder") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"limits {path}: not valid TOML: {error}") from error
    for name in SECTION:
        table = table.get(name, {}) if isinstance(table, dict) else {}
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


def gate(
    model: ModelFile,
    reference: ModelFile,
    sets: Mapping[str, Sequence[Face]],
    limits: Limits,
    *,
    expected: Expected | None = None,
) -> list[Check]:
    """Every limit, in the order that explains a failure best: the file, the graph, the interpreters, the numbers.

    Args:
        reference: the float model of the same training.
        sets: faces to compare on; the set `drawn` is held to `drawn_nme`, the others' truth to `nme_change`.
        expected: answers that the model gave when it was made.
    """
    checks = [*_of_file(model, reference, limits), *_of_graph(model, reference, limits)]
    some = next(iter(sets.values()))[:FACES]
    for each in (model, reference):
        share = denormal_activations_percent(each, some)
        checks.append(_most(f"denormal activations of {each.name}, %", share, limits.denormal_percent))
    found = disagreement(model, some)
    checks += [Check(f"runs on {name}", error, "yes", False) for name, error in found.errors.items()]
    checks += [_most(f"{name} against {found.first}, LSB", lsb, limits.lsb) for name, lsb in found.lsb.items()]
    if found.errors:
        return checks
    if expected is not None:
        distance = expected.distance(model, TfliteInterpreter(model))
        checks.append(_most("against the answers when it was made, LSB", distance, limits.lsb))
    return checks + list(_of_numbers(compare(reference, model, sets), limits))


def _of_file(model: ModelFile, reference: ModelFile, limits: Limits) -> Iterator[Check]:
    same = model.metadata.get("training") == reference.metadata.get("training")
    yield Check("of the reference's training", "yes" if same else "no", "yes", same)
    yield _most("bytes", size(model), limits.bytes)
    yield _most("million multiply-accumulates", work(model) / 1e6, limits.mmacs)


def _of_graph(model: ModelFile, reference: ModelFile, limits: Limits) -> Iterator[Check]:
    graph = read_graph(model.flatbuffer)
    yield _none("operations that are not builtin", foreign_operations(graph))
    yield _none("float operations before the tail", stray_floats(graph))
    if is_integer(graph):
        yield _most("multiply-accumulates on floats, %", float_macs_percent(graph), limits.float_macs_percent)
    for each in (model, reference):
        yield _none(f"denormal weights of {each.name}", denormals(read_graph(each.flatbuffer)))


def _of_numbers(found: Comparison, limits: Limits) -> Iterator[Check]:
    for name, p in found.parity.items():
        times, points = limits.drawn_times if name == DRAWN else 1.0, p.landmarks_percent
        yield _most(f"{name}: landmarks, mean difference %", points.mean, times * limits.landmarks_percent)
        yield _most(f"{name}: landmarks, p95 difference %", points.p95, times * limits.landmarks_p95_percent)
        yield _most(f"{name}: pose, mean difference °", p.pose_deg.mean, times * limits.pose_deg)
        free = name == DRAWN or name not in found.a.accuracy
        most = limits.free_jitter_ratio if free else limits.jitter_ratio
        yield _most(f"{name}: jitter ratio", found.jitter_ratio(name), most)
    for name in found.a.accuracy:
        if name == DRAWN:
            for side in (found.a, found.b):
                nme = side.accuracy[name].nme_interocular
                yield _most(f"drawn: NME % of {side.name}", nme, limits.drawn_nme)
            continue
        yield _most(f"{name}: NME change", found.nme_change(name), limits.nme_change)
        change = found.b.accuracy[name].pose_mae_deg - found.a.accuracy[name].pose_mae_deg
        yield _most(f"{name}: pose MAE change °", change, limits.pose_mae_change_deg)


def _most(name: str, value: float, limit: float) -> Check:
    return Check(name, value, limit, value <= limit)  # NaN fails


def _none(name: str, found: Sequence[str]) -> Check:
    return Check(name, ", ".join(found) or "none", "none", not found)
