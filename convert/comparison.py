"""Two models side by side: what B costs and what it gains, as values, a table and JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from convert.faces import Face
from convert.inspection import size, work
from convert.jitter import Jitter, jitter
from convert.latency import Latency, latencies
from convert.looks import Looks, look
from convert.parity import Accuracy, Parity, accuracy, parity, truth_of
from sdk.errors import InputError
from sdk.interpreter import TfliteInterpreter
from sdk.model_file import ModelFile

STILL_FACES = 10
"""Faces that jitter is measured on."""


@dataclass(frozen=True, slots=True)
class Side:
    """One model and its figures; `accuracy` has an entry per set of faces whose truth is known."""

    name: str
    recipe: str
    flatbuffer_sha256: str
    flatbuffer_bytes: int
    macs: int
    latency: Latency
    jitter: dict[str, Jitter]
    accuracy: dict[str, Accuracy]


@dataclass(frozen=True, slots=True)
class Comparison:
    """B against A; `parity` and what is in the sides has an entry per set of faces."""

    a: Side
    b: Side
    parity: dict[str, Parity]

    @property
    def latency_ratio(self) -> float:
        """B's best time over A's."""
        return self.b.latency.best_ms / self.a.latency.best_ms

    def jitter_ratio(self, faces: str) -> float:
        """B's jitter of landmarks over A's."""
        return self.b.jitter[faces].landmarks_percent / self.a.jitter[faces].landmarks_percent

    def nme_change(self, faces: str) -> float:
        """B's NME minus A's, points of per cent."""
        return self.b.accuracy[faces].nme_interocular - self.a.accuracy[faces].nme_interocular

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(a: ModelFile, b: ModelFile, sets: Mapping[str, Sequence[Face]], *, num_threads: int = 1) -> Comparison:
    """Look at every set of faces with both models.

    Raises:
        InputError: the models have different landmark schemes, or there are no faces.
    """
    if a.scheme.name != b.scheme.name:
        raise InputError(f"models: expected one landmark scheme, got {a.scheme.name} and {b.scheme.name}")
    if not sets or not all(sets.values()):
        raise InputError("faces: expected at least one in each set")
    runners = [TfliteInterpreter(model) for model in (a, b)]
    same_crop = (a.input_size, a.margin) == (b.input_size, b.margin)
    seen = [
        {name: look(m, r, faces) for name, faces in sets.items()} for m, r in zip((a, b), runners, strict=True)
    ]
    times = latencies([a, b], num_threads=num_threads)
    return Comparison(
        *(_side(m, r, sets, s, t) for m, r, s, t in zip((a, b), runners, seen, times, strict=True)),
        {name: parity(seen[0][name], seen[1][name], scheme=a.scheme, same_crop=same_crop) for name in sets},
    )


def _side(
    model: ModelFile,
    runner: TfliteInterpreter,
    sets: Mapping[str, Sequence[Face]],
    seen: Mapping[str, Looks],
    latency: Latency,
) -> Side:
    jitters, errors = {}, {}
    for name, faces in sets.items():
        still = faces[:: max(1, len(faces) // STILL_FACES)][:STILL_FACES]
        jitters[name] = jitter(model, runner, still)
        truth = truth_of(faces, model.shape_model, scheme=model.scheme)
        if truth is not None:
            errors[name] = accuracy(seen[name], *truth, scheme=model.scheme)
    return Side(
        name=model.name,
        recipe=str(model.metadata.get("recipe", "unknown")),
        flatbuffer_sha256=hashlib.sha256(model.flatbuffer).hexdigest(),
        flatbuffer_bytes=size(model),
        macs=work(model),
        latency=latency,
        jitter=jitters,
        accuracy=errors,
    )
