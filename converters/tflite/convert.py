"""A checkpoint to a published .tflite file: Keras, TFLite's own operations only, quantized, described, checked."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
import torch
from ai_edge_litert.interpreter import Interpreter
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from reference import scenes
from reference.checkpoints import Checkpoint
from reference.manifest import Preprocessing
from reference.tensor_specs import InputSpec, OutputSpec, Quantization

from ..artifact import Written, app_preprocessing, class_names, marks, publish, tensor_outputs
from ..deployable import Deployable, SegmentationOutput, deployable, input_transform
from ..passes import FOR_FLOAT, PASSES, without
from .checks import check
from .keras_mobilevit import INPUT, build
from .metadata import with_metadata
from .names import shorten
from .quantize import Options, quantize, settled

if TYPE_CHECKING:
    import keras


def convert(
    checkpoint: Checkpoint,
    output_dir: Path,
    options: Options,
    *,
    output: SegmentationOutput = "mask",
    image_size: int | None = None,
    excluded_passes: Collection[str] = (),
) -> Written:
    """Convert `checkpoint` and publish the .tflite file.

    Args:
        output: for segmentation, "mask" (the class of each pixel) or "logits".
        image_size: side of the crop in pixels; None: the checkpoint's own.
        excluded_passes: names of exact rewrites to leave out.

    Raises:
        UserError: where options do not fit, calibration images are missing, or the file fails its checks.
    """
    if image_size:
        checkpoint = checkpoint.cropping(image_size, image_size)
    preprocessing = app_preprocessing(checkpoint)
    plan = settled(options, checkpoint.task, output)
    passes = without(PASSES if plan.measures else FOR_FLOAT, excluded_passes)
    network = deployable(checkpoint, passes=passes, bake_input=True, output=output)
    side = (preprocessing.crop_height, preprocessing.crop_width)
    model = build(network, *side, "float32" if plan.measures else plan.input_dtype)  # or TensorFlow casts the bytes
    plain = to_tflite(model, network.meanings)
    quantized = quantize(plain, plan, checkpoint)

    tensors = Interpreter(model_content=quantized.content).get_signature_runner()
    outputs = [
        _stored(spec, tensors.get_output_details()[spec.name])
        for spec in tensor_outputs(network, [tensor.shape for tensor in model.outputs], "NHWC")
    ]
    content = with_metadata(quantized.content, checkpoint, outputs, class_names(checkpoint))
    golden = _golden(checkpoint)
    notes = [*quantized.notes]

    def write(path: Path) -> None:
        path.write_bytes(content)
        notes.append(check(path, plain=plain, plan=quantized.plan, golden=golden, expected=_expected(network, golden)))

    written = publish(
        write,
        checkpoint=checkpoint,
        output_dir=output_dir,
        format="tflite",
        precision=plan.precision,
        compression=plan.compression,
        kind=plan.precision if plan.compression == "none" else plan.compression,
        preprocessing=preprocessing,
        calibration=quantized.calibration,
        input=_input(checkpoint, preprocessing, tensors.get_input_details()[INPUT]),
        outputs=outputs,
        tools=("tensorflow", "torch", "ai-edge-litert", "ai-edge-quantizer"),
        marks=marks(output=output, image_sizes=[image_size] if image_size else []),
    )
    return Written(written.path, written.manifest, tuple(notes))


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


def _input(checkpoint: Checkpoint, preprocessing: Preprocessing, detail: Mapping[str, Any]) -> InputSpec:
    transform = input_transform(checkpoint)
    return InputSpec(
        name=INPUT,
        kind="tensor",
        shape=[1, preprocessing.crop_height, preprocessing.crop_width, 3],
        layout="NHWC",
        dtype=np.dtype(detail["dtype"]).name,
        minimum=0,
        maximum=255,
        color_order="RGB",
        network_color_order=transform.color_order,
        scale=[transform.scale] * 3,
        offset=[0.0] * 3,
        quantization=_quantization(detail),
    )


def _stored(spec: OutputSpec, detail: Mapping[str, Any]) -> OutputSpec:
    """`spec` with the type that the file has for it."""
    changes = {"dtype": np.dtype(detail["dtype"]).name, "quantization": _quantization(detail)}
    return spec.model_copy(update=changes)


def _quantization(detail: Mapping[str, Any]) -> Quantization | None:
    scale, zero_point = detail["quantization"]
    return Quantization(scale=float(scale), zero_point=int(zero_point)) if scale else None


def _golden(checkpoint: Checkpoint) -> np.ndarray:
    """A rendered scene as an app hands it over, uint8 RGB [H, W, 3]; it can be shown to every network."""
    return checkpoint.processor.resize_and_crop(scenes.render("validation", 0).image)


@torch.inference_mode()
def _expected(network: Deployable, golden: np.ndarray) -> dict[str, np.ndarray]:
    """What PyTorch answers, under the names of the outputs, maps as [1, H, W, C]."""
    answer = network(torch.tensor(golden)[None].permute(0, 3, 1, 2).float())
    values = [each.numpy() for each in (answer if isinstance(answer, tuple) else (answer,))]
    return {
        meaning: each.transpose(0, 2, 3, 1) if each.ndim == 4 else each
        for meaning, each in zip(network.meanings, values)
    }
