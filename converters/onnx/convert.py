"""A checkpoint to a published .onnx file."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import ModelProto
from torch import Tensor, nn

from reference.checkpoints import Checkpoint
from reference.pretrained import PreTrainedModel

from .. import anatomy
from ..artifact import Written
from ..conversion import begin
from ..passes import KEEPING_LAYER_NORM
from .describe import describe
from .export import check, to_onnx
from .half import halve_weights
from .options import DEFAULTS, ONNXOptions
from .quantize import PERCENTILE, quantize_layers, take_shapes


def convert(checkpoint: Checkpoint, output_dir: Path, options: ONNXOptions = DEFAULTS) -> Written:
    """Convert `checkpoint` and publish the .onnx file in `output_dir`.

    Raises:
        UserError: where options do not fit, images are missing, or the file cannot be put in place.
    """
    job = begin(checkpoint, output_dir, options, passes=KEEPING_LAYER_NORM, bake_input=True)
    options = job.options
    feed = job.input("tensor", "NHWC", options.input_dtype)
    images = torch.zeros(feed.shape, dtype=getattr(torch, options.input_dtype))
    spared = first_convolutions(job.network.network)

    def export(images: Tensor) -> ModelProto:
        return to_onnx(job.network, images, dynamic_batch=options.dynamic_batch, opset=options.opset)

    model = export(images)
    if options.quantize == "float16":
        halve_weights(model)
    measured = None
    if job.images is not None:
        method, several = options.range_method, model
        single = model if options.batch == 1 else export(images[:1])  # images are measured on one by one
        model = quantize_layers(single, job.images.pixels, range_method=method, spared=spared)
        if options.batch > 1:
            take_shapes(model, several)
        measured = job.images.facts(f"percentile {PERCENTILE}" if method == "percentile" else method)
    describe(model, job.checkpoint, job.preprocessing, feed)
    check(model)
    return job.publish(
        lambda path: onnx.save(model, path),
        input=feed,
        outputs=job.outputs,
        tools=("torch", "onnx", "onnxscript", *["onnxruntime"] * (job.images is not None)),
        measured=measured,
    )


def first_convolutions(network: PreTrainedModel) -> int:
    """How many convolutions the stem and the first stage have.

    They work on the largest maps, whose channels differ most in range, and all that follows sees their errors: one
    scale for all channels of a depthwise convolution costs s 8 dB there (`python -m validation localize`).
    """
    first = (anatomy.stem(network), anatomy.stages(network)[0])
    return sum(isinstance(each, nn.Conv2d) for part in first for each in part.modules())
