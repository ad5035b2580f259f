"""The report: files checked, figures drawn, nothing from outside."""

from __future__ import annotations

import copy
import html.parser
import json
import re

import pytest

from benchmarks import goals
from benchmarks.__main__ import main
from benchmarks.charts import Point, pareto_front
from benchmarks.pages import Section, page, table
from benchmarks.records import RESULTS, check, read_record, read_records, write_record
from benchmarks.report import report
from sdk import InputError

LATENCY = {"threads": 1, "runs": 9, "p95_ms": 9.0}
PEER = {
    "version": "1",
    "faces": 4,
    "missed": 0,
    "points": 68,
    "nme_68": 5.0,
    "failure_rate_at_10": 0.0,
    "p95_ms": 9.0,
    "import_ms": 9.0,
    "peak_rss_mb": 100.0,
    "install_mb": 50.0,
    "ced_51": [0.0, 1.0],
}


@pytest.fixture
def results(tmp_path):
    """Small records of every suite that has figures, in a folder."""
    folder = tmp_path / "results"
    rows = [
        {"model": "accurate_int8", "stage": "network", "p50_ms": 1.0, "ratio": 0.34, **LATENCY},
        {"model": "mobilenet_v2_224_int8", "stage": "network", "p50_ms": 3.0, "ratio": 1.0, **LATENCY},
    ]
    models = [
        {
            "model": "accurate_int8",
            "sha256": "0" * 64,
            "file_bytes": 1_800_000,
            "cold_start_ms": 90.0,
            "import_ms": 80.0,
            "peak_rss_mb": 130.0,
            "modules_rss_mb": 120.0,
        }
    ]
    write_record(folder / "latency--x.json", "latency", rows, reference="mobilenet_v2_224_int8", models=models)
    accurate = copy.deepcopy(next(iter(read_records(suite="accuracy").values()))["rows"])
    for row in accurate:
        row["ced"] = [0.0, 0.5, 1.0]
    write_record(folder / "accuracy--x.json", "accuracy", accurate)
    peers = [
        {"peer": goals.OURS, "mode": "tracking", "split": "clips", "nme_51": 3.0, "p50_ms": 2.0, **PEER},
        {"peer": "mediapipe x", "mode": "tracking", "split": "clips", "nme_51": 2.0, "p50_ms": 5.0, **PEER},
    ]
    write_record(folder / "peers--x.json", "peers", peers)
    write_record(folder / "other--x.json", "other", [{"name": "<b>&", "value": 0.123456}])
    return folder


class Outside(html.parser.HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []

    def handle_starttag(self, tag, attrs):
        names = {"src", "href", "xlink:href"}
        self.fetched += [v for k, v in attrs if k in names and v and not v.startswith("#")]


def test_the_page_needs_nothing_else_and_holds_every_file(results):
    text = report(results)
    outside = Outside()
    outside.feed(text)
    assert outside.fetched == []
    assert "@import" not in text
    assert text.count("<svg") == 1 + 2 + 2 + 1 + 1  # bars; time and size; two splits; peers' time; peers' curves
    for title in ("Accuracy: x", "Latency: x", "Peers: x", "Other: x"):
        assert f">{title}</h2>" in text
    assert "&lt;b&gt;&amp;" in text
    assert "0.1235" in text


def test_the_same_results_give_the_same_page(results):
    assert report(results) == report(results)


def test_the_page_says_where_we_lead_and_where_not(results):
    text = report(results)
    assert re.search(r"network of accurate.*?0\.34.*?met", text)
    assert re.search(r"network of fast.*?not measured", text)
    assert re.search(r"fastest tracking.*?2\.50.*?missed", text)
    assert re.search(r"time of a call, ms</td><td[^>]*>2</td><td[^>]*>5</td><td>we lead</td><td>mediapipe x", text)
    assert re.search(
        r"inner points[^<]*</td><td[^>]*>3</td><td[^>]*>2</td><td>we do not</td><td>mediapipe x", text
    )
    assert "we lead in 1 of 7 respects, and do not in 1." in text


def test_a_file_that_is_not_as_it_should_be_is_named(results):
    path = results / "latency--x.json"
    record = json.loads(path.read_text())
    record["rows"][1]["p50_ms"] = -3
    path.write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"latency--x\.json: at rows/1/p50_ms: -3 is less than"):
        report(results)
    path.write_text("{")
    with pytest.raises(InputError, match="expected a result file in JSON"):
        report(results)
    with pytest.raises(InputError, match="expected result files"):
        report(results / "nowhere")


def test_a_record_without_an_origin_is_refused():
    with pytest.raises(InputError, match="'environment' is a required property"):
        check({"suite": "other", "rows": [{}]}, "it")


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda p: p.stem)
def test_committed_results_are_as_the_schema_says(path):
    assert read_record(path)["rows"]


def test_the_front_has_what_nothing_beats():
    a, b, c, d = Point("a", 1, 5), Point("b", 2, 6), Point("c", 3, 4), Point("d", 3, 4.5)
    assert pareto_front([d, c, b, a]) == [a, c]


def test_tables_keep_their_cells():
    text = table("| a | b |\n|---|---:|\n| x < y | 2 |")
    assert '<th class="right">b</th>' in text
    assert '<td>x &lt; y</td><td class="right">2</td>' in text
    assert '<h2 id="one-two">One: two</h2>' in page("t", "l", [Section("One: two", text)])


def test_the_command_writes_the_page_and_checks_files(results, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main(["report", "--results", str(results), "--out", str(out)]) == 0
    assert out.read_text().startswith("<!doctype html>")
    assert main(["report", "--check", str(results / "peers--x.json")]) == 0
    (tmp_path / "bad.json").write_text('{"suite": "latency"}')
    assert main(["report", "--check", str(tmp_path / "bad.json")]) == 2
    assert "bad.json: at the top" in capsys.readouterr().err
