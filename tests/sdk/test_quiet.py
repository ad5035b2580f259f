"""Opening models writes nothing, and hides nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sdk import quiet
from sdk.quiet import LINE, ONE_OPERATOR, have_it_said

OPEN = "import sdk, sdk.quiet as q; q._said = {said}; sdk.FaceAligner(num_threads=2); sdk.FaceDetector()"


def errors_of(script: str) -> bytes:
    command, root = [sys.executable, "-c", script], Path(__file__).parents[2]
    return subprocess.run(command, capture_output=True, check=True, timeout=120, cwd=root).stderr


def test_models_are_opened_without_a_word():
    assert errors_of(OPEN.format(said=False)) == b""


def test_the_line_is_there_otherwise():
    """So the test above can fail; when this one does, sdk.quiet is needed no longer."""
    assert errors_of(OPEN.format(said=True)).strip() == LINE


class Talkative:
    """An interpreter that writes to the error stream what it is told."""

    def __init__(self, words: bytes) -> None:
        self.words, self.opened = words, []

    def __call__(self, *, model_content: bytes) -> Talkative:
        self.opened.append(model_content)
        return self

    def allocate_tensors(self) -> None:
        os.write(2, self.words)


@pytest.fixture
def first(monkeypatch):
    monkeypatch.setattr(quiet, "_said", False)


@pytest.mark.usefixtures("first")
def test_what_others_write_meanwhile_follows_and_later_nothing_is_led_away(capfd):
    talk = Talkative(b"before\n" + LINE + b"\nINFO: another\nno end")
    have_it_said(talk)
    assert capfd.readouterr().err == "before\nINFO: another\nno end"
    have_it_said(talk)
    assert talk.opened == [ONE_OPERATOR]


@pytest.mark.usefixtures("first")
def test_where_no_temporary_file_can_be_the_line_is_seen(capfd, monkeypatch):
    def refuse(**_: object) -> None:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    have_it_said(Talkative(LINE + b"\n"))
    assert capfd.readouterr().err.encode() == LINE + b"\n"


@pytest.mark.usefixtures("first")
def test_an_interpreter_that_cannot_costs_nothing(capfd):
    def refuse(*, model_content: bytes) -> None:
        raise ValueError("an operator is missing")

    have_it_said(refuse)
    assert capfd.readouterr().err == ""


def test_without_an_error_stream_models_open_all_the_same():
    done = errors_of("import os; os.close(2); " + OPEN.format(said=False))
    assert done == b""


def test_the_network_is_what_its_words_say():
    flatbuffers = pytest.importorskip("flatbuffers")
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")

    def tensor(name: str):
        made = schema.TensorT()
        made.shape, made.type, made.buffer, made.name = [1], schema.TensorType.FLOAT32, 0, name
        return made

    model, graph, code, operator = schema.ModelT(), schema.SubGraphT(), schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.RELU
    code.version = 1
    operator.inputs, operator.outputs, operator.opcodeIndex = [0], [1], 0
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [tensor("a"), tensor("b")], [0], [1], [operator]
    model.version, model.buffers, model.operatorCodes, model.subgraphs = 3, [schema.BufferT()], [code], [graph]
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    assert bytes(builder.Output()) == ONE_OPERATOR
