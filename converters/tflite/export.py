"""A function of TensorFlow to a float32 .tflite file of TFLite's own operations."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from .names import shorten


def to_tflite(function: Any, outputs: Sequence[str]) -> bytes:
    """The bytes of a float32 .tflite file for a concrete function of an image; `outputs`: names of what it returns."""
    # Freezing the weights first makes saving and converting twice as fast as TFLiteConverter.from_keras_model, and the
    # signature then names the outputs; that route calls them "output_0" and so on.
    frozen = convert_variables_to_constants_v2(function)
    (image,), _ = function.structured_input_signature
    module = tf.Module()
    module.serve = tf.function(lambda image: dict(zip(outputs, frozen(image))), input_signature=[image])
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=module.serve)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        return shorten(converter.convert())
