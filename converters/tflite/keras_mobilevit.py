"""What the .tflite file computes, in TensorFlow: the network's Keras twin, and the last step that its task wants."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import ops
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from reference.keras.networks import mirror, pool

from ..deployable import Classifier, ClassMapSegmenter, Deployable, FeatureExtractor
from ..preprocessing import INPUT


def build(deployable: Deployable, height: int, width: int, input_dtype: str, batch: int = 1) -> Any:
    """Pixels 0..255 [batch, height, width, C] of `input_dtype` -> the list of what `deployable` answers, maps as NHWC.

    Returns:
        A function of TensorFlow of these shapes alone, so that delegates can plan ahead; its weights are constants.
    """
    twin = mirror(deployable.network)
    shift = None if deployable.shift is None else deployable.shift.flatten().numpy()

    def answers(image: Any) -> list[Any]:
        values = image if input_dtype == "float32" else ops.cast(image, "float32")
        result, _ = twin(values if shift is None else values + ops.convert_to_tensor(shift, "float32"))
        if isinstance(deployable, Classifier):
            last = {"probabilities": ops.softmax, "scores": ops.sigmoid}.get(deployable.meanings[0])
            return [result if last is None else last(result)]
        if isinstance(deployable, ClassMapSegmenter):
            return [_class_map(result, height, width)]
        return [pool(result), result] if isinstance(deployable, FeatureExtractor) else [result]

    shape = (batch, height, width, deployable.network.config.num_channels)
    traced = tf.function(answers, autograph=False).get_concrete_function(tf.TensorSpec(shape, input_dtype, INPUT))
    # Constants, before the twin and its variables are gone. Saving and converting them takes half as long, too.
    return convert_variables_to_constants_v2(traced)


def _class_map(logits: Any, height: int, width: int) -> Any:
    """Logits [B, h, w, num_labels], resized (bilinear) -> the class of each pixel [B, height, width], int32."""
    with tf.name_scope("class_map"):
        resized = tf.image.resize(logits, (height, width), "bilinear")
        if resized.shape[-1] == 1:
            return tf.cast(resized[..., 0] > 0, tf.int32)
        return tf.argmax(resized, axis=-1, output_type=tf.int32)
