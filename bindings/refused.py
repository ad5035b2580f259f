"""Model files that every reader refuses, for the tests of the bindings: python refused.py FOLDER.

Writes NAME.tflite, checksums right, and refused.txt with a line for each: its name and a part of the refusal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sdk import ModelFile
from sdk.arrays import array_bytes
from sdk.model_file import ARRAY_NAME
from sdk.packing import pack_file

MODEL = ModelFile.default()


def built(
    *,
    flatbuffer: bytes = MODEL.flatbuffer,
    shape: dict[str, Any] | None = None,
    head: dict[str, Any] | None = None,
    **metadata: object,
) -> bytes:
    """The shipped model with other parts, not looked at."""
    assert MODEL.head is not None
    arrays = {
        ARRAY_NAME.format(name): array for name, array in (MODEL.shape_model.arrays() | (shape or {})).items()
    }
    arrays |= {f"head/{name}.npy": array for name, array in (MODEL.head.arrays() | (head or {})).items()}
    table = {key: value for key, value in MODEL.metadata.items() if key not in ("sha256", "format_version")}
    members = {name: array_bytes(np.asarray(array, np.float32)) for name, array in arrays.items()}
    return pack_file(flatbuffer, table | metadata, members, version=2)


def network(change: Callable[[Any], None]) -> bytes:
    """The shipped network, changed by the schema's own objects."""
    import flatbuffers
    from ai_edge_litert.schema_py_generated import ModelT

    model = ModelT.InitFromPackedBuf(bytearray(MODEL.flatbuffer))
    change(model)
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _operator(model: Any, name: str, value: object) -> None:
    setattr(model.subgraphs[0].operators[3], name, value)


def _stride(model: Any) -> None:
    options = (op.builtinOptions for op in model.subgraphs[0].operators)
    next(o for o in options if hasattr(o, "dilationWFactor")).strideW = 0


def _resize(model: Any) -> None:
    graph = model.subgraphs[0]
    resize = next(op for op in graph.operators if type(op.builtinOptions).__name__ == "ResizeBilinearOptionsT")
    size = np.array([1 << 20, 1 << 20], "<i4").tobytes()
    model.buffers[graph.tensors[resize.inputs[1]].buffer].data = np.frombuffer(size, np.uint8)


def cases() -> Iterator[tuple[str, bytes, str]]:
    """Name, content and words of each."""
    shape = MODEL.shape_model
    yield "margin", built(crop_margin=1e30), "crop_margin"
    yield "scale", built(input_scale=0.0), "input_scale"
    yield "size", built(input_size=1 << 20), "input_size"
    yield "name", built(name="\x01\x02"), "name"
    rule = dict.fromkeys(("bias", "score", "first", "last", "confidence", "plausibility"), 0.0)
    yield "acceptance", built(acceptance={**rule, "last": 2e3}), "acceptance: last: expected"
    yield "acceptance_part", built(acceptance={"bias": 1.0}), "acceptance: score: expected"
    yield "version", built().replace(b"PK\x05\x06\0\0\0\0", b"PK\x05\x06\1\0\1\0"), "no readable metadata"
    yield "modes", built(shape={"eigenvectors": shape.eigenvectors * 1.01}), "orthonormal"
    yield "mean", built(shape={"mean": shape.mean * 2}), "unit RMS radius"
    yield "flat", built(shape={"mean_3d": shape.mean_3d * (1, 1, 0)}), "a plane"
    yield "variances", built(shape={"eigenvalues": shape.eigenvalues * 1e6}), "eigenvalues"
    yield "looks", built(head={"errors_looks": [0.9, -0.1]}), "errors_looks"
    yield "errors", built(head={"errors_kernel": np.zeros((68, 2))}), "errors_kernel"
    yield "cut", built(flatbuffer=MODEL.flatbuffer[: len(MODEL.flatbuffer) // 2]), "network: "
    yield "root", built(flatbuffer=b"\xff\xff\xff\x7f" + MODEL.flatbuffer[4:]), "network: points to byte"
    yield "index", built(flatbuffer=network(lambda m: _operator(m, "inputs", [9999, 1]))), "input 9999 is not made"
    yield "code", built(flatbuffer=network(lambda m: _operator(m, "opcodeIndex", 99))), "an index below"
    yield "stride", built(flatbuffer=network(_stride)), "steps of 1 to 4096"
    yield "gigabytes", built(flatbuffer=network(_resize)), "(RESIZE_BILINEAR)"


def main() -> None:
    """Write them all."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, content, words in cases():
        (folder / f"{name}.tflite").write_bytes(content)
        lines.append(f"{name} {words}\n")
    (folder / "refused.txt").write_text("".join(lines), encoding="ascii")


if __name__ == "__main__":
    main()
