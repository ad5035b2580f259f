"""The options of operators, by the schema's number of their kind: a letter for each field, and defaults beside 0.

Letters are those of sdk.tflite.reader.Table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CONV, DEPTHWISE, POOL, DENSE, SOFTMAX, CONCAT, ADD, L2_NORM = 1, 2, 5, 8, 9, 10, 11, 12
RESIZE_BILINEAR, RESHAPE, BLOCK, MUL, PAD, TRANSPOSE, REDUCE = 15, 17, 19, 21, 22, 26, 27
SUB, DIV, SQUEEZE, STRIDED_SLICE, EXP, SPLIT, LOG_SOFTMAX, CAST = 28, 29, 30, 32, 33, 35, 36, 37
DEQUANTIZE, EXTREME, NEG, PAD_V2, SLICE, TRANSPOSE_CONV, TILE, EXPAND = 38, 39, 42, 43, 48, 49, 51, 52
POW, PACK, UNPACK, SQUARE, RESIZE_NEAREST, LEAKY_RELU, SQUARED_DIFFERENCE = 56, 59, 64, 66, 74, 75, 76
MIRROR_PAD, ABS, COS, QUANTIZE, HARD_SWISH, DEPTH_TO_SPACE, MATMUL = 77, 78, 83, 89, 91, 94, 101
BROADCAST, GELU = 104, 116

OPTIONS: Mapping[int, tuple[str, Mapping[int, int]]] = MappingProxyType(
    {
        CONV: ("biibiib", {4: 1, 5: 1}),  # padding, strides w h, activation, dilations w h, bias type
        DEPTHWISE: ("biiibii", {5: 1, 6: 1}),  # the same with a depth multiplier before the activation
        POOL: ("biiiib", {}),  # padding, strides w h, window w h, activation
        DENSE: ("bb??b-", {}),  # activation, format of weights, keep dimensions, asymmetric inputs, bias type
        SOFTMAX: ("f", {}),
        CONCAT: ("ib", {}),
        ADD: ("b?", {}),
        L2_NORM: ("b", {}),
        RESIZE_BILINEAR: ("ii??", {}),
        RESHAPE: ("*", {}),
        BLOCK: ("i", {}),
        MUL: ("b", {}),
        REDUCE: ("?", {}),
        SUB: ("b?", {}),
        DIV: ("b", {}),
        SQUEEZE: ("*", {}),
        STRIDED_SLICE: ("iiiii?", {}),  # masks: begin, end, ellipsis, new axis, shrink axis; end is a length
        SPLIT: ("i", {}),
        CAST: ("bb", {}),
        TRANSPOSE_CONV: ("biibb", {}),  # padding, strides w h, activation, bias type
        PACK: ("ii", {}),  # count, axis
        UNPACK: ("ii", {}),
        RESIZE_NEAREST: ("??", {}),
        LEAKY_RELU: ("f", {}),
        MIRROR_PAD: ("b", {}),
        DEPTH_TO_SPACE: ("i", {}),
        MATMUL: ("???", {}),  # transpose first, transpose second, asymmetric inputs
        GELU: ("?", {}),
        **dict.fromkeys(
            (PAD, TRANSPOSE, EXP, LOG_SOFTMAX, DEQUANTIZE, EXTREME, NEG, PAD_V2, SLICE, TILE), ("", {})
        ),
        **dict.fromkeys((EXPAND, POW, SQUARE, SQUARED_DIFFERENCE, ABS, COS, QUANTIZE, HARD_SWISH), ("", {})),
        BROADCAST: ("", {}),
    }
)
