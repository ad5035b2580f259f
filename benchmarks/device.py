"""What a small device does with the shipped model: one JSON file to send back. Runtime dependencies alone."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import latency, machine
from benchmarks.baselines import REFERENCE
from sdk import FaceAligner, ModelFile
from sdk.errors import InputError

MODEL_FILES = (Path("/proc/device-tree/model"), Path("/sys/firmware/devicetree/base/model"))
REFERENCES = ("int8", "float32")


def measure(paths: Mapping[str, Path], *, threads: int, runs: int) -> dict[str, Any]:
    """Networks beside MobileNetV2 for 1 to `threads` threads, the steps of `predict`, memory and cold start."""
    from benchmarks.environment import environment
    from benchmarks.reference import reference

    models = {name: ModelFile.load(path) for name, path in paths.items()}
    models |= {f"mobilenet_v2_224_{kind}": reference(kind) for kind in REFERENCES}
    before, rows, pinned, allowed = machine.state(), [], {}, machine.processors()
    for count in range(1, threads + 1):
        pinned[str(count)] = machine.pin(count)
        rows += latency.measure_networks(models, REFERENCE, threads=count, runs=runs)
        machine.unpin(allowed)
    machine.pin(1)
    for name in paths:
        aligner = FaceAligner(models[name])
        rows += latency.measure_stages(aligner, models[REFERENCE], runs=max(1, runs // 4))
    machine.unpin(allowed)
    where = environment()
    where["device"]["model"] = device_name()
    state = {"features": machine.features(), "pinned": pinned, "before": before, "after": machine.state()}
    return {
        "suite": "latency",
        "environment": where,
        "reference": REFERENCE,
        "machine": state,
        "models": [asdict(row) for row in latency.model_rows(paths)],
        "rows": [row.to_dict() for row in rows],
    }


def device_name() -> str:
    """What the board or phone calls itself, such as Raspberry Pi 5 Model B Rev 1.0; else the machine's kind."""
    for path in MODEL_FILES:
        if path.is_file():
            return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    return _android_name() or platform.machine()


def _android_name() -> str:
    """Of Termux: what getprop says."""
    import shutil
    import subprocess

    if shutil.which("getprop") is None:
        return ""
    names = ("ro.product.manufacturer", "ro.product.model", "ro.soc.model")
    asked = [subprocess.run(["getprop", name], capture_output=True, text=True, check=False) for name in names]
    return " ".join(done.stdout.strip() for done in asked).strip()


def file_name(device: str) -> str:
    """latency--DEVICE.json, as benchmarks/results/ has it."""
    return f"latency--{re.sub(r'[^a-z0-9]+', '-', device.lower()).strip('-') or 'device'}.json"


def add_parser(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "device",
        help="measure a Raspberry Pi, a phone or any machine, into one JSON file to send back",
        description="Times of the shipped model beside MobileNetV2, the steps of predict, memory and cold start. "
        "Needs what the runtime needs, no data and no TensorFlow. docs/benchmarks.md says how to send the file.",
    )
    parser.add_argument(
        "--model", type=Path, action="append", help="a model file (default: those that come along)"
    )
    parser.add_argument("--threads", type=int, help="from 1 to this many (default: all processors, at most 4)")
    parser.add_argument("--runs", type=int, default=200, help="timed calls each (default %(default)s)")
    parser.add_argument("--out", type=Path, help="default: latency--DEVICE.json in this folder")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure, print, write."""
    from importlib import resources

    from train.checkpoint import write_bytes

    threads = min(4, os.cpu_count() or 1) if options.threads is None else options.threads
    if options.runs < 1 or threads < 1:
        raise InputError(f"expected --runs and --threads of 1 or more, got {options.runs} and {threads}")
    shipped = sorted(Path(str(resources.files("sdk") / "models")).glob("*.tflite"))
    paths = {path.stem: path for path in options.model or shipped}
    record = measure(paths, threads=threads, runs=options.runs)
    print(latency.to_table([latency.LatencyRow(**row) for row in record["rows"]]))
    if warning := machine.busy(record["machine"]["before"]):
        print(f"warning: {warning}; close other programs and run again")
    path = options.out or Path(file_name(record["environment"]["device"]["model"]))
    write_bytes(path, (json.dumps(record, indent=1) + "\n").encode())
    print(f"wrote {path}: please send it, docs/benchmarks.md says where")
