"""A function of TensorFlow to a float32 .tflite file of TFLite's own operations."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from ..preprocessing import INPUT
from .names import shorten


def to_tflite(function: Any, outputs: Sequence[str]) -> bytes:
    """The bytes of a float32 .tflite file for a function of an image; `outputs`: names of the list it returns."""
    # The signature names the outputs; TFLiteConverter.from_keras_model would call them "output_0" and so on.
    image = tf.TensorSpec(function.inputs[0].shape, function.inputs[0].dtype, INPUT)
    module = tf.Module()
    module.serve = tf.function(lambda image: dict(zip(outputs, function(image))), input_signature=[image])
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=module.serve)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        return shorten(converter.convert())
