"""Executed instructions of networks and tracked frames on emulated Arm processors, as ratios to MobileNetV2.

Instructions are not time: they leave out caches, memory and how many instructions a core executes at once. Ratios
between networks of the same kernels say much, those between int8 and float32 less.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.records import ROOT
from sdk import ModelFile
from sdk.errors import BackendError, InputError

CPUS = ("cortex-a53", "cortex-a72", "cortex-a76")
"""Raspberry Pi 3, 4 and 5; the last has dot products of int8."""

STAGES = ("network", "track")
REFERENCE = "mobilenet_v2_224_int8"
CALLS = (2, 6)
"""Calls of the two runs whose difference is taken, so that start-up drops out."""

SOURCE = Path(__file__).with_name("emulated_count.c")


@dataclass(frozen=True, slots=True)
class EmulatedRow:
    """Millions of instructions of one call; ratio: over those of the reference's network on the same processor."""

    cpu: str
    model: str
    stage: str
    minstructions: float
    ratio: float


Count = Callable[[str, str, Path, int], int]
"""Instructions of a whole process: processor, stage, file, calls."""


def measure(count: Count, files: Mapping[str, Mapping[str, Path]], cpus: tuple[str, ...]) -> Iterator[EmulatedRow]:
    """A row per processor, stage and model.

    Args:
        files: by stage and model; the networks' hold the reference.
    """
    for cpu in cpus:
        reference = _per_call(count, cpu, "network", files["network"][REFERENCE])
        for stage, models in files.items():
            for model, path in models.items():
                known = stage == "network" and model == REFERENCE
                one = reference if known else _per_call(count, cpu, stage, path)
                yield EmulatedRow(cpu, model, stage, one / 1e6, one / reference)


def _per_call(count: Count, cpu: str, stage: str, path: Path) -> float:
    few, many = (count(cpu, stage, path, calls) for calls in CALLS)
    return (many - few) / (CALLS[1] - CALLS[0])


class Emulator:
    """Python for arm64 below `arm`, the folder of tests/arm/run.sh, under qemu-aarch64 with a plugin that counts.

    Raises:
        BackendError: the emulator, the folder or a C compiler is missing.
    """

    def __init__(self, arm: Path, scratch: Path, *, qemu: str | None = None) -> None:
        roots = sorted(arm.glob("*/usr/bin/python3.*[0-9]"))
        sites = {path.name.removeprefix("wheels_"): path for path in arm.glob("wheels_*")}
        found = qemu or shutil.which("qemu-aarch64")
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not roots or not sites or found is None or compiler is None:
            raise BackendError(
                f"emulated: expected qemu-aarch64 and a C compiler (apt install qemu-user gcc), and in {arm} what "
                "tests/arm/run.sh FOLDER puts there"
            )
        self._python, self._qemu = roots[0], found
        self._site = sites[roots[0].name.removeprefix("python")]
        self._plugin = scratch / "count.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(self._plugin), str(SOURCE)], check=True)

    def __call__(self, cpu: str, stage: str, path: Path, calls: int) -> int:
        variables = {"PYTHONPATH": f"{self._site}:{ROOT}", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [self._qemu, "-cpu", cpu, "-plugin", str(self._plugin), "-L", str(self._python.parents[2])]
        command += ["-U", "LD_LIBRARY_PATH"]
        for name, value in {**variables, "OMP_NUM_THREADS": "1"}.items():
            command += ["-E", f"{name}={value}"]
        command += [str(self._python), "-m", "benchmarks.emulated_probe", stage, str(path), str(calls)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        told = re.findall(r"^instructions (\d+)$", done.stderr, re.MULTILINE)
        if done.returncode or not told:
            raise BackendError(
                f"emulated: {self._qemu} -cpu {cpu} failed: {done.stderr.strip()[-400:]}; a statically linked "
                "emulator takes no plugins"
            )
        return int(told[-1])


def to_table(rows: list[EmulatedRow]) -> str:
    """The rows as a Markdown table."""
    lines = ["| processor | model | stage | million instructions | ratio |", "|---|---|---|---:|---:|"]
    lines += [f"| {r.cpu} | {r.model} | {r.stage} | {r.minstructions:.1f} | {r.ratio:.2f} |" for r in rows]
    return "\n".join(lines)


def _files(paths: Mapping[str, Path], stages: list[str], scratch: Path) -> dict[str, dict[str, Path]]:
    """Flatbuffers of the models and of MobileNetV2 for the networks, model files for tracked frames."""
    from benchmarks.reference import KINDS, NETWORK, reference

    networks = {name: ModelFile.load(path).flatbuffer for name, path in paths.items()}
    networks |= {f"{NETWORK}_{kind}": reference(kind).flatbuffer for kind in KINDS}
    for name, content in networks.items():
        (scratch / name).write_bytes(content)
    files = {"network": {name: scratch / name for name in networks}}
    return files | ({"track": {name: path.resolve() for name, path in paths.items()}} if "track" in stages else {})


def add_parser(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "emulated",
        help="executed instructions on emulated Arm processors, as ratios to MobileNetV2",
        description="Counts instructions under qemu-aarch64 with a plugin, of two runs whose difference is taken. "
        "tests/arm/run.sh FOLDER makes what it runs. Minutes per processor.",
    )
    parser.add_argument(
        "--arm", type=Path, default=Path("/tmp/asmnet_arm64"), help="its folder (default: %(default)s)"
    )
    parser.add_argument("--qemu", help="the emulator, linked dynamically (default: qemu-aarch64 of the PATH)")
    parser.add_argument("--cpu", action="append", choices=CPUS, help="a processor; repeat for more (default: all)")
    parser.add_argument("--stage", action="append", choices=STAGES, help="network or track (default: both)")
    parser.add_argument("--model", type=Path, action="append", help="a model file (default: accurate and fast)")
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure, print, record."""
    from benchmarks.records import write_record

    given = options.model or [ROOT / "sdk" / "models" / f"{n}_int8.tflite" for n in ("accurate", "fast")] + [
        ROOT / "models" / f"{n}_float32.tflite" for n in ("accurate", "fast")
    ]
    if missing := [path for path in given if not path.is_file()]:
        raise InputError(f"expected a model file, got {missing[0]}")
    with tempfile.TemporaryDirectory() as folder:
        files = _files({path.stem: path for path in given}, options.stage or list(STAGES), Path(folder))
        emulator = Emulator(options.arm, Path(folder), qemu=options.qemu)
        rows = list(measure(emulator, files, tuple(options.cpu or CPUS)))
    print(to_table(rows))
    write_record(
        options.out, "emulated", [asdict(r) for r in rows], reference=REFERENCE, calls=CALLS, processor="emulated"
    )
