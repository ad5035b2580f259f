"""A model card in Markdown: what a model file says of itself, for people."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from convert.graph import Graph, read_graph
from convert.inspection import float_macs_percent, is_integer, size, work
from sdk.model_file import ModelFile

CRITERIA = (
    ("name", "name"),
    ("network", "network"),
    ("scheme", "landmark scheme"),
    ("input_size", "input, pixels per side"),
    ("crop_margin", "side of the crop over the longer side of the landmark box"),
    ("recipe", "recipe"),
    ("calibration_faces", "calibration, faces"),
    ("commit", "commit"),
    ("format_version", "format version"),
)


def model_card(model: ModelFile) -> str:
    """The card; sections of what the file does not say are left out."""
    facts, graph = model.metadata, read_graph(model.flatbuffer)
    parts = [
        f"# Model card: {model.name}",
        _table([(words, facts[key]) for key, words in CRITERIA if key in facts] + _of_graph(model, graph)),
        _section("Terms", facts.get("terms")),
        _section("Outputs", facts.get("outputs")),
        _section("Quantisation", facts.get("quantisation")),
        _section("Training", _without_config(facts.get("training"))),
        _section("Fine-tuning", facts.get("fine_tuning")),
        _section("Versions", facts.get("versions")),
        _section("Checksums (SHA-256)", facts.get("sha256")),
        _config(facts.get("training")),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def summary(model: ModelFile) -> dict[str, Any]:
    """What `python -m convert inspect` prints beside the metadata: the graph in numbers."""
    graph = read_graph(model.flatbuffer)
    return {
        "flatbuffer_bytes": len(model.flatbuffer),
        "head_bytes": 0 if model.head is None else model.head.bytes,
        "multiply_accumulates": work(model),
        "float_macs_percent": round(float_macs_percent(graph), 3),
        "operations": dict(Counter(op.code for op in graph.operations).most_common()),
        "outputs": {
            t.name: {"type": t.type, "scale": t.scales, "zero_point": t.zero_points} for t in graph.outputs
        },
    }


def _of_graph(model: ModelFile, graph: Graph) -> list[tuple[str, Any]]:
    return [
        ("flatbuffer and head, bytes", size(model)),
        ("flatbuffer, SHA-256", hashlib.sha256(model.flatbuffer).hexdigest()),
        ("multiply-accumulates, millions", f"{work(model) / 1e6:.1f}"),
        ("convolutions compute on", "integers" if is_integer(graph) else "floats"),
        ("shape model, modes", model.shape_model.n_modes),
    ]


def _without_config(training: Any) -> Any:
    return {k: v for k, v in training.items() if k != "config"} if isinstance(training, Mapping) else training


def _config(training: Any) -> str:
    if not isinstance(training, Mapping) or "config" not in training:
        return ""
    return "## Training configuration\n\n```json\n" + json.dumps(training["config"], indent=1) + "\n```"


def _section(title: str, content: Any) -> str:
    if not content:
        return ""
    return f"## {title}\n\n" + (_table(content.items()) if isinstance(content, Mapping) else str(content))


def _table(rows: Any) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {key} | {_words(value)} |" for key, value in rows)])


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(part)}" for key, part in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
