"""Ways to ruin a model file, each valid to every reader: what a gate is for. And changes that do no harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from convert.calibrated import layer_of
from convert.graph import operation_code, packed, unpacked
from sdk.head import Head
from sdk.model_file import ModelFile, pack
from sdk.shape_model import ShapeModel

Change = Callable[[ModelFile], ModelFile]
TreeChange = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Damage:
    """A change of the model, and of the reference where that is changed too.

    Attributes:
        harmful: whether the gate has to refuse it; else it has to let it pass.
        kept: whether network and head stay, so that an open interpreter still serves.
    """

    name: str
    change: Change
    of_reference: Change | None = None
    harmful: bool = True
    kept: bool = False


# ------------------------------------------------------------------ parts of a file


def damaged(model: ModelFile, change: TreeChange) -> ModelFile:
    """The model with a changed flatbuffer and new checksums."""
    tree = unpacked(model.flatbuffer)
    change(tree)
    return _packed(model, flatbuffer=packed(tree))


def of_tree(change: TreeChange) -> Change:
    """A change of the flatbuffer."""
    return lambda model: damaged(model, change)


def of_head(change: Callable[[dict[str, Any]], None]) -> Change:
    """A change of the head's arrays and settings."""

    def changed(model: ModelFile) -> ModelFile:
        assert model.head is not None
        parts = {**model.head.settings(), **{name: array.copy() for name, array in model.head.arrays().items()}}
        change(parts)
        settings = {name: value for name, value in parts.items() if not isinstance(value, np.ndarray)}
        arrays = {name: _float32(value) for name, value in parts.items() if isinstance(value, np.ndarray)}
        return _packed(model, head=Head.of(settings, arrays))

    return changed


def of_shape(change: Callable[[dict[str, Any]], None]) -> Change:
    """A change of the shape model's arrays."""

    def changed(model: ModelFile) -> ModelFile:
        arrays = {name: array.copy() for name, array in model.shape_model.arrays().items()}
        change(arrays)
        arrays = {name: _float32(array) for name, array in arrays.items()}
        return _packed(model, shape_model=ShapeModel.from_arrays(arrays))

    return changed


def of_fields(**fields: Any) -> Change:
    """Other metadata: values, or functions of the value that is there."""

    def changed(model: ModelFile) -> ModelFile:
        table = dict(model.metadata)
        for name, value in fields.items():
            table[name] = value(table.get(name)) if callable(value) else value
        return _packed(model, metadata=table)

    return changed


def _float32(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.float32)


def _packed(model: ModelFile, **parts: Any) -> ModelFile:
    new = replace(model, **parts)
    return ModelFile.from_bytes(pack(new.flatbuffer, new.shape_model, new.metadata, head=new.head))


# ------------------------------------------------------------------ the network


WEIGHED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def weighed(tree: Any, layer: str) -> list[Any]:
    """Operations with weights of the layers whose name holds `layer`."""
    part = tree.subgraphs[0]
    operators = [op for op in part.operators if operation_code(tree, op) in WEIGHED]
    found = [op for op in operators if any(layer in name for name in _layers(part, op))]
    assert found, f"no layer {layer}"
    return found


def _layers(part: Any, op: Any) -> list[str]:
    """Layers that an operation's weights and output are named after."""
    return [layer_of(part.tensors[int(i)].name.decode()) or "" for i in (op.inputs[1], op.outputs[0])]


def tensor_of(tree: Any, layer: str, place: int = 1) -> Any:
    """Weights (1) or bias (2) of the first such operation."""
    return tree.subgraphs[0].tensors[int(weighed(tree, layer)[0].inputs[place])]


def values_of(tree: Any, tensor: Any) -> np.ndarray:
    """A constant."""
    kind = {0: np.float32, 2: np.int32, 9: np.int8}[tensor.type]
    return np.frombuffer(bytes(tree.buffers[tensor.buffer].data), kind).reshape(tensor.shape).copy()


def set_values(tree: Any, tensor: Any, values: np.ndarray) -> None:
    """Put a constant's numbers in place."""
    tree.buffers[tensor.buffer].data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)


def weights_moved(tree: Any, *, layer: str = "", by: int) -> None:
    """Weights of one layer, or of all, changed by up to `by` of 127."""
    rng = np.random.default_rng(0)
    tensors = {int(op.inputs[1]): tree.subgraphs[0].tensors[int(op.inputs[1])] for op in weighed(tree, layer)}
    for tensor in tensors.values():
        values = values_of(tree, tensor).astype(np.int16)
        moved = values + rng.integers(-by, by + 1, values.shape)
        set_values(tree, tensor, np.clip(moved, -127, 127).astype(np.int8))


def one_weight_moved(tree: Any, *, layer: str) -> None:
    """A single weight, by one step."""
    tensor = tensor_of(tree, layer)
    values = values_of(tree, tensor)
    values.flat[0] += 1 if values.flat[0] < 127 else -1
    set_values(tree, tensor, values)


def weights(tree: Any, *, layer: str, change: Callable[[np.ndarray], np.ndarray], place: int = 1) -> None:
    """A function of a layer's weights or bias."""
    tensor = tensor_of(tree, layer, place)
    set_values(tree, tensor, change(values_of(tree, tensor)))


def weight_scales(tree: Any, *, layer: str, times: float) -> None:
    """The grid of a layer's weights, as if of another calibration."""
    quantised = tensor_of(tree, layer).quantization
    quantised.scale = [times * v for v in quantised.scale]


def activations(tree: Any, *, layer: str, zero_point: int = 0, times: float = 1.0) -> None:
    """The grid of a layer's output: moved, or of another width."""
    quantised = _output(tree, weighed(tree, layer)[0]).quantization
    quantised.zeroPoint = [int(quantised.zeroPoint[0]) + zero_point]
    quantised.scale = [times * v for v in quantised.scale]


def wrong_input_zero_point(tree: Any) -> None:
    """The zero point of int8 on an input of uint8: the lower half of the greys is negative."""
    part = tree.subgraphs[0]
    part.tensors[int(part.inputs[0])].quantization.zeroPoint = [128]


def wrong_zero_point(tree: Any) -> None:
    """An activation inside ASMNet loses the lower half of its range."""
    for tensor in tree.subgraphs[0].tensors:
        quantised = tensor.quantization
        named = layer_of(tensor.name.decode()) == "block_10_project_BN"
        if named and len(tensor.shape) == 4 and quantised.scale is not None:
            quantised.zeroPoint = [-100]


def perturbed_weights(tree: Any) -> None:
    """One convolution of ASMNet, each weight changed by up to a quarter of their range."""
    weights_moved(tree, layer="block_6_project", by=32)


def mirrored_landmarks(tree: Any) -> None:
    """Every x of ASMNet changes its sign, as after training on flipped images with points that were not."""
    for place in (1, 2):
        values = values_of(tree, tensor_of(tree, "landmarks", place))
        values[0::2] = -np.maximum(values[0::2], -127) if values.dtype == np.int8 else -values[0::2]
        set_values(tree, tensor_of(tree, "landmarks", place), values)


def swapped_eyes(tree: Any) -> None:
    """ASMNet's two eyes change places: the points' order is wrong, each is where some point should be."""
    for place in (1, 2):
        values = values_of(tree, tensor_of(tree, "landmarks", place))
        points = values.reshape(68, 2, -1)
        points[36:42], points[42:48] = points[42:48].copy(), points[36:42].copy()
        set_values(tree, tensor_of(tree, "landmarks", place), values)


def denormal_weight(tree: Any, *, layer: str = "pose") -> None:
    """A float weight too small to be normal."""
    weights(tree, layer=layer, change=_with_denormal)


def dead_weight(tree: Any) -> None:
    """A megabyte that nothing computes with."""
    tree.buffers.append(type(tree.buffers[0])())
    tree.buffers[-1].data = np.zeros(1 << 20, np.uint8)


def renamed_tensors(tree: Any) -> None:
    """Other names inside the graph, as another version of a converter gives."""
    part = tree.subgraphs[0]
    ends = {int(i) for i in (*part.inputs, *part.outputs)}
    for index, tensor in enumerate(part.tensors):
        if index not in ends:
            tensor.name = b"t%d" % index


def described(tree: Any) -> None:
    """Another description of the flatbuffer."""
    tree.description = b"converted again"


def unknown_operation(tree: Any) -> None:
    """The first addition is one that only its author's interpreter knows."""
    codes = tree.operatorCodes
    code = next(c for c in codes if max(c.builtinCode, c.deprecatedBuiltinCode) == 0)
    code.builtinCode, code.deprecatedBuiltinCode, code.customCode = 32, 32, b"Own"


def maps_swapped(tree: Any, *, a: int, b: int) -> None:
    """The maps of two points change places."""
    for place in (1, 2):
        tensor = tensor_of(tree, "maps", place)
        values = values_of(tree, tensor)
        values[[a, b]] = values[[b, a]]
        set_values(tree, tensor, values)


def _with_denormal(values: np.ndarray) -> np.ndarray:
    values.flat[0] = 1e-41
    return values


def _output(tree: Any, op: Any) -> Any:
    return tree.subgraphs[0].tensors[int(op.outputs[0])]


def _channels_reversed(values: np.ndarray) -> np.ndarray:
    return values[..., ::-1]


def _filters_rolled(values: np.ndarray) -> np.ndarray:
    return np.roll(values, 1, axis=0)


def _first_filter_gone(values: np.ndarray) -> np.ndarray:
    values[: len(values) // 8] = 0
    return values


# ------------------------------------------------------------------ the head


def _columns(parts: dict[str, Any], change: Callable[[np.ndarray], None]) -> None:
    """Change landmarks' kernel and bias, as (rows, points, 2)."""
    kernel, bias = parts["landmarks_kernel"], parts["landmarks_bias"]
    change(kernel.reshape(len(kernel), -1, 2))
    change(bias.reshape(1, -1, 2))


def stuck_point(parts: dict[str, Any]) -> None:
    """The tip of the nose does not move."""
    _columns(parts, lambda part: part[:, 30].fill(0.0))


def neighbours_swapped(parts: dict[str, Any]) -> None:
    """Two points of the lips change places."""
    _columns(parts, partial(_swap, a=[61], b=[62]))


def eyes_swapped(parts: dict[str, Any]) -> None:
    """The eyes change places."""
    _columns(parts, partial(_swap, a=list(range(36, 42)), b=list(range(42, 48))))


def points_mirrored(parts: dict[str, Any]) -> None:
    """Left is right."""
    _columns(parts, lambda part: part[..., 0].__imul__(-1.0))


def axes_swapped(parts: dict[str, Any]) -> None:
    """x is y."""
    _columns(parts, lambda part: part.__setitem__(Ellipsis, part[..., ::-1].copy()))


def shifted(parts: dict[str, Any], *, x: float = 0.0, y: float = 0.0) -> None:
    """All points, by sides of the crop."""
    parts["landmarks_bias"] += np.tile([x, y], len(parts["landmarks_bias"]) // 2)


def point_shifted(parts: dict[str, Any]) -> None:
    """The chin, by 1 % of the crop."""
    parts["landmarks_bias"].reshape(-1, 2)[8] += (0.0, 0.01)


def larger(parts: dict[str, Any], *, times: float) -> None:
    """All points away from the crop's centre."""
    _columns(parts, lambda part: part.__imul__(times))


def without_code(parts: dict[str, Any]) -> None:
    """The places of the maps alone."""
    points = len(parts["landmarks_bias"])
    parts["landmarks_kernel"][points:] = 0.0


def noisy_kernel(parts: dict[str, Any]) -> None:
    """Weights of the last layer, by up to 4 of 127."""
    kernel = parts["landmarks_kernel"]
    kernel += np.random.default_rng(0).uniform(-4, 4, kernel.shape) / 127 * np.abs(kernel).max(axis=0)


def pose_changed(parts: dict[str, Any], *, times: Any = (1, 1, 1), plus: Any = (0, 0, 0)) -> None:
    """Factors of yaw, pitch and roll, and degrees."""
    parts["pose_kernel"] *= np.array(times)
    parts["pose_bias"] = parts["pose_bias"] * np.array(times) + np.array(plus) / 90.0


def pitch_is_roll(parts: dict[str, Any]) -> None:
    """Two angles change places."""
    parts["pose_kernel"], parts["pose_bias"] = parts["pose_kernel"][:, [0, 2, 1]], parts["pose_bias"][[0, 2, 1]]


def confidence(parts: dict[str, Any], *, times: float = 1.0, plus: float = 0.0) -> None:
    """Weights of the confidence."""
    parts["confidence_kernel"] *= times
    parts["confidence_bias"] = parts["confidence_bias"] * times + plus


def no_confidence(parts: dict[str, Any]) -> None:
    """A head without one."""
    for name in ("confidence", "confidence_kernel", "confidence_bias"):
        del parts[name]


def _swap(part: np.ndarray, *, a: list[int], b: list[int]) -> None:
    part[:, a + b] = part[:, b + a]


def _flat_maps(model: ModelFile) -> ModelFile:
    """Maps a quarter as steep, in the head and in the graph, so that both agree."""
    assert model.head is not None
    tree = unpacked(model.flatbuffer)
    for index in tree.subgraphs[0].outputs:
        tensor = tree.subgraphs[0].tensors[int(index)]
        if len(tensor.shape) == 4:
            tensor.quantization.scale = [0.25 * v for v in tensor.quantization.scale]
            scale = float(np.float32(tensor.quantization.scale[0]))
    return _packed(model, flatbuffer=packed(tree), head=replace(model.head, maps_scale=scale))


# ------------------------------------------------------------------ the shape model


def _times(name: str, factor: Any) -> Callable[[dict[str, Any]], None]:
    return lambda arrays: arrays.update({name: (arrays[name] * np.asarray(factor)).astype(np.float32)})


def random_modes(arrays: dict[str, Any]) -> None:
    """Modes of nothing."""
    k, n = arrays["eigenvectors"].shape
    arrays["eigenvectors"] = np.linalg.qr(np.random.default_rng(0).normal(size=(n, k)))[0].T


def modes_reversed(arrays: dict[str, Any]) -> None:
    """Each mode with the variance of another."""
    arrays["eigenvectors"] = arrays["eigenvectors"][::-1]


def few_modes(arrays: dict[str, Any]) -> None:
    """Three modes for every face there is."""
    arrays["eigenvectors"], arrays["eigenvalues"] = arrays["eigenvectors"][:3], arrays["eigenvalues"][:3]


def mean_turned(arrays: dict[str, Any]) -> None:
    """Twenty degrees, while the modes stay."""
    c, s = np.cos(np.radians(20)), np.sin(np.radians(20))
    arrays["mean"] = arrays["mean"] @ np.array([[c, s], [-s, c]])


def two_means_swapped(arrays: dict[str, Any]) -> None:
    """Two corners of the mouth change places in the mean."""
    arrays["mean"][[48, 54]] = arrays["mean"][[54, 48]]


_other_words = of_fields(name="mine", commit="0", terms="Ask first.")
DENORMAL = of_tree(partial(denormal_weight, layer="stem"))


def _tree(name: str, to: Callable[..., None], **options: Any) -> Damage:
    return Damage(name, of_tree(partial(to, **options)))


def _head(name: str, change: Callable[..., None], **options: Any) -> Damage:
    return Damage(name, of_head(partial(change, **options)))


def _shape(name: str, change: Callable[[dict[str, Any]], None]) -> Damage:
    return Damage(name, of_shape(change), kept=True)


def _fields(name: str, **fields: Any) -> Damage:
    return Damage(name, of_fields(**fields), kept=True)


def _both(name: str, change: Change) -> Damage:
    return Damage(name, change, change, kept=True)


def _wider_training(model: ModelFile) -> ModelFile:
    """A margin that everything in the file agrees on, but the weights."""
    margin, training = 1.2 * model.margin, dict(model.metadata["training"])
    training["config"] = {**training["config"], "margin": margin}
    return of_fields(crop_margin=margin, training=training)(model)


def _other_training(table: Mapping[str, Any]) -> dict[str, Any]:
    return {**table, "epoch": table["epoch"] + 1}


MIDDLE = "s16_0_project"
"""A convolution in the middle of the shipped networks."""

DAMAGES = (
    _tree("network: weights of one layer ± 32", weights_moved, layer=MIDDLE, by=32),
    _tree("network: weights of one layer ± 4", weights_moved, layer="fuse8_bn", by=4),
    _tree("network: weights of all layers ± 4", weights_moved, by=4),
    _tree("network: an eighth of a layer's filters zero", weights, layer=MIDDLE, change=_first_filter_gone),
    _tree("network: a layer's weights zero", weights, layer=MIDDLE, change=np.zeros_like),
    _tree("network: a layer's filters in another order", weights, layer=MIDDLE, change=_filters_rolled),
    _tree("network: a layer's bias zero", weights, layer=MIDDLE, change=np.zeros_like, place=2),
    _tree("network: colours swapped", weights, layer="stem", change=_channels_reversed),
    _tree("network: a weight's grid 10 % wider", weight_scales, layer=MIDDLE, times=1.1),
    _tree("network: the first weights' grid twice as wide", weight_scales, layer="stem", times=2.0),
    _tree("network: an activation's grid half as wide", activations, layer=MIDDLE, times=0.5),
    _tree("network: an activation's zero point moved by 90", activations, layer=MIDDLE, zero_point=90),
    _tree("network: zero point of int8 on the input", wrong_input_zero_point),
    _tree("network: maps of neighbours swapped", maps_swapped, a=61, b=62),
    _tree("network: maps of the eyes' corners swapped", maps_swapped, a=36, b=45),
    _tree("network: a megabyte of dead weight", dead_weight),
    _tree("network: an operation of one's own", unknown_operation),
    Damage("network: maps a quarter as steep, in graph and head", _flat_maps),
    _head("head: one point stuck", stuck_point),
    _head("head: one point 1 % of the crop too low", point_shifted),
    _head("head: neighbours swapped", neighbours_swapped),
    _head("head: eyes swapped", eyes_swapped),
    _head("head: left is right", points_mirrored),
    _head("head: x is y", axes_swapped),
    _head("head: all points 0.3 % of the crop to the right", shifted, x=0.003),
    _head("head: all points 0.3 % of the crop too low", shifted, y=0.003),
    _head("head: all points 2 % larger", larger, times=1.02),
    _head("head: without the code", without_code),
    _head("head: weights ± 4", noisy_kernel),
    _head("pose: yaw negated", pose_changed, times=(-1, 1, 1)),
    _head("pose: yaw 2° too large", pose_changed, plus=(2, 0, 0)),
    _head("pose: pitch halved", pose_changed, times=(1, 0.5, 1)),
    _head("pose: pitch and roll swapped", pitch_is_roll),
    _head("pose: always the same", pose_changed, times=(0, 0, 0)),
    _head("confidence: negated", confidence, times=-1.0),
    _head("confidence: constant", confidence, times=0.0, plus=3.0),
    _head("confidence: always lower", confidence, plus=-3.0),
    _head("confidence: removed", no_confidence),
    _shape("shape model: points mirrored", _times("mean", (-1, 1))),
    _shape("shape model: variances / 100", _times("eigenvalues", 0.01)),
    _shape("shape model: variances x 100", _times("eigenvalues", 100.0)),
    _shape("shape model: random modes", random_modes),
    _shape("shape model: modes in another order", modes_reversed),
    _shape("shape model: three modes", few_modes),
    _shape("shape model: mean turned by 20°", mean_turned),
    _shape("shape model: two points of the mean swapped", two_means_swapped),
    _shape("shape model: residual x 1,000", _times("residual_moments", 1000.0)),
    _shape("3D head: mirrored", _times("mean_3d", (-1, 1, 1))),
    _shape("3D head: depth mirrored", _times("mean_3d", (1, 1, -1))),
    _shape("3D head: half as deep", _times("mean_3d", (1, 1, 0.5))),
    _fields("metadata: margin + 20 %", crop_margin=lambda margin: 1.2 * margin),
    _fields("metadata: margin - 5 %", crop_margin=lambda margin: 0.95 * margin),
    _fields("metadata: yaw expansion 0.3", yaw_expansion=0.3),
    _fields("metadata: yaw expansion + 0.01", yaw_expansion=lambda was: was + 0.01),
    _fields("metadata: scale of the input of another network", input_scale=1.0 / 127.5),
    _fields("metadata: of another training", training=_other_training),
    _fields("metadata: a misspelt field", yaw_expantion=0.1),
    _both("both models: margin + 20 %", of_fields(crop_margin=lambda margin: 1.2 * margin)),
    _both("both models: margin + 20 %, and so says the training", _wider_training),
    _both("both models: yaw expansion 0.3", of_fields(yaw_expansion=0.3)),
    _both("both models: shape model's points mirrored", of_shape(_times("mean", (-1, 1)))),
    _both("both models: shape model's variances / 100", of_shape(_times("eigenvalues", 0.01))),
    _both("both models: shape model's variances x 100", of_shape(_times("eigenvalues", 100.0))),
    _both("both models: shape model's modes random", of_shape(random_modes)),
    _both("both models: 3D head mirrored", of_shape(_times("mean_3d", (-1, 1, 1)))),
    _both("both models: depth of the 3D head mirrored", of_shape(_times("mean_3d", (1, 1, -1)))),
    Damage(
        "reference: a denormal weight",
        lambda model: model,
        of_tree(partial(denormal_weight, layer="stem")),
        kept=True,
    ),
)
"""All of them are caught without data."""

HARMLESS = (
    Damage(
        "another name, commit and terms",
        of_fields(name="mine", commit="0", terms="Ask."),
        harmful=False,
        kept=True,
    ),
    Damage("flatbuffer written again, described otherwise", of_tree(described), harmful=False),
    Damage("tensors with other names", of_tree(renamed_tensors), harmful=False),
    Damage("one weight moved by one step", of_tree(partial(one_weight_moved, layer=MIDDLE)), harmful=False),
    Damage("landmarks 0.02 % of the crop to the right", of_head(partial(shifted, x=0.0002)), harmful=False),
)
"""The gate lets these pass."""
