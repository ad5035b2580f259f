"""Command line: python -m benchmarks points."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

from benchmarks.options import add_models
from benchmarks.records import write_record

SIDE_SHIFT = Path("models/side_shift_300w.npz")


def add_parser(commands: Any) -> None:
    """The command `points`."""
    parser = commands.add_parser(
        "points",
        help="whether Face.point_errors and Face.confidence tell how far off landmarks are",
        description="Measure point errors and confidence on hard faces of 300W, WFLW and InfAnFace. With "
        "--write-into the weights of the point errors are fitted first, on 300W's val split and the infants kept "
        "out of training, in plain and in harder views (docs/conventions.md).",
        epilog="Example: python -m benchmarks points --data DATA --write-into sdk/models/accurate_int8.tflite",
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of 300W/, InfAnFace/ and WFLW_test_subset/"
    )
    add_models(parser)
    parser.add_argument(
        "--write-into",
        type=Path,
        action="append",
        default=[],
        metavar="MODEL",
        help="a model file that gets weights fitted to it, and is measured then; repeat for more",
    )
    parser.add_argument(
        "--side-shift",
        type=Path,
        metavar="NPZ",
        help="what train side-shift wrote for 300W's train split: taken off its labels (default: "
        "models/side_shift_300w.npz of a checkout)",
    )
    parser.add_argument("--out", type=Path, metavar="JSON", help="also record rows and environment here")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw true over expected errors")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from benchmarks import reliability
    from benchmarks.face_sets import W300
    from sdk import FaceAligner
    from train.checkpoint import write_bytes
    from train.labelling.side_shift import SideShift

    given = options.side_shift or SIDE_SHIFT
    shift = SideShift.load(given) if options.side_shift or given.is_file() else None
    shifts = {} if shift is None else {W300: shift}
    for path in options.write_into:
        _fit(path, options.data, shift)
    rows = []
    for model in options.model or options.write_into or ("accurate", "fast"):
        with FaceAligner(model) as aligner:
            rows += reliability.measure(aligner, options.data, side_shifts=shifts)
    print(reliability.to_table(rows))
    if options.plot:
        content = io.BytesIO()
        reliability.chart(rows).savefig(content, format="png", dpi=100, metadata={"Software": None})
        write_bytes(options.plot, content.getvalue())
        print(f"wrote {options.plot}")
    write_record(options.out, "points", [r.to_dict() for r in rows])


def _fit(path: Path, data: Path, shift: Any) -> None:
    from benchmarks import point_errors as p
    from sdk import ModelFile
    from train.checkpoint import write_bytes

    model = ModelFile.load(path)
    weights = p.fit(p.look(model, p.val_faces(data, side_shift=shift)), model.scheme)
    written = p.with_weights(model, weights)
    write_bytes(path, written.repacked(written.metadata))
    own, (mean, eyes), looks = weights.kernel[:, 0], weights.kernel[0, 1:], weights.looks
    print(
        f"wrote {path}: weights of a point's own spread {own.min():.2f} to {own.max():.2f}, of the mean spread "
        f"{mean:.2f}, of the eyes {eyes:.2f}; of two looks {looks[0]:.2f} and {looks[1]:.2f}"
    )
