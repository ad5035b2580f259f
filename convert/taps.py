"""Activations inside a model, as real numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.faces import Face
from convert.graph import Tensor
from convert.looks import input_tensor
from sdk.model_file import ModelFile
from sdk.quantization import dequantize

Float32 = npt.NDArray[np.float32]


def taps(model: ModelFile, tensors: Mapping[str, Tensor], faces: Sequence[Face]) -> Iterator[dict[str, Float32]]:
    """The tensors by their keys, face by face; without a delegate, which would keep them to itself."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    runner = Interpreter(
        model_content=model.flatbuffer,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    runner.allocate_tensors()
    entry = runner.get_input_details()[0]
    for face in faces:
        runner.set_tensor(entry["index"], input_tensor(entry, model, face))
        runner.invoke()
        yield {key: _real(runner.get_tensor(tensor.index), tensor) for key, tensor in tensors.items()}


def _real(values: npt.NDArray[Any], tensor: Tensor) -> Float32:
    if not tensor.scales:
        return values.astype(np.float32)
    return dequantize(values, scale=tensor.scales[0], zero_point=tensor.zero_points[0])
