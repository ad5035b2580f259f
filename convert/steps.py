"""From a trained Keras network to a TFLite flatbuffer, in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.lite.python.convert import ConverterError, mlir_quantize

from convert.calibrated import Ranges, float_tail, with_ranges, without_ranges
from convert.recipes import Recipe
from sdk.errors import InputError, SdkError
from train.batches import network_input

TINY = 1e-15
"""Weights below this are set to zero: denormal numbers make some processors 25 times slower."""

_TYPES = {"float32": tf.float32, "uint8": tf.uint8, "int8": tf.int8}


class ConversionError(SdkError):
    """The TFLite converter refused the network."""


def to_tflite(
    network: Any,
    *,
    recipe: Recipe,
    calibration: npt.NDArray[np.uint8] | None = None,
    ranges: Ranges | None = None,
) -> bytes:
    """Convert a network with outputs (landmarks, pose) to a flatbuffer of batch 1; heads "outside" are float here.

    Args:
        network: a Keras model on the TensorFlow backend, input (batch, size, size, 3) in [0, 1].
        calibration: crops (faces, size, size, 3) uint8 BGR that set the ranges of activations; needed by
            integer recipes, a few hundred of the training set.
        ranges: of the outputs of layers, by name, in place of what calibration finds; needed by recipes
            that are fine-tuned.
    Raises:
        InputError: the recipe lacks calibration or ranges, or does not fit the network.
        ConversionError: the converter failed; its message follows.
    """
    _check(network, recipe, calibration, ranges)
    landmarks, pose = network.outputs
    named = keras.Model(network.inputs, {"landmarks": landmarks, "pose": pose})
    with converter_of(named, what=f"recipe {recipe.name}") as converter:
        if recipe.activations == "int8":
            return _int8(converter, recipe, calibration, ranges or {})
        _set_options(converter, recipe, calibration)
        return bytes(converter.convert())


@contextmanager
def converter_of(network: Any, *, what: str) -> Iterator[Any]:
    """The TFLite converter of a network of square inputs, with batch 1: not all interpreters take None.

    Raises:
        ConversionError: the converter failed inside the block; the message begins with `what`.
    """
    _flush_denormals(network)
    with tempfile.TemporaryDirectory() as folder:
        signature = [tf.TensorSpec((1, *network.input_shape[1:]), tf.float32, name="image")]
        network.export(folder, format="tf_saved_model", input_signature=signature, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        # TF 2.21's per-channel dense layers give wrong numbers on TFLite 2.2 to 2.9 and crash on arm.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
        try:
            yield converter
        except (ConverterError, ValueError, RuntimeError, tf.errors.OpError) as error:
            raise ConversionError(f"{what}: TFLite converter: {error}") from error


def _check(network: Any, recipe: Recipe, calibration: Any, ranges: Ranges | None) -> None:
    if recipe.integer and (calibration is None or len(calibration) == 0):
        raise InputError(f"recipe {recipe.name}: expected calibration crops, got none")
    if recipe.fine_tuned and not ranges:
        raise InputError(
            f"recipe {recipe.name}: expected the best.npz of python -m train qat, got one without ranges"
        )
    if recipe.heads == "integer" and any(layer.name == "pose_angles" for layer in network.layers):
        raise InputError(
            f"recipe {recipe.name}: a pose of six numbers becomes angles in float32 only; heads=float"
        )


def _int8(converter: Any, recipe: Recipe, calibration: Any, ranges: Ranges) -> bytes:
    """The converter's own two steps, with a look in between: ranges of ours, and a tail left in float32."""
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _representative(calibration)
    converter._experimental_calibrate_only = True
    calibrated = with_ranges(converter.convert(), ranges)
    tail = [] if recipe.heads == "integer" else float_tail(calibrated)
    return bytes(
        mlir_quantize(
            without_ranges(calibrated, tail),
            input_data_type=_TYPES[recipe.input],
            output_data_type=tf.int8 if recipe.outputs == "integer" else tf.float32,
            denylisted_nodes=tail or None,
            disable_per_channel_for_dense_layers=True,
        )
    )


def _set_options(converter: Any, recipe: Recipe, calibration: Any) -> None:
    if recipe.weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if recipe.weights == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if recipe.activations == "int16":
        sets = tf.lite.OpsSet
        converter.representative_dataset = lambda: _representative(calibration)
        converter.target_spec.supported_ops = [
            sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
            sets.TFLITE_BUILTINS,
        ]
        if recipe.outputs == "integer":
            converter.inference_output_type = tf.int16


def _representative(crops: npt.NDArray[np.uint8]) -> Iterator[list[npt.NDArray[np.float32]]]:
    return representative(network_input(crop[np.newaxis]) for crop in crops)


def representative(images: Iterable[npt.NDArray[np.float32]]) -> Iterator[list[npt.NDArray[np.float32]]]:
    """Images (1, size, size, 3) in [0, 1] as the converter asks for them to find the ranges of activations."""
    for image in images:
        image[0, 0, 0], image[0, -1, -1] = 0.0, 1.0  # the input's range is [0, 1], whatever the photos
        yield [image]


def _flush_denormals(network: Any) -> None:
    for layer in network.layers:
        weights = layer.get_weights()
        if any(np.issubdtype(w.dtype, np.floating) and (np.abs(w) < TINY).any() for w in weights):
            layer.set_weights([np.where(np.abs(w) < TINY, 0, w).astype(w.dtype) for w in weights])
