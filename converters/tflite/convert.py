"""Keras to .tflite, with TFLite's own operations only."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from reference.checkpoints import Checkpoint
from reference.manifest import Dtype, InputSpec

from ..artifact import Written, app_preprocessing, at_image_size, marks, publish, tensor_outputs
from ..deployable import SegmentationOutput, deployable, input_transform
from ..passes import PASSES, without
from .keras_mobilevit import INPUT, build

if TYPE_CHECKING:
    import keras


def convert(
    checkpoint: Checkpoint,
    output_dir: Path,
    *,
    precision: str,
    input_dtype: Dtype,
    output: SegmentationOutput = "mask",
    image_size: int | None = None,
    excluded_passes: Collection[str] = (),
) -> Written:
    """Convert `checkpoint` and publish the .tflite file.

    Args:
        precision: "float32" or "float16", of the weights.
        input_dtype: "float32" or "uint8", of the image tensor; RGB 0..255 either way.
        output: for segmentation, "mask" (the class of each pixel) or "logits".
        image_size: side of the crop in pixels; None: the checkpoint's own.
        excluded_passes: names of exact rewrites to leave out.
    """
    if image_size:
        checkpoint = at_image_size(checkpoint, image_size)
    preprocessing = app_preprocessing(checkpoint)
    height, width = preprocessing.crop_height, preprocessing.crop_width
    network = deployable(checkpoint, passes=without(PASSES, excluded_passes), bake_input=True, output=output)
    model = build(network, height, width, input_dtype)
    outputs = tensor_outputs(network, [tensor.shape for tensor in model.outputs], "NHWC")
    content = to_tflite(model, precision, [spec.name for spec in outputs])

    transform = input_transform(checkpoint)
    return publish(
        lambda path: path.write_bytes(content),
        checkpoint=checkpoint,
        output_dir=output_dir,
        format="tflite",
        precision=precision,
        preprocessing=preprocessing,
        input=InputSpec(
            name=INPUT,
            kind="tensor",
            shape=[1, height, width, 3],
            layout="NHWC",
            dtype=input_dtype,
            minimum=0,
            maximum=255,
            color_order="RGB",
            network_color_order=transform.color_order,
            scale=transform.scale,
        ),
        outputs=outputs,
        tools=("tensorflow", "torch"),
        marks=marks(output=output, image_sizes=[image_size] if image_size else []),
    )


def to_tflite(model: keras.Model, precision: str, outputs: Sequence[str]) -> bytes:
    """The bytes of a .tflite file for a Keras model; `precision` as in `convert`, `outputs` names what it returns."""
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
        if precision == "float16":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        return converter.convert()
