"""A network of a few hundred bytes for the fuzzer to start from: python tiny_network.py FILE."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import numpy as np

INT8, INT32 = schema.TensorType.INT8, schema.TensorType.INT32


def made(kind: str, **values: object) -> Any:
    """An object of the schema."""
    found = getattr(schema, kind + "T")()
    vars(found).update(values)
    return found


def tensor(model: Any, shape: tuple[int, ...], kind: int, data: bytes = b"") -> int:
    """Adds a tensor, constant where there are data; its index."""
    grid = made("QuantizationParameters", scale=[0.1], zeroPoint=[0]) if kind == INT8 else None
    content = np.frombuffer(data, np.uint8) if data else None
    model.buffers.append(made("Buffer", data=content))
    tensors = model.subgraphs[0].tensors
    buffer, name = len(model.buffers) - 1, f"t{len(tensors)}"
    tensors.append(made("Tensor", shape=list(shape), type=kind, buffer=buffer, name=name, quantization=grid))
    return len(tensors) - 1


def operator(
    model: Any, code: int, inputs: list[int], outputs: list[int], kind: int = 0, options: Any = None
) -> None:
    """Adds an operator."""
    model.operatorCodes.append(made("OperatorCode", deprecatedBuiltinCode=code, builtinCode=code, version=1))
    index = len(model.operatorCodes) - 1
    values: dict[str, object] = {"opcodeIndex": index, "inputs": inputs, "outputs": outputs}
    found = made("Operator", builtinOptionsType=kind, builtinOptions=options, **values)
    model.subgraphs[0].operators.append(found)


def network() -> bytes:
    """A convolution, an enlargement and a sum."""
    graph = made("SubGraph", tensors=[], operators=[], name="main")
    model = made(
        "Model", version=3, operatorCodes=[], subgraphs=[graph], buffers=[made("Buffer")], description="tiny"
    )
    image = tensor(model, (1, 4, 4, 3), INT8)
    weights = tensor(model, (2, 3, 3, 3), INT8, bytes(54))
    small = tensor(model, (1, 2, 2, 2), INT8)
    size = tensor(model, (2,), INT32, np.array([4, 4], "<i4").tobytes())
    large, total = tensor(model, (1, 4, 4, 2), INT8), tensor(model, (1, 4, 4, 2), INT8)
    code, kind = schema.BuiltinOperator, schema.BuiltinOptions
    conv = made("Conv2DOptions", strideW=2, strideH=2, dilationWFactor=1, dilationHFactor=1)
    operator(model, code.CONV_2D, [image, weights, -1], [small], kind.Conv2DOptions, conv)
    resize = made("ResizeBilinearOptions", halfPixelCenters=True)
    operator(model, code.RESIZE_BILINEAR, [small, size], [large], kind.ResizeBilinearOptions, resize)
    operator(model, code.ADD, [large, large], [total], kind.AddOptions, made("AddOptions"))
    graph.inputs, graph.outputs = [image], [total]
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(network())
