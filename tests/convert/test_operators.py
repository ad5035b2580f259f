"""Shapes that sdk.tflite computes are those that the converter of TensorFlow writes, for nearly every operator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from sdk.tflite import check_network
from sdk.tflite.network import read_network
from sdk.tflite.rules import RULES


def weights(shape: tuple[int, ...]) -> Any:
    """Constants, which no later step can compute away."""
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def _one(x: Any) -> Any:
    """Windows, slices, sums and shapes of an image (1, 16, 12, 8)."""
    nn = tf.nn
    parts = [
        nn.conv2d(x, weights((3, 5, 8, 4)), 2, "SAME", dilations=1),
        nn.conv2d(x, weights((3, 3, 8, 6)), 1, "VALID", dilations=2),
        nn.conv2d(x, weights((3, 3, 2, 4)), 1, "SAME"),  # four groups
        nn.depthwise_conv2d(x, weights((3, 3, 8, 2)), (1, 2, 2, 1), "VALID"),
        nn.conv2d_transpose(x, weights((3, 3, 5, 8)), (1, 32, 24, 5), 2, "SAME"),
        nn.conv2d_transpose(x, weights((4, 4, 5, 8)), (1, 34, 26, 5), 2, "VALID"),
        nn.max_pool2d(x, (3, 2), (2, 3), "SAME"),
        nn.avg_pool2d(x, (5, 4), 1, "VALID"),
        tf.image.resize(x, (20, 7)),
        tf.image.resize(x, (5, 9), method="nearest"),
        nn.space_to_depth(x, 4),
        nn.depth_to_space(x, 2),
        tf.pad(x, ((0, 0), (1, 2), (0, 3), (0, 0))),
        tf.pad(x, ((0, 0), (1, 2), (0, 3), (0, 0)), constant_values=1.5),
        tf.pad(x, ((0, 0), (3, 2), (1, 0), (0, 0)), mode="REFLECT"),
        tf.pad(x, ((0, 0), (3, 2), (1, 0), (0, 0)), mode="SYMMETRIC"),
        x[:, 2:14:3, ::-1, 1],
        x[:, -5:, :7],
        tf.slice(x, (0, 3, 0, 2), (1, 5, -1, 4)),
        tf.transpose(x, (0, 3, 1, 2)),
        tf.tile(x, (1, 2, 1, 3)),
        tf.reduce_mean(x, (1, 2)),
        tf.reduce_max(x, -1, keepdims=True),
        tf.reduce_min(x, 2),
        tf.reduce_sum(x, (1, 3), keepdims=True),
        tf.reshape(x, (1, 64, 24)),
        tf.squeeze(x[:, :1], 1),
        tf.expand_dims(tf.exp(x), 3),
        tf.broadcast_to(x[:, :1], (1, 16, 12, 8)),
        tf.stack((x, tf.tanh(x)), 2),
        *tf.unstack(tf.abs(x)[:, :3], axis=1),
        *tf.split(x, 4, 3),
        tf.matmul(tf.reshape(x, (1, 16, 96)), tf.reshape(x, (1, 16, 96)), transpose_b=True),
        tf.concat((x, tf.sin(x)), 1),
    ]
    return parts


def _two(x: Any) -> Any:
    """Numbers one by one, and two by two."""
    nn, row = tf.nn, tf.reshape(x[:, :1], (1, 1, 12, 8))
    unary = (tf.cos, tf.math.log, tf.sqrt, tf.math.rsqrt, tf.square, tf.negative, tf.floor, tf.math.ceil, tf.round)
    more = (nn.elu, nn.relu, nn.relu6, nn.sigmoid, nn.softmax, nn.log_softmax, tf.keras.activations.hard_swish)
    binary = (
        tf.add,
        tf.subtract,
        tf.multiply,
        tf.divide,
        tf.maximum,
        tf.minimum,
        tf.pow,
        tf.math.squared_difference,
    )
    dense = tf.matmul(tf.reshape(x, (16, 96)), weights((96, 10)))
    rest = [nn.leaky_relu(x, 0.3), nn.l2_normalize(x, -1), dense, tf.cast(x, tf.int32), nn.gelu(x)]
    return [f(x) for f in (*unary, *more)] + [f(x, row) for f in binary] + rest


@pytest.mark.slow
def test_shapes_are_those_of_the_converter():
    seen = set()
    for function in (_one, _two):
        traced = tf.function(function, input_signature=[tf.TensorSpec((1, 16, 12, 8), tf.float32)])
        content = tf.lite.TFLiteConverter.from_concrete_functions([traced.get_concrete_function()]).convert()
        work = check_network(content)
        assert work.bytes > 0
        seen |= {operator.code for operator in read_network(content).operators}
    missing = {name for code, (name, *_) in RULES.items() if code not in seen}
    # made by quantising, by other layers, or by fusing only
    assert missing <= {"QUANTIZE", "DEQUANTIZE", "PRELU", "RELU_N1_TO_1", "RELU_0_TO_1", "SQUEEZE", "EXPAND_DIMS"}
