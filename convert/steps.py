"""From a trained Keras network to a TFLite flatbuffer, in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from convert.recipes import Recipe
from sdk.errors import InputError, SdkError
from train.batches import network_input

TINY = 1e-15
"""Weights below this are set to zero: denormal numbers make some processors 25 times slower."""


class ConversionError(SdkError):
    """The TFLite converter refused the network."""


def to_tflite(network: Any, *, recipe: Recipe, calibration: npt.NDArray[np.uint8] | None = None) -> bytes:
    """Convert a network with outputs (landmarks, pose) to a flatbuffer of batch 1.

    Args:
        network: a Keras model on the TensorFlow backend, input (batch, size, size, 3) in [0, 1].
        calibration: crops (faces, size, size, 3) uint8 BGR that set the ranges of activations; needed by
            integer recipes, a few hundred of the training set.
    Raises:
        InputError: an integer recipe without calibration.
        ConversionError: the converter failed; its message follows.
    """
    if recipe.integer and (calibration is None or len(calibration) == 0):
        raise InputError(f"recipe {recipe.name}: expected calibration crops, got none")
    _flush_denormals(network)
    with tempfile.TemporaryDirectory() as folder:
        _export(network, folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if recipe.integer:
            _set_integer(converter, calibration)
        try:
            return bytes(converter.convert())
        except (ValueError, RuntimeError, tf.errors.OpError) as error:
            raise ConversionError(f"recipe {recipe.name}: TFLite converter: {error}") from error


def _export(network: Any, folder: str) -> None:
    """A SavedModel with batch 1 and named outputs: with a batch of None some interpreters refuse the model."""
    size = int(network.input_shape[1])
    landmarks, pose = network.outputs
    named = keras.Model(network.inputs, {"landmarks": landmarks, "pose": pose})
    signature = [tf.TensorSpec((1, size, size, 3), tf.float32, name="image")]
    named.export(folder, format="tf_saved_model", input_signature=signature, verbose=False)


def _set_integer(converter: Any, calibration: npt.NDArray[np.uint8]) -> None:
    def representative() -> Iterator[list[npt.NDArray[np.float32]]]:
        for crop in calibration:
            image = network_input(crop[np.newaxis])
            image[0, 0, 0], image[0, -1, -1] = 0.0, 1.0  # the input's range is [0, 1], whatever the photos
            yield [image]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    # TF 2.21's per-channel dense layers give wrong numbers on TFLite 2.2 to 2.9 and crash on arm.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True


def _flush_denormals(network: Any) -> None:
    for layer in network.layers:
        weights = layer.get_weights()
        if any(np.issubdtype(w.dtype, np.floating) and (np.abs(w) < TINY).any() for w in weights):
            layer.set_weights([np.where(np.abs(w) < TINY, 0, w).astype(w.dtype) for w in weights])
