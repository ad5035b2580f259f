"""Commands of python -m convert that look at model files, compare them and hold them to limits."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from convert.faces import Face, drawn_faces, packed_faces, portraits
from sdk.errors import InputError
from sdk.model_file import ModelFile
from train.checkpoint import write_bytes
from train.environment import environment

DRAWN = 30
"""Faces drawn where there are no others."""


def run_compare(options: argparse.Namespace) -> None:
    """Print and record what B costs against A."""
    from convert.comparison import compare
    from convert.tables import comparison_tables

    a, b = ModelFile.load(options.a), ModelFile.load(options.b)
    found = compare(a, b, _faces(options), num_threads=options.threads)
    print(comparison_tables(found))
    _record(options.json, {"comparison": found.to_dict()})


def run_layers(options: argparse.Namespace) -> None:
    """Print and record errors of activations."""
    from convert.layers import layer_errors
    from convert.tables import layer_table

    faces = [face for part in _faces(options).values() for face in part]
    faces = faces[:: max(1, len(faces) // options.faces)][: options.faces]
    rows = layer_errors(ModelFile.load(options.a), ModelFile.load(options.b), faces)
    print(layer_table(rows))
    _record(options.json, {"layers": [row.to_dict() for row in rows]})


def run_gate(options: argparse.Namespace) -> int:
    """Hold a model to its limits; 1 if it breaks one."""
    from convert.expected import Expected
    from convert.gate import Gate
    from convert.limits import Limits, limits_beside, load_limits
    from convert.tables import check_table

    path = options.limits or limits_beside(options.model)
    limits = Limits() if path is None else load_limits(path)
    expected = Expected.load(options.expected) if options.expected else None
    model, reference = ModelFile.load(options.model), ModelFile.load(options.reference)
    sets = _faces(options) if options.data else {}
    gate = Gate(reference, limits, sets=sets, expected=expected)
    checks = list(gate.checks(model))
    failed = [check for check in checks if not check.passed]
    print(check_table(checks))
    _record(options.json, {"limits": asdict(gate.limits_of(model)), "checks": [asdict(check) for check in checks]})
    print(f"\nlimits: {path or f'of the reference; there is no {options.model.stem}.limits.toml'}")
    print(f"{options.model.name}: {len(checks) - len(failed)} of {len(checks)} limits kept")
    for check in failed:
        print(f"gate: {check.name}: {check.value}, limit {check.limit}", file=sys.stderr)
    return 1 if failed else 0


def run_expect(options: argparse.Namespace) -> None:
    """Record answers of models."""
    from convert.expected import Expected
    from convert.scenes import scenes

    if options.out.suffix:
        raise InputError(f"--out {options.out}: expected a folder, got the name of a file")
    models = {options.out / f"{path.stem}_answers.npz": ModelFile.load(path) for path in options.model}
    for out, model in models.items():
        Expected.of(model, scenes()).save(out)
        print(f"wrote {out}")


def run_card(options: argparse.Namespace) -> None:
    """Write a model card."""
    from convert.card import model_card

    text = model_card(ModelFile.load(options.model))
    if options.out is None:
        print(text, end="")
    else:
        write_bytes(options.out, text.encode())
        print(f"wrote {options.out}")


def run_inspect(options: argparse.Namespace) -> None:
    """Print metadata and graph."""
    from convert.card import summary

    model = ModelFile.load(options.model)
    print(json.dumps({"metadata": dict(model.metadata), "graph": summary(model)}, indent=1))


def _faces(options: argparse.Namespace) -> dict[str, Sequence[Face]]:
    if options.data is None:
        return _free_faces()
    return {f"{options.data.name} {options.split}": packed_faces(options.data, options.split)}


def _free_faces() -> dict[str, Sequence[Face]]:
    """Faces that need no licence; portraits where a package that carries them is installed."""
    found = {"drawn": drawn_faces(DRAWN), "portraits": portraits()}
    return {name: faces for name, faces in found.items() if faces}


def _record(path: Path | None, figures: dict[str, Any]) -> None:
    if path is None:
        return
    record = {"environment": environment(_command()), **figures}
    write_bytes(path, (json.dumps(record, indent=1) + "\n").encode())
    print(f"wrote {path}")


def _command() -> str:
    """The command line as a record may keep it: an absolute path names a machine, its last part does not."""
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    return "python -m convert " + " ".join(words)
