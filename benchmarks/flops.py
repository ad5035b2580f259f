"""Multiply-accumulates and parameters of a model, counted from its TFLite graph.

One MAC, a multiplication and the addition of its product, is two FLOPs. Each weight of a convolution or dense
layer counts once for each place of its output; biases, activations, additions and poolings count no MACs.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from convert.graph import Graph, Operation, read_graph
from sdk.errors import InputError, ModelFileError
from sdk.head import Head
from sdk.model_file import ModelFile

FLOPS_PER_MAC = 2
UNCOUNTED = ("BATCH_MATMUL", "CONV_3D", "CONV_3D_TRANSPOSE", "CUSTOM", "SVDF", "TRANSPOSE_CONV")
"""Operations that multiply and are not counted: a model that has them is named as such."""
_LEARNED_ELSEWHERE = ("ADD", "MUL", "PRELU", "SUB")
"""Operations whose constant inputs are learned too; those of others are axes, shapes and paddings."""


@dataclass(frozen=True, slots=True)
class FlopsRow:
    """All operations of one kind in one model.

    Attributes:
        parameters: numbers stored in weights and biases; batch normalisation is folded into them.
        written: values that the operations write, a measure of memory traffic.
    """

    model: str
    op: str
    operations: int
    macs: int
    parameters: int
    written: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def count(name: str, flatbuffer: bytes, head: Head | None = None) -> list[FlopsRow]:
    """A row per kind of operation, most MACs first; one of them, HEAD, for what a model file's head does.

    Raises:
        ModelFileError: the flatbuffer is damaged.
    """
    graph = read_graph(flatbuffer)
    sources = {t.index: op for op in graph.operations for t in op.outputs}
    kinds: dict[str, list[Operation]] = {}
    for op in graph.operations:
        kinds.setdefault(op.code, []).append(op)
    rows = [
        FlopsRow(
            model=name,
            op=code,
            operations=len(ops),
            macs=sum(op.macs for op in ops),
            parameters=sum(_parameters(op, sources) for op in ops),
            written=sum(math.prod(t.shape) for op in ops for t in op.outputs),
        )
        for code, ops in kinds.items()
    ]
    if head is not None:
        parameters = sum(array.size for array in head.arrays().values())
        rows.append(FlopsRow(name, "HEAD", 1, head.macs, parameters, written=2 * head.n_points + 3))
    return sorted(rows, key=lambda r: (-r.macs, r.op))


def uncounted(graph: Graph) -> list[str]:
    """Kinds of operations in the graph that multiply and have no count here."""
    return sorted({op.code for op in graph.operations if op.code in UNCOUNTED})


def macs_of(rows: Sequence[FlopsRow]) -> int:
    """Of a whole model."""
    return sum(r.macs for r in rows)


def parameters_of(rows: Sequence[FlopsRow]) -> int:
    """Of a whole model."""
    return sum(r.parameters for r in rows)


def _parameters(op: Operation, sources: Mapping[int, Operation]) -> int:
    """Elements of its constant inputs, and of those that are only unpacked from float16 on the way."""
    if not op.macs and op.code not in _LEARNED_ELSEWHERE:
        return 0
    learned = op.inputs[1:] if op.macs else op.inputs
    total = 0
    for tensor in learned:
        source = sources.get(tensor.index)
        stored = source.inputs[0] if source is not None and source.code == "DEQUANTIZE" else tensor
        total += 0 if stored.values is None else stored.values.size
    return total


def to_table(rows: Sequence[FlopsRow]) -> str:
    """Markdown: the sum of each model and, below it, its kinds of operations that count."""
    lines = ["| model | operations | MMAC | MFLOP | parameters, thousands |", "|---|---:|---:|---:|---:|"]
    for name in dict.fromkeys(r.model for r in rows):
        own = [r for r in rows if r.model == name]
        lines.append(_line(name, sum(r.operations for r in own), macs_of(own), parameters_of(own)))
        lines += [_line(f"of it {r.op}", r.operations, r.macs, r.parameters) for r in own if r.macs]
    return "\n".join(lines)


def _line(name: str, operations: int, macs: int, parameters: int) -> str:
    flops = FLOPS_PER_MAC * macs
    return f"| {name} | {operations} | {macs / 1e6:.1f} | {flops / 1e6:.1f} | {parameters / 1e3:.0f} |"


def add_parser(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "flops",
        help="multiply-accumulates and parameters, counted from the .tflite graph",
        description=f"{__doc__} Without MODEL: the shipped model and the baselines.",
    )
    parser.add_argument("model", type=Path, nargs="*", metavar="MODEL", help=".tflite files")
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Count, print, record."""
    from benchmarks.baselines import candidates, model_path
    from benchmarks.records import write_record

    files = {path.stem: path for path in options.model}
    if not files:
        files = {c.name: model_path(c, "float32") for c in candidates()}
    rows = []
    for name, path in files.items():
        content = read_model(path)
        rows += count(name, content, _head(content))
        for code in uncounted(read_graph(content)):
            print(f"{name}: {code} multiplies and is not counted")
    print(to_table(rows))
    write_record(options.out, "flops", [r.to_dict() for r in rows], flops_per_mac=FLOPS_PER_MAC)


def _head(content: bytes) -> Head | None:
    """None for a plain .tflite too, which is as good a model here."""
    with suppress(ModelFileError):
        return ModelFile.from_bytes(content).head
    return None


def read_model(path: Path) -> bytes:
    """A .tflite file, whatever is appended to it.

    Raises:
        InputError: it cannot be read or is no TFLite model.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"model {path}: cannot be read ({error.strerror or error})") from error
    if content[4:8] != b"TFL3":
        raise InputError(f"model {path}: expected a TFLite flatbuffer, got {content[4:8]!r} as bytes 4 to 8")
    return content
