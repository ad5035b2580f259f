"""The state of the machine around a measurement, and the processors a process runs on. Linux shows most of it;
what a device does not show is None or left out."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

SYS = Path("/sys/devices/system/cpu")
THERMAL = Path("/sys/class/thermal")
FEATURES = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "asimd", "asimddp", "i8mm", "sve")
"""Processor features that decide how fast small networks are, as /proc/cpuinfo spells them."""

INTEGERS = ("i8mm", "asimddp", "avx512_vnni", "avx_vnni", "avx2", "asimd")
"""Those of FEATURES by which integer arithmetic is told apart, fastest first."""

LOWERED_TO = "ASMNET_LOWERED_TO"
"""Variable of a process that takes this processor for a lesser one; benchmarks.lowered sets it."""

LOWERED: Mapping[str, tuple[str, ...]] = {
    "avx_vnni": ("avx512f", "avx512_vnni"),
    "avx2": ("avx512f", "avx512_vnni", "avx_vnni"),
}
"""Classes a process can be held to, and which of FEATURES it then lacks."""


def state() -> dict[str, Any]:
    """Load, governor, frequencies and temperatures now."""
    load = os.getloadavg() if hasattr(os, "getloadavg") else None
    return {
        "load_average": None if load is None else [round(v, 2) for v in load],
        "governors": sorted(set(_texts(SYS, "cpu[0-9]*/cpufreq/scaling_governor"))) or None,
        "frequencies_mhz": [round(int(v) / 1e3) for v in _texts(SYS, "cpu[0-9]*/cpufreq/scaling_cur_freq")]
        or None,
        "temperatures_c": dict(_temperatures()) or None,
    }


def features() -> list[str]:
    """Which of FEATURES this processor has, where /proc/cpuinfo tells, but for what `lowered` takes away."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith(("flags", "Features"))), [])
    hidden = LOWERED.get(os.environ.get(LOWERED_TO, ""), ())
    return [name for name in FEATURES if name in flags and name not in hidden]


def kind() -> str:
    """Class of this processor: machine and fastest integer arithmetic, such as x86_64-avx512_vnni."""
    return _kind(platform.machine(), features())


def kind_of(record: Mapping[str, Any]) -> str:
    """Class of the processor that a result file was measured on."""
    known = record.get("machine", {}).get("features", ())
    return str(record.get("processor") or _kind(record["environment"]["device"]["machine"], known))


def _kind(name: str, known: Sequence[str]) -> str:
    return "-".join([name.lower(), *[feature for feature in INTEGERS if feature in known][:1]])


def pin(threads: int) -> list[int] | None:
    """Keep this process on its `threads` fastest processors; returns them, None where that cannot be done.

    Threads that an interpreter starts afterwards inherit it.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0), key=lambda cpu: (-_speed(cpu), cpu))
    chosen = sorted(allowed[:threads])
    if len(chosen) < threads:
        return None
    try:
        os.sched_setaffinity(0, chosen)
    except OSError:  # a sandbox, Android's among them
        return None
    return chosen


def processors() -> set[int] | None:
    """Those this process may run on, to go back to after `pin`; None where the system does not tell."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def unpin(allowed: set[int] | None) -> None:
    """Back to the processors that `processors` returned."""
    if allowed is not None:
        os.sched_setaffinity(0, allowed)


def peak_rss_mb() -> float | None:
    """Most memory this process ever held; None on Windows.

    Linux says it twice: getrusage's figure is at least that of the process that started this one.
    """
    status = _text(Path("/proc/self/status")) or ""
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10))


def busy(before: dict[str, Any]) -> str | None:
    """A warning if, by the `state` before measuring, other programs were at work."""
    load = (before["load_average"] or [0.0])[0]
    if load <= 0.5:
        return None
    return f"the load was {load:.1f} on {os.cpu_count()} processors: these are times of a busy machine"


def _speed(cpu: int) -> int:
    """Of big and little cores: capacity if the kernel tells, else the highest frequency."""
    folder = SYS / f"cpu{cpu}"
    values = [_text(folder / "cpu_capacity"), _text(folder / "cpufreq" / "cpuinfo_max_freq")]
    return next((int(v) for v in values if v and v.isdigit()), 0)


def _temperatures() -> Iterator[tuple[str, float]]:
    for zone in sorted(THERMAL.glob("thermal_zone*")):
        value = _text(zone / "temp")
        if value and value.lstrip("-").isdigit():
            yield f"{zone.name} {_text(zone / 'type') or ''}".strip(), int(value) / 1e3


def _texts(root: Path, pattern: str) -> list[str]:
    return [text for path in sorted(root.glob(pattern)) if (text := _text(path))]


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
