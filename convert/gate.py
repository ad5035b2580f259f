"""Limits that a model has to keep before it ships, each with what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from convert.alone import answer_checks, reading_checks
from convert.checks import Check, at_most, none_of
from convert.claims import claims
from convert.expected import Expected, answers_record, reading_record
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
from convert.limits import Limits
from convert.own_limits import is_complete, own_limits
from convert.product import Answers, Reading
from convert.relative import Seen, relative_checks
from convert.scenes import scenes
from sdk.errors import SdkError
from sdk.interpreter import Interpreter, TfliteInterpreter
from sdk.model_file import ModelFile
from sdk.schemes import IBUG68

FACES = 4
"""For the checks that look into the graph."""


class Gate:
    """Holds models to limits; what the reference answers is computed once, for as many models as there are.

    Args:
        reference: the float model of the same training.
        sets: faces to compare on beside the drawn ones and portraits that every gate looks at.
        limits: those without a value are set from the reference.
        expected: answers that the model gave when it was made.
    """

    def __init__(
        self,
        reference: ModelFile,
        limits: Limits,
        *,
        sets: Mapping[str, Sequence[Face]] | None = None,
        expected: Expected | None = None,
    ) -> None:
        self._limits, self._expected = limits, expected
        self._sets = {**scenes().sets, **(sets or {})}
        self._reference = reference
        self._beside: tuple[Reading, Answers | None] | None = None
        self._real = Seen(reference, TfliteInterpreter(reference), self._sets)

    def checks(self, model: ModelFile, *, interpreter: Interpreter | None = None) -> Iterator[Check]:
        """Every limit, one at a time, cheap ones first: the file, the graph, the product, the float model beside
        it, the interpreters.

        Args:
            interpreter: of this model's network and head, if one is open already.
        """
        limits = self.limits_of(model)
        yield from claims(model, self._reference)
        yield from _of_graph(model, self._reference, limits)
        try:
            yield from self._of_reading(model, limits)
            seen = Seen(model, interpreter or TfliteInterpreter(model), self._sets)
            found = self._answers(seen)
        except SdkError as error:
            yield Check("runs in FaceAligner", str(error), "yes", False, "")
            return
        if found is not None:
            if self._expected is not None:
                yield from answers_record(self._expected.answers, found, limits)
            yield from answer_checks(found, scenes(), limits)
        yield from relative_checks(self._real, seen, limits)
        yield from self._of_interpreters(model, seen.interpreter, limits)

    def limits_of(self, model: ModelFile) -> Limits:
        """What a model is held to: of its own file, the rest from the reference."""
        if is_complete(self._limits):
            return self._limits
        if self._beside is None:
            self._beside = Reading.of(self._reference, scenes()), self._answers(self._real)
        return own_limits(self._limits, model, self._reference, *self._beside, scenes())

    def _answers(self, seen: Seen) -> Answers | None:
        """The product's, of the scheme that it looks twice with."""
        if seen.model.scheme.name != IBUG68.name:
            return None
        return Answers.of(seen.model, scenes(), interpreter=seen.interpreter)

    def _of_reading(self, model: ModelFile, limits: Limits) -> Iterator[Check]:
        """The shape model and the settings, without the network."""
        found = Reading.of(model, scenes())
        if self._expected is not None:
            yield from reading_record(self._expected.reading, found, limits)
        yield from reading_checks(found, limits)

    def _of_interpreters(self, model: ModelFile, runner: Interpreter, limits: Limits) -> Iterator[Check]:
        some = scenes().drawn[:FACES]
        for each in (model, self._reference):
            share = denormal_activations_percent(each, some)
            yield at_most(f"denormal activations of {each.name}, %", share, limits.denormal_percent)
        found = disagreement(model, some)
        for name, error in found.errors.items():
            yield Check(f"runs on {name}", error, "yes", False, "")
        for name, lsb in found.lsb.items():
            yield at_most(f"{name} against {found.first}, LSB", lsb, limits.lsb)
        if self._expected is not None:
            distance = self._expected.distance(model, runner)
            yield at_most("against the answers when it was made, LSB", distance, limits.lsb)


def _of_graph(model: ModelFile, reference: ModelFile, limits: Limits) -> Iterator[Check]:
    graph = read_graph(model.flatbuffer)
    yield at_most("bytes", size(model), limits.bytes)
    yield at_most("million multiply-accumulates", work(model) / 1e6, limits.mmacs)
    yield none_of("operations that are not builtin", foreign_operations(graph))
    yield none_of("float operations before the tail", stray_floats(graph))
    if is_integer(graph):
        yield at_most("multiply-accumulates on floats, %", float_macs_percent(graph), limits.float_macs_percent)
    for each in (model, reference):
        yield none_of(f"denormal weights of {each.name}", denormals(read_graph(each.flatbuffer)))
