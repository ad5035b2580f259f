"""Ways to ruin a model file, each valid to every reader: what a gate is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convert.calibrated import layer_of
from convert.graph import operation_code, packed, unpacked
from sdk.model_file import ModelFile, pack

Change = Callable[[Any], None]


def damaged(model: ModelFile, change: Change) -> ModelFile:
    """The model with a changed flatbuffer and new checksums."""
    tree = unpacked(model.flatbuffer)
    change(tree)
    return ModelFile.from_bytes(pack(packed(tree), model.shape_model, model.metadata, head=model.head))


def perturbed_weights(tree: Any) -> None:
    """One convolution's weights, each changed by up to a quarter of their range."""
    rng = np.random.default_rng(0)
    values = _values(tree, "block_6_project")
    moved = values.astype(np.int16) + rng.integers(-32, 33, values.shape)
    _set_values(tree, "block_6_project", np.clip(moved, -127, 127).astype(np.int8))


def wrong_input_zero_point(tree: Any) -> None:
    """The zero point of int8 on an input of uint8: the lower half of the greys is negative."""
    part = tree.subgraphs[0]
    part.tensors[int(part.inputs[0])].quantization.zeroPoint = [128]


def wrong_zero_point(tree: Any) -> None:
    """An activation inside the network loses the lower half of its range."""
    for tensor in tree.subgraphs[0].tensors:
        quantised = tensor.quantization
        named = layer_of(tensor.name.decode()) == "block_10_project_BN"
        if named and len(tensor.shape) == 4 and quantised.scale is not None:
            quantised.zeroPoint = [-100]


def mirrored_landmarks(tree: Any) -> None:
    """Every x changes its sign, as after training on flipped images with points that were not."""
    for place in (1, 2):
        values = _values(tree, "landmarks", place).copy()
        values[0::2] = -np.maximum(values[0::2], -127) if values.dtype == np.int8 else -values[0::2]
        _set_values(tree, "landmarks", values, place)


def swapped_eyes(tree: Any) -> None:
    """The two eyes change places: the points' order is wrong, each is where some point should be."""
    for place in (1, 2):
        values = _values(tree, "landmarks", place).copy()
        points = values.reshape(68, 2, -1)
        points[36:42], points[42:48] = points[42:48].copy(), points[36:42].copy()
        _set_values(tree, "landmarks", values, place)


def denormal_weight(tree: Any) -> None:
    """A float weight too small to be normal."""
    values = _values(tree, "pose").copy()
    values[0, 0] = 1e-41
    _set_values(tree, "pose", values)


def _tensor(tree: Any, layer: str, place: int) -> Any:
    for op in tree.subgraphs[0].operators:
        if operation_code(tree, op) in ("CONV_2D", "FULLY_CONNECTED"):
            weights = tree.subgraphs[0].tensors[int(op.inputs[1])]
            if layer_of(weights.name.decode()) == layer:
                return tree.subgraphs[0].tensors[int(op.inputs[place])]
    raise AssertionError(f"no layer {layer}")


def _values(tree: Any, layer: str, place: int = 1) -> np.ndarray:
    """Weights of a layer (place 1) or its bias (2)."""
    tensor = _tensor(tree, layer, place)
    kind = {0: np.float32, 2: np.int32, 9: np.int8}[tensor.type]
    return np.frombuffer(bytes(tree.buffers[tensor.buffer].data), kind).reshape(tensor.shape)


def _set_values(tree: Any, layer: str, values: np.ndarray, place: int = 1) -> None:
    tree.buffers[_tensor(tree, layer, place).buffer].data = np.frombuffer(values.tobytes(), np.uint8)
