"""Work and time of networks that nobody has trained yet: what a width, a depth or an input size would cost.

Speed does not depend on what weights have learned. Each network is converted as a shipped one is, its head
included, and takes turns with MobileNetV2.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.latency import measure_networks
from sdk import ModelFile
from sdk.errors import InputError


@dataclass(frozen=True, slots=True)
class SearchRow:
    """A network in int8: millions of weights and of multiply-accumulates; milliseconds over the reference's."""

    network: str
    size: int
    width: float
    parameters_m: float
    mmacs: float
    p50_ms: float
    ratio: float


def add_parser(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "search",
        help="work and time of untrained networks by size and width",
        description="Convert networks with random weights to int8, the head outside where they have one, and time "
        "them in turns with MobileNetV2 at 224 pixels, on one processor.",
        epilog="Example: python -m benchmarks search asmnet_code:160:1.125 asmnet_code:96:0.75 lite_code:128:1",
    )
    parser.add_argument("networks", nargs="+", metavar="NETWORK:SIZE:WIDTH", help="of train/networks")
    parser.add_argument("--runs", type=int, default=200, help="timed calls each (default %(default)s)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Convert, measure, print, record."""
    from benchmarks import machine
    from benchmarks.baselines import REFERENCE
    from benchmarks.records import write_record
    from benchmarks.reference import reference

    made = {name: untrained(*parsed(name)) for name in options.networks}
    models = {name: model for name, (model, _) in made.items()} | {REFERENCE: reference("int8")}
    before, allowed = machine.state(), machine.processors()
    machine.pin(1)
    taken = {row.model: row for row in measure_networks(models, REFERENCE, runs=options.runs)}
    machine.unpin(allowed)
    rows = [
        asdict(SearchRow(*parsed(name), *work, taken[name].p50_ms, taken[name].ratio))
        for name, (_, work) in made.items()
    ]
    print(to_table({"rows": rows}))
    if warning := machine.busy(before):
        print(f"warning: {warning}")
    write_record(
        options.out,
        "search",
        rows,
        reference=REFERENCE,
        machine={"features": machine.features(), "before": before, "after": machine.state()},
    )


def parsed(text: str) -> tuple[str, int, float]:
    """NETWORK:SIZE:WIDTH.

    Raises:
        InputError: it is something else; what sizes and widths there are, the network says.
    """
    try:
        name, size, width = text.split(":")
        return name, int(size), float(width)
    except ValueError:
        raise InputError(f"network: expected NETWORK:SIZE:WIDTH, as asmnet_code:160:1.125, got {text!r}") from None


def untrained(name: str, size: int, width: float) -> tuple[ModelFile, tuple[float, float]]:
    """The network in int8 as a model file, and its millions of weights and of multiply-accumulates."""
    from convert.build import model_file
    from convert.faces import drawn_faces
    from convert.recipes import INT8_PTQ
    from convert.untrained import untrained_source
    from sdk.geometry import Crop
    from train.networks import count_macs

    crops = np.stack([Crop.around(f.box, size=size, margin=1.3).extract(f.image) for f in drawn_faces(8)])
    source = untrained_source(name, crops, width=width)
    content = model_file(source, ModelFile.default().shape_model, INT8_PTQ, name=name, calibration=crops)
    work = source.network.count_params() / 1e6, count_macs(source.network) / 1e6
    return ModelFile.from_bytes(content), work


def to_table(record: Mapping[str, Any]) -> str:
    """The rows of a record as a Markdown table."""
    lines = [
        "| network | size | width | parameters | MMACs | median ms | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in (SearchRow(**row) for row in record["rows"]):
        lines.append(
            f"| {row.network} | {row.size} | {row.width:g} | {row.parameters_m:.2f} M | {row.mmacs:.0f} | "
            f"{row.p50_ms:.2f} | {row.ratio:.2f} |"
        )
    return "\n".join(lines)
