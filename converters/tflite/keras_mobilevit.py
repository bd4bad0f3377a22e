"""What the .tflite file computes, as a Keras model: the network, and the last step that its task wants."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from reference.keras.networks import functional

from ..deployable import Classifier, ClassMapSegmenter, Deployable, FeatureExtractor, LogitsSegmenter
from ..preprocessing import INPUT


def build(deployable: Deployable, height: int, width: int, input_dtype: str, batch: int = 1) -> keras.Model:
    """Pixels 0..255 [batch, height, width, C] of `input_dtype` -> what `deployable` answers, maps as NHWC."""
    shift = None if deployable.shift is None else deployable.shift.flatten().numpy()
    network = functional(deployable.network, height, width, batch=batch, dtype=input_dtype, name=INPUT, shift=shift)
    if isinstance(deployable, Classifier):
        last = {"probabilities": ops.softmax, "scores": ops.sigmoid}.get(deployable.meanings[0])
        answer = network.output if last is None else last(network.output)
    elif isinstance(deployable, ClassMapSegmenter):
        answer = ClassMap(height, width)(network.output)
    elif isinstance(deployable, LogitsSegmenter):
        answer = network.output
    else:
        assert isinstance(deployable, FeatureExtractor)
        feature_map, features = network.outputs
        answer = [features, feature_map]
    return keras.Model(network.input, answer)


class ClassMap(keras.layers.Layer):
    """Logits [B, h, w, num_labels], resized (bilinear) -> the class of each pixel [B, height, width], int32."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__(name="class_map")
        self.size = (height, width)

    def call(self, logits: Any) -> Any:
        resized = tf.image.resize(logits, self.size, "bilinear")
        if resized.shape[-1] == 1:
            return tf.cast(resized[..., 0] > 0, tf.int32)
        return tf.argmax(resized, axis=-1, output_type=tf.int32)
