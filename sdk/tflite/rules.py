"""What each operator makes of its inputs' shapes: interpreters compute them anew and allocate what they find.

check.py compares them with those that the file declares, so that the sizes that were bounded there are those that
count. RULES has all operators that a model file may use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sdk.tflite import options as o
from sdk.tflite import shapes, windows
from sdk.tflite.step import Shape, Step

Rule = tuple[str, Callable[[Step], list[Shape]], int, int, int]
"""Name, rule, inputs at least and at most, and the kind of options; negative where they may be left out."""


def _table() -> dict[int, Rule]:
    table: dict[int, Rule] = {
        1: ("AVERAGE_POOL_2D", windows.pool, 1, 1, o.POOL),
        2: ("CONCATENATION", shapes.concat, 1, 256, o.CONCAT),
        3: ("CONV_2D", windows.conv, 2, 3, o.CONV),
        4: ("DEPTHWISE_CONV_2D", windows.depthwise, 2, 3, o.DEPTHWISE),
        5: ("DEPTH_TO_SPACE", shapes.from_depth, 1, 1, o.DEPTH_TO_SPACE),
        9: ("FULLY_CONNECTED", windows.dense, 2, 3, o.DENSE),
        17: ("MAX_POOL_2D", windows.pool, 1, 1, o.POOL),
        22: ("RESHAPE", shapes.reshape, 1, 2, -o.RESHAPE),
        23: ("RESIZE_BILINEAR", shapes.resize, 2, 2, o.RESIZE_BILINEAR),
        25: ("SOFTMAX", shapes.softmax, 1, 1, o.SOFTMAX),
        26: ("SPACE_TO_DEPTH", shapes.to_depth, 1, 1, o.BLOCK),
        34: ("PAD", shapes.pad, 2, 2, -o.PAD),
        39: ("TRANSPOSE", shapes.transpose, 2, 2, -o.TRANSPOSE),
        43: ("SQUEEZE", shapes.squeeze, 1, 1, -o.SQUEEZE),
        45: ("STRIDED_SLICE", shapes.strided_slice, 4, 4, o.STRIDED_SLICE),
        49: ("SPLIT", shapes.split, 2, 2, o.SPLIT),
        54: ("PRELU", shapes.prelu, 2, 2, 0),
        60: ("PADV2", shapes.pad, 3, 3, -o.PAD_V2),
        65: ("SLICE", shapes.part, 3, 3, -o.SLICE),
        67: ("TRANSPOSE_CONV", windows.transpose_conv, 3, 4, o.TRANSPOSE_CONV),
        69: ("TILE", shapes.tile, 2, 2, -o.TILE),
        70: ("EXPAND_DIMS", shapes.expand, 2, 2, -o.EXPAND),
        83: ("PACK", shapes.pack, 1, 256, o.PACK),
        88: ("UNPACK", shapes.unpack, 1, 1, o.UNPACK),
        97: ("RESIZE_NEAREST_NEIGHBOR", shapes.resize, 2, 2, o.RESIZE_NEAREST),
        98: ("LEAKY_RELU", shapes.leaky, 1, 1, o.LEAKY_RELU),
        100: ("MIRROR_PAD", shapes.mirror_pad, 2, 2, o.MIRROR_PAD),
        126: ("BATCH_MATMUL", shapes.matmul, 2, 2, o.MATMUL),
        130: ("BROADCAST_TO", shapes.broadcast_to, 2, 2, -o.BROADCAST),
    }
    for code, name, kind in _ONE_TO_ONE:
        table[code] = (name, shapes.same, 1, 1, kind)
    for code, name, kind in _TWO_TO_ONE:
        table[code] = (name, shapes.broadcast, 2, 2, kind)
    for code, name in ((40, "MEAN"), (74, "SUM"), (82, "REDUCE_MAX"), (89, "REDUCE_MIN")):
        table[code] = (name, shapes.reduce, 2, 2, o.REDUCE)
    return table


_ONE_TO_ONE = (
    (6, "DEQUANTIZE", -o.DEQUANTIZE),
    (8, "FLOOR", 0),
    (11, "L2_NORMALIZATION", o.L2_NORM),
    (14, "LOGISTIC", 0),
    (19, "RELU", 0),
    (20, "RELU_N1_TO_1", 0),
    (21, "RELU6", 0),
    (28, "TANH", 0),
    (47, "EXP", -o.EXP),
    (50, "LOG_SOFTMAX", -o.LOG_SOFTMAX),
    (53, "CAST", -o.CAST),
    (59, "NEG", -o.NEG),
    (66, "SIN", 0),
    (73, "LOG", 0),
    (75, "SQRT", 0),
    (76, "RSQRT", 0),
    (92, "SQUARE", -o.SQUARE),
    (101, "ABS", -o.ABS),
    (104, "CEIL", 0),
    (108, "COS", -o.COS),
    (111, "ELU", 0),
    (114, "QUANTIZE", -o.QUANTIZE),
    (116, "ROUND", 0),
    (117, "HARD_SWISH", -o.HARD_SWISH),
    (150, "GELU", o.GELU),
    (152, "RELU_0_TO_1", 0),
)
_TWO_TO_ONE = (
    (0, "ADD", o.ADD),
    (18, "MUL", o.MUL),
    (41, "SUB", o.SUB),
    (42, "DIV", o.DIV),
    (55, "MAXIMUM", -o.EXTREME),
    (57, "MINIMUM", -o.EXTREME),
    (78, "POW", -o.POW),
    (99, "SQUARED_DIFFERENCE", -o.SQUARED_DIFFERENCE),
)

RULES: Mapping[int, Rule] = MappingProxyType(_table())
"""By the schema's number of the operator."""
