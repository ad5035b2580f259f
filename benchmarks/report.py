"""The report: every committed result on one HTML page, and the tables of README.md."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks import (
    accuracy,
    charts,
    detection,
    flops,
    goals,
    latency,
    limits,
    machine,
    pages,
    pose,
    quality,
    roofline,
    video,
)
from benchmarks.face_sets import WHOLE
from benchmarks.peers import scoring
from benchmarks.records import RESULTS, check, read_records
from sdk.errors import InputError
from train import input_report
from train.ablation import report as ablation

Record = Mapping[str, Any]
Records = Mapping[str, Record]

LEAD = (
    "68 facial landmarks and head pose on small devices: accuracy, size and speed, ours beside baselines and "
    "peers. Every figure is from a result file that names the command, the commit and the device it came from."
)

TABLES: Mapping[str, Callable[[Record], Iterator[str]]] = MappingProxyType(
    {
        "accuracy": lambda r: _accuracy(r),
        "video": lambda r: iter([video.to_table(_rows(video.VideoRow, r["rows"]))]),
        "flops": lambda r: iter([flops.to_table(_rows(flops.FlopsRow, r["rows"]))]),
        "ablation": lambda r: (t(r) for t in (ablation.claims_table, ablation.runs_table, ablation.noise_table)),
        "input": lambda r: iter([input_report.to_table(r)]),
        "latency": lambda r: _latency(r),
        "detector-latency": lambda r: iter([latency.to_table(_rows(latency.LatencyRow, r["rows"]))]),
        "detection": lambda r: iter([detection.to_table(_rows(detection.DetectionRow, r["rows"]))]),
        "limits": lambda r: iter([limits.to_table(_rows(limits.LimitRow, r["rows"]))]),
        "pose": lambda r: iter([pose.to_table(_rows(pose.PoseRow, r["rows"]))]),
        "quality": lambda r: iter([quality.to_table(_rows(quality.QualityRow, r["rows"]))]),
        "roofline": lambda r: _roofline(r),
        "peers": lambda r: _peers(r),
    }
)
"""The Markdown tables of a suite; any other suite shows its rows as they are."""


def report(folder: Path = RESULTS) -> str:
    """The page, from the result files of a folder.

    Raises:
        InputError: a file is not as schema.json says, or there is none.
    """
    records = read_records(folder)
    if not records:
        raise InputError(f"{folder}: expected result files, *.json, got none")
    sections = [
        pages.Section("Where we lead and where we do not", _verdicts(records)),
        pages.Section("Accuracy, time and size", pages.figures(_costs(records))),
        pages.Section("Error distributions", pages.figures(_distributions(records))),
    ]
    sections = [s for s in sections if s.body]
    sections += [pages.Section(_title(name), _body(record)) for name, record in records.items()]
    return pages.page("asmnet-edge: benchmarks", LEAD, sections)


def _title(name: str) -> str:
    suite, _, of = name.partition("--")
    return f"{suite.capitalize()}: {of}" if of else suite.capitalize()


def _body(record: Record) -> str:
    tables = TABLES.get(record["suite"], lambda r: iter([_plain_table(r["rows"])]))
    return _source(record) + "".join(pages.table(table) for table in tables(record))


def _source(record: Record) -> str:
    where = record["environment"]
    device = where["device"]
    text = f"{where['command']}. {device['cpu']}, {device['cores']} cores, {machine.kind_of(record)}, "
    text += f"{device['system']}; "
    text += f"commit {where['commit']}; Python {where['python']}, "
    text += ", ".join(f"{name} {version}" for name, version in where["versions"].items())
    state = record.get("machine", {}).get("before", {})
    if state.get("load_average"):
        text += f"; load before {state['load_average'][0]}"
    if state.get("governors"):
        text += f"; governor {', '.join(state['governors'])}"
    if state.get("temperatures_c"):
        text += f"; {max(state['temperatures_c'].values()):.0f} °C"
    return pages.paragraph(text + ".", kind="source")


def _accuracy(record: Record) -> Iterator[str]:
    yield accuracy.to_table(_rows(accuracy.AccuracyRow, record["rows"]))
    if record.get("peers"):
        yield scoring.to_table(_rows(scoring.PeerRow, record["peers"]))


def _peers(record: Record) -> Iterator[str]:
    rows = _rows(scoring.PeerRow, record["rows"])
    yield scoring.to_table(rows)
    if costs := scoring.costs_table(rows):
        yield costs


def _latency(record: Record) -> Iterator[str]:
    rows = _rows(latency.LatencyRow, record["rows"])
    yield latency.network_table(rows)
    yield latency.stage_table(rows)
    if record.get("models"):
        yield latency.model_table(_rows(latency.ModelRow, record["models"]))


def _roofline(record: Record) -> Iterator[str]:
    yield roofline.to_table(_rows(roofline.RooflineRow, record["rows"]))
    operations = _rows(roofline.OperationRow, record.get("operations", []))
    for name in dict.fromkeys(o.model for o in operations):
        yield roofline.profile_table([o for o in operations if o.model == name], slowest=5)


def _plain_table(rows: Sequence[Record]) -> str:
    names = [name for name, value in rows[0].items() if isinstance(value, str | int | float)]
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(_text(row.get(name)) for name in names)} |" for row in rows]
    return "\n".join(lines)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _verdicts(records: Records) -> str:
    body = pages.table(goals.to_table(goals.goals(records)))
    lines = scoring.standings(_of(records, "peers"))
    if not lines:
        return body
    ahead = sum(line.verdict == "we lead" for line in lines)
    behind = sum(line.verdict == "we do not" for line in lines)
    return (
        body
        + pages.paragraph(
            f"Beside the best of the other libraries measured we lead in {ahead} of {len(lines)} respects, "
            f"and do not in {behind}. Errors are of faces found; failures are errors above 10 % and missed faces."
        )
        + pages.table(scoring.standings_table(lines))
    )


def _costs(records: Records) -> str:
    """NME over time and over size of every model that has both."""
    errors = {
        r["model"]: r["nme_interocular"]
        for r in _of(records, "accuracy")
        if r["split"] == "test_common" and r["boxes"] == "jittered" and r.get("part", WHOLE) == WHOLE
    }
    timed = [r for r in _of(records, "latency") if r["stage"] == "network" and r["threads"] == 1]
    files = [m for r in records.values() if r["suite"] == "latency" for m in r.get("models", [])]
    body = _times(timed)
    for cost, points in (
        (
            "network, one thread, ms",
            [charts.Point(r["model"], r["p50_ms"], errors.get(r["model"], 0)) for r in timed],
        ),
        ("file, MB", [charts.Point(m["model"], m["file_bytes"] / 1e6, errors.get(m["model"], 0)) for m in files]),
    ):
        known = [p for p in points if p.error]
        if known:
            drawing = charts.cost_chart(known, cost=cost, error="NME, 300-W common, %")
            body += pages.figure(
                drawing, f"NME over {cost}. Blue: on the Pareto front, nothing is better in both."
            )
    peers = [r for r in _of(records, "peers") if r["split"] == "clips" and r["nme_51"] and r["p50_ms"]]
    if peers:
        points = [charts.Point(f"{r['peer']}, {r['mode']}", r["p50_ms"], r["nme_51"]) for r in peers]
        drawing = charts.cost_chart(
            points, cost="whole call on a frame, one face, ms", error="NME of 51 points, %"
        )
        body += pages.figure(
            drawing, "Clips of 640 x 480: NME of the 51 inner points over the time of the whole call."
        )
    return body


def _times(rows: Sequence[Record]) -> str:
    """Bars for float32 and int8; the baselines, whose weights are random, have no error to be drawn over."""
    times: dict[str, dict[str, float]] = {}
    for row in rows:
        network, _, kind = row["model"].rpartition("_")
        if kind in ("float32", "int8"):
            times.setdefault(network, {})[kind] = row["p50_ms"]
    if len(times) < 2:
        return ""
    drawing = charts.time_chart(times, title="network, one thread, median ms")
    return pages.figure(
        drawing, "Time of networks alone. Baselines have random weights: time and size, no accuracy."
    )


def _distributions(records: Records) -> str:
    body = ""
    known = [accuracy.AccuracyRow(**r) for r in _of(records, "accuracy")]
    whole = [r for r in known if r.ced and r.boxes == "jittered" and r.part == WHOLE]
    for faces in dict.fromkeys(r.faces_of for r in whole):
        drawing = charts.ced_chart({r.model: r.ced for r in whole if r.faces_of == faces})
        body += pages.figure(drawing, f"{faces}, jittered boxes, 68 points: share of faces up to each error.")
    rows = [r for r in _of(records, "peers") if r.get("ced_51")]
    for split in dict.fromkeys(r["split"] for r in rows):
        drawing = charts.ced_chart({f"{r['peer']}, {r['mode']}": r["ced_51"] for r in rows if r["split"] == split})
        body += pages.figure(
            drawing, f"{split}, whole call, 51 inner points; a missed face has no error small enough."
        )
    return body


def _of(records: Records, suite: str) -> list[dict[str, Any]]:
    return [row for record in records.values() if record["suite"] == suite for row in record["rows"]]


def _rows(kind: Any, rows: Sequence[Record]) -> list[Any]:
    return [kind(**row) for row in rows]


def add_parser(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "report",
        help="one HTML page of all results, and README.md's tables",
        description="Write all result files as one HTML page that needs nothing else, and bring README.md's "
        "tables up to date. Files are checked against benchmarks/schema.json first.",
    )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help="folder of result files (default: committed)"
    )
    parser.add_argument("--out", type=Path, default=Path("benchmarks.html"), help="the page (default %(default)s)")
    parser.add_argument("--no-readme", action="store_true", help="leave README.md as it is")
    parser.add_argument("--check", type=Path, metavar="JSON", help="only check a result file that was sent")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Check, write, say what was written."""
    from benchmarks.readme import update
    from train.checkpoint import write_bytes

    if options.check:
        try:
            check(json.loads(options.check.read_text(encoding="utf-8")), str(options.check))
        except (OSError, ValueError) as error:
            raise InputError(f"{options.check}: expected a result file in JSON ({error})") from error
        print(f"{options.check}: as it should be")
        return
    write_bytes(options.out, report(options.results).encode())
    print(f"wrote {options.out}")
    if options.results.resolve() == RESULTS and not options.no_readme:
        for path in update():
            print(f"updated {path.name}")
