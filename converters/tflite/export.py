"""A Keras model to a float32 .tflite file of TFLite's own operations."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from ..preprocessing import INPUT
from .names import shorten

if TYPE_CHECKING:
    import keras


def to_tflite(model: keras.Model, outputs: Sequence[str]) -> bytes:
    """The bytes of a float32 .tflite file for a Keras model; `outputs`: names of what it returns."""
    image = tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype, name=INPUT)
    # Freezing the weights first makes saving and converting twice as fast as TFLiteConverter.from_keras_model, and the
    # signature then names the outputs; that route calls them "output_0" and so on.
    frozen = convert_variables_to_constants_v2(tf.function(model).get_concrete_function(image))
    module = tf.Module()
    module.serve = tf.function(lambda image: dict(zip(outputs, frozen(image))), input_signature=[image])
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=module.serve)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        return shorten(converter.convert())
