"""How far models are from what this processor can do: their MACs a second against the peak of matrix products
through the same kernels, and the operations that take longest."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.graphs import Kind, convolution, single_operation
from convert.graph import Graph, read_graph
from convert.timing import Call, interleaved
from sdk.errors import BackendError, InputError

PRODUCTS = ((14, 384, 384), (16, 512, 512), (32, 256, 256))
"""Side, channels and filters of the 1x1 convolutions; the quickest of them is the peak."""


@dataclass(frozen=True, slots=True)
class RooflineRow:
    """A model's network; GMAC/s are 10⁹ multiply-accumulates a second, share is of the peak of its arithmetic."""

    model: str
    arithmetic: Kind
    threads: int
    macs: int
    p50_ms: float
    gmacs_per_s: float
    peak_gmacs_per_s: float

    @property
    def share(self) -> float:
        return self.gmacs_per_s / self.peak_gmacs_per_s

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One operation cut out of its model and run alone, in the order of the graph.

    Attributes:
        shape: of its output.
        p50_ms: with the call of the interpreter, which is that of the quickest operation or less.
    """

    model: str
    index: int
    op: str
    shape: tuple[int, ...]
    macs: int
    p50_ms: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(models: Mapping[str, bytes], *, threads: int = 1, runs: int = 200) -> list[RooflineRow]:
    """A row per flatbuffer, the matrix products taking turns with them."""
    kinds: tuple[Kind, ...] = ("float32", "int8")
    products = {
        f"{kind} {shape}": (kind, convolution(kind, side=shape[0], channels=shape[1], filters=shape[2]))
        for kind in kinds
        for shape in PRODUCTS
    }
    graphs = {name: read_graph(content) for name, content in models.items()}
    calls = {name: invocation(content, threads) for name, content in models.items()}
    calls |= {name: invocation(content, threads) for name, (_, content) in products.items()}
    taken = {name: float(np.median(ms)) for name, ms in interleaved(calls, runs=runs).items()}
    macs = {name: read_graph(content).macs for name, (_, content) in products.items()}
    peak = {kind: max(macs[n] / taken[n] for n, (k, _) in products.items() if k == kind) / 1e6 for kind in kinds}
    rows = []
    for name, graph in graphs.items():
        kind = arithmetic(graph)
        speed = graph.macs / taken[name] / 1e6
        rows.append(RooflineRow(name, kind, threads, graph.macs, taken[name], speed, peak[kind]))
    return rows


def arithmetic(graph: Graph) -> Kind:
    """int8 where convolutions multiply by int8 weights, dynamic models included; else float32."""
    return "int8" if any(op.macs and op.inputs[1].type == "INT8" for op in graph.operations) else "float32"


def profile(name: str, flatbuffer: bytes, *, threads: int = 1, runs: int = 50) -> list[OperationRow]:
    """A row per operation of the model that the interpreter runs alone."""
    graph = read_graph(flatbuffer)
    calls: dict[str, Call] = {}
    for index, op in enumerate(graph.operations):
        if any(t.values is None for t in op.inputs):  # unpacking of constants happens once, when a model opens
            calls[str(index)] = invocation(single_operation(flatbuffer, index), threads)
    taken = interleaved(calls, runs=runs)
    return [
        OperationRow(name, i, op.code, op.outputs[0].shape, op.macs, float(np.median(taken[str(i)])))
        for i, op in enumerate(graph.operations)
        if str(i) in taken
    ]


def invocation(flatbuffer: bytes, threads: int) -> Call:
    """A call of a model on noise, in and out of the interpreter left out.

    Raises:
        BackendError: the interpreter does not accept the model.
    """
    from sdk.interpreter import _find_backend

    backend, create = _find_backend()
    try:
        interpreter = create(model_content=flatbuffer, num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise BackendError(f"{backend} does not accept the model: {error}") from error
    rng = np.random.default_rng(0)
    for detail in interpreter.get_input_details():
        numbers = rng.uniform(0, 1, detail["shape"])
        whole = np.issubdtype(detail["dtype"], np.integer)
        interpreter.set_tensor(detail["index"], (100 * numbers if whole else numbers).astype(detail["dtype"]))
    return lambda: interpreter.invoke()


def to_table(rows: Sequence[RooflineRow]) -> str:
    """The rows as a Markdown table."""
    lines = ["| model | arithmetic | threads | MMAC | median ms | GMAC/s | peak GMAC/s | of the peak % |"]
    lines.append("|---|---|---:|---:|---:|---:|---:|---:|")
    lines += [
        f"| {r.model} | {r.arithmetic} | {r.threads} | {r.macs / 1e6:.1f} | {r.p50_ms:.2f} | {r.gmacs_per_s:.1f} "
        f"| {r.peak_gmacs_per_s:.1f} | {100 * r.share:.0f} |"
        for r in rows
    ]
    return "\n".join(lines)


def profile_table(rows: Sequence[OperationRow], *, slowest: int = 10) -> str:
    """The slowest operations as a Markdown table, with their share of the sum."""
    total = sum(r.p50_ms for r in rows)
    lines = ["| model | no. | operation | output | MMAC | median ms | GMAC/s | of all % |"]
    lines.append("|---|---:|---|---|---:|---:|---:|---:|")
    for r in sorted(rows, key=lambda r: -r.p50_ms)[:slowest]:
        shape = " x ".join(str(n) for n in r.shape[1:])
        lines.append(
            f"| {r.model} | {r.index} | {r.op} | {shape} | {r.macs / 1e6:.2f} | {r.p50_ms:.3f} "
            f"| {r.macs / r.p50_ms / 1e6:.1f} | {100 * r.p50_ms / total:.1f} |"
        )
    return "\n".join(lines)


def add_parser(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "roofline",
        help="MACs a second against this processor's peak; the slowest operations",
        description="MACs a second of each model against the peak of large matrix products through the same "
        "interpreter, in the same turns; and, each operation run alone, the slowest ones of each int8 model.",
    )
    parser.add_argument("--model", type=Path, action="append", help="a .tflite file (default: all models)")
    parser.add_argument("--threads", type=int, default=1, help="of the interpreter (default %(default)s)")
    parser.add_argument("--runs", type=int, default=100, help="timed calls each (default %(default)s)")
    parser.add_argument("--slowest", type=int, default=10, help="operations to print (default %(default)s)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure, print, record."""
    from benchmarks import machine
    from benchmarks.baselines import model_paths
    from benchmarks.flops import read_model
    from benchmarks.records import write_record

    if options.runs < 1 or options.threads < 1:
        raise InputError(f"expected --runs and --threads of 1 or more, got {options.runs} and {options.threads}")
    paths = {path.stem: path for path in options.model or ()} or model_paths()
    models = {name: read_model(path) for name, path in paths.items()}
    before, allowed, pinned = machine.state(), machine.processors(), machine.pin(options.threads)
    rows = measure(models, threads=options.threads, runs=options.runs)
    print(to_table(rows))
    operations: list[OperationRow] = []
    for row in rows:
        if row.arithmetic == "int8" and not row.model.endswith("dynamic"):
            found = profile(row.model, models[row.model], threads=options.threads, runs=options.runs)
            alone = sum(o.p50_ms for o in found)
            print(f"\n{row.model}: {alone:.2f} ms operation by operation, {row.p50_ms:.2f} ms as a whole")
            print(profile_table(found, slowest=options.slowest))
            operations += found
    machine.unpin(allowed)
    if warning := machine.busy(before):
        print(f"warning: {warning}")
    write_record(
        options.out,
        "roofline",
        [r.to_dict() for r in rows],
        machine={"features": machine.features(), "pinned": pinned, "before": before, "after": machine.state()},
        operations=[o.to_dict() for o in operations],
    )
