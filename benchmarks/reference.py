"""MobileNetV2 at 224 pixels, what ratios are taken to, on machines without TensorFlow.

reference_graphs/ holds the converted graphs with all weights set to zero, which compress to a few kilobytes; they
are filled with random numbers when opened, since speed does not depend on what a network learned.
`python -m benchmarks.reference` makes them again.
"""

from __future__ import annotations

import gzip
import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.baselines import as_model_file
from convert.graph import packed, unpacked
from sdk.errors import BackendError, InputError
from sdk.model_file import ModelFile

FOLDER = Path(__file__).with_name("reference_graphs")
NETWORK = "mobilenet_v2_224"
SIZE = 224
KINDS = ("float32", "int8")
_SMALL = 64
"""Bytes; shorter constants are axes and shapes."""


@cache
def reference(kind: str) -> ModelFile:
    """The model in float32 or int8, with random weights and the shipped model's metadata."""
    if kind not in KINDS:
        raise InputError(f"reference: expected one of {', '.join(KINDS)}, got {kind!r}")
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise BackendError(
            "MobileNetV2, which ratios are taken to, needs ai-edge-litert to be opened; it has no wheels for "
            "32-bit systems: use a 64-bit one"
        )
    content = gzip.decompress((FOLDER / f"{NETWORK}_{kind}.tflite.gz").read_bytes())
    name = f"{NETWORK}_{kind}"
    return ModelFile.from_bytes(as_model_file(filled(content), name, SIZE), origin=name)


def emptied(flatbuffer: bytes) -> bytes:
    """The graph with zeros for weights and biases."""
    model = unpacked(flatbuffer)
    for buffer in model.buffers:
        if _holds_weights(buffer):
            buffer.data = np.zeros(len(buffer.data), np.uint8)
    return packed(model)


def filled(flatbuffer: bytes, *, seed: int = 0) -> bytes:
    """Inverse of `emptied`, with random weights: int8 anywhere, floats scaled for activations in range."""
    model, rng = unpacked(flatbuffer), np.random.default_rng(seed)
    for tensor in model.subgraphs[0].tensors:
        buffer = model.buffers[tensor.buffer]
        if _holds_weights(buffer) and len(tensor.shape) > 1:
            buffer.data = np.frombuffer(_weights(tensor, len(buffer.data), rng), np.uint8)
    return packed(model)


def _holds_weights(buffer: Any) -> bool:
    return buffer.data is not None and len(buffer.data) > _SMALL


def _weights(tensor: Any, n_bytes: int, rng: np.random.Generator) -> bytes:
    shape = tuple(int(n) for n in tensor.shape)
    if n_bytes == np.prod(shape):
        return rng.integers(-127, 128, shape).astype(np.int8).tobytes()
    fan_in = np.prod(shape[1:]) if shape[0] > 1 else np.prod(shape[1:-1])  # depthwise: (1, h, w, channels)
    return (rng.normal(size=shape) * (2.0 / fan_in) ** 0.5).astype(np.float32).tobytes()


def main() -> int:
    """Write reference_graphs/ from the converted baseline; needs the extra `convert`."""
    from benchmarks.baselines import BASELINES, model_path
    from train.checkpoint import write_bytes

    baseline = next(b for b in BASELINES if b.name == NETWORK)
    for kind in KINDS:
        flatbuffer = ModelFile.load(model_path(baseline, kind)).flatbuffer
        path = FOLDER / f"{NETWORK}_{kind}.tflite.gz"
        write_bytes(path, gzip.compress(emptied(flatbuffer), 9, mtime=0))
        print(f"{path.name}: {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
