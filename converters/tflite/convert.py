"""A checkpoint to a published .tflite file: Keras, TFLite's own operations only, quantized, described, checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reference.checkpoints import Checkpoint
from reference.tensor_specs import OutputSpec, Quantization

from ..artifact import Written
from ..conversion import begin
from .checks import check, expected_answers, golden_images
from .export import to_tflite
from .interpreters import running
from .keras_mobilevit import build
from .metadata import with_metadata
from .options import DEFAULTS, TFLiteOptions
from .quantize import passes, planned, quantize


def convert(checkpoint: Checkpoint, output_dir: Path, options: TFLiteOptions = DEFAULTS) -> Written:
    """Convert `checkpoint` and publish the .tflite file in `output_dir`.

    Raises:
        UserError: where options do not fit, images are missing, the file fails its checks, or cannot be put in place.
    """
    job = begin(checkpoint, output_dir, options, passes=passes(options, checkpoint.task), bake_input=True)
    options, network = job.options, job.network
    plan = planned(options, job.checkpoint)
    dtype = "float32" if options.measures else options.input_dtype  # or TensorFlow casts the bytes

    def plainly(batch: int) -> bytes:
        return to_tflite(build(network, *job.size, dtype, batch), network.meanings)

    plain = plainly(options.batch)
    # Whatever the batch, images are measured on one by one: what that gives does not depend on their order.
    single = plainly(1) if options.measures and options.batch > 1 else plain
    quantized = quantize(plain, plan, job.images, single=single)

    tensors = running(quantized.content).get_signature_runner()
    (feed,) = tensors.get_input_details().values()
    outputs = [_stored(spec, tensors.get_output_details()[spec.name]) for spec in job.outputs]
    content = with_metadata(quantized.content, job.checkpoint, job.transform.color_order == "L", outputs)
    golden = golden_images(job.checkpoint, options.batch)
    notes = [*quantized.notes]

    def write(path: Path) -> None:
        path.write_bytes(content)
        expected = expected_answers(network, golden)
        notes.append(check(path, plain=plain, plan=quantized.plan, golden=golden, expected=expected))

    written = job.publish(
        write,
        input=job.input("tensor", "NHWC", np.dtype(feed["dtype"]).name, _quantization(feed)),
        outputs=outputs,
        tools=("tensorflow", "torch", "ai-edge-litert", "ai-edge-quantizer"),
        measured=None if job.images is None else job.images.facts(f"{options.range_method} ranges"),
    )
    return dataclasses.replace(written, notes=tuple(notes))


def _stored(spec: OutputSpec, detail: Mapping[str, Any]) -> OutputSpec:
    """`spec` as the file has it: maps with their channels last, the tensor's own type."""
    changes: dict[str, Any] = {"dtype": np.dtype(detail["dtype"]).name, "quantization": _quantization(detail)}
    if spec.layout is not None:
        batch, channels, height, width = spec.shape
        changes |= {"layout": "NHWC", "shape": [batch, height, width, channels]}
    return spec.model_copy(update=changes)


def _quantization(detail: Mapping[str, Any]) -> Quantization | None:
    scale, zero_point = detail["quantization"]
    return Quantization(scale=float(scale), zero_point=int(zero_point)) if scale else None
