"""A checkpoint to a published .onnx file."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import onnx
import torch
from torch import nn

from reference.checkpoints import Checkpoint
from reference.pretrained import PreTrainedModel
from reference.tensor_specs import Dtype, InputSpec

from ..artifact import Written, app_preprocessing, marks, publish, tensor_outputs
from ..calibration import calibration
from ..deployable import SegmentationOutput, deployable, input_transform
from ..passes import KEEPING_LAYER_NORM, without
from .attention import WHOLE_FROM
from .describe import describe
from .export import INPUT, answer_shapes, check, to_onnx
from .half import halve_weights
from .quantize import OPSET as INT8_OPSET
from .quantize import PERCENTILE, quantize_layers


def convert(
    checkpoint: Checkpoint,
    output_dir: Path,
    *,
    quantize: str = "none",
    input_dtype: Dtype = "uint8",
    output: SegmentationOutput = "mask",
    image_size: int | None = None,
    dynamic_batch: bool = False,
    opset: int | None = None,
    calibration_folder: Path | None = None,
    calibration_samples: int = 128,
    range_method: str = "percentile",
    excluded_passes: Collection[str] = (),
) -> Written:
    """Convert `checkpoint` and publish the .onnx file.

    Args:
        quantize: "none" (float32), "float16" (weights) or "int8" (weights, and activations of layers with weights).
        input_dtype: "uint8" or "float32", of the image tensor [1, H, W, 3]; RGB 0..255 either way.
        output: for segmentation, "mask" (the class of each pixel) or "logits".
        image_size: side of the crop in pixels; None: the checkpoint's own.
        dynamic_batch: whether the first axis of inputs and outputs is open; the manifest states one image.
        opset: version of ONNX's operations, 18 or newer; None: 23, and 20 for "int8".
        calibration_folder, calibration_samples: images that "int8" measures on; see `calibration`.
        range_method: "minmax" or "percentile", of activations.
        excluded_passes: names of exact rewrites to leave out.

    Raises:
        UserError: for "int8" without images to measure on.
    """
    if image_size:
        checkpoint = checkpoint.cropping(image_size, image_size)
    preprocessing = app_preprocessing(checkpoint)
    transform = input_transform(checkpoint)
    shape = [1, preprocessing.crop_height, preprocessing.crop_width, 3]
    integer = quantize == "int8"
    opset = opset or (INT8_OPSET if integer else WHOLE_FROM)
    images = calibration(checkpoint, calibration_folder, calibration_samples, required=True) if integer else None

    passes = without(KEEPING_LAYER_NORM, excluded_passes)
    network = deployable(checkpoint, passes=passes, bake_input=True, output=output)
    image = torch.zeros(shape, dtype=getattr(torch, input_dtype))
    outputs = tensor_outputs(network, answer_shapes(network, image), "NCHW")
    model = to_onnx(network, image, dynamic_batch=dynamic_batch, opset=opset)
    if quantize == "float16":
        halve_weights(model)
    if images is not None:
        spared = first_convolutions(network.network)
        model = quantize_layers(model, images.inputs, transform, range_method=range_method, spared=spared)

    feed = InputSpec(
        name=INPUT,
        kind="tensor",
        shape=shape,
        layout="NHWC",
        dtype=input_dtype,
        minimum=0,
        maximum=255,
        color_order="RGB",
        network_color_order=transform.color_order,
        scale=[transform.scale] * 3,
        offset=[0.0] * 3,
    )
    compression = "int8" if integer else "none"
    describe(model, checkpoint, preprocessing, feed)
    check(model)
    return publish(
        lambda path: onnx.save(model, path),
        checkpoint=checkpoint,
        output_dir=output_dir,
        format="onnx",
        precision="float16" if quantize == "float16" else "float32",
        compression=compression,
        preprocessing=preprocessing,
        calibration=images.facts(f"percentile {PERCENTILE}" if range_method == "percentile" else range_method)
        if images
        else None,
        input=feed,
        outputs=outputs,
        tools=("torch", "onnx", "onnxscript", *["onnxruntime"] * integer),
        marks=[
            *marks(output=output, image_sizes=[image_size] if image_size else [], compression=compression),
            *["batch"] * dynamic_batch,
        ],
    )


def first_convolutions(network: PreTrainedModel) -> int:
    """How many convolutions the stem and the first stage have.

    They work on the largest maps, whose channels differ most in range, and all that follows sees their errors: one
    scale for all channels of a depthwise convolution costs s 8 dB there (`python -m validation localize`).
    """
    backbone = network.backbone
    return sum(
        isinstance(each, nn.Conv2d)
        for part in (backbone.conv_stem, backbone.encoder.layer[0])
        for each in part.modules()
    )
