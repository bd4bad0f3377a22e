"""An exported program to an ML Program with an image for its input, or a batch of them, by coremltools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest import mock

import numpy as np
from torch.export import ExportedProgram

from ..conversion import Conversion
from ..measure import Range
from ..naming import class_names
from ..preprocessing import INPUT
from .describe import LABEL, classifies
from .lean_import import import_coremltools
from .options import CoreMLOptions
from .tidy import tidy

ct = import_coremltools()
MILProgram = ct.converters.mil.mil.Program


def to_ml_program(
    program: ExportedProgram, job: Conversion[CoreMLOptions], pipeline: Any, ranges: Mapping[str, Range]
) -> Any:
    """coremltools' model of `program`.

    Args:
        pipeline: coremltools' passes. ranges: of nodes' results, where they decide the precision.
    """
    labelled = classifies(job)
    # coremltools validates the program before and after each of its passes, which takes as long as the passes do.
    with mock.patch.object(MILProgram, "validate"):
        model = ct.convert(
            program,
            convert_to="mlprogram",
            pass_pipeline=pipeline,
            skip_model_load=True,
            inputs=[_input(job)],
            outputs=None if labelled else [ct.TensorType(spec.name) for spec in job.outputs],
            classifier_config=ct.ClassifierConfig(class_names(job.checkpoint), LABEL) if labelled else None,
            compute_precision=_compute_precision(job.options.precision, ranges),
            minimum_deployment_target=ct.target[job.options.minimum_deployment_target],
        )
    model._mil_program.validate()
    return _tidied(model)


def _input(job: Conversion[CoreMLOptions]) -> Any:
    """An image, which Core ML then scales and shifts; or numbers, where the network does."""
    if job.network.takes_pixels:
        return ct.TensorType(INPUT, (job.options.batch, job.transform.channels, *job.size), dtype=np.float32)
    transform, sides = job.transform, job.options.image_size
    shape = [1, transform.channels, *job.size]
    return ct.ImageType(
        INPUT,
        ct.EnumeratedShapes([[*shape[:2], *size] for size in sides], shape) if sides[1:] else shape,
        scale=transform.even_scale,
        bias=transform.even_offset if any(transform.offset) else None,
        color_layout=ct.colorlayout["GRAYSCALE" if transform.color_order == "L" else transform.color_order],
    )


def _compute_precision(precision: str, ranges: Mapping[str, Range]) -> Any:
    if precision == "mixed":
        large = {name for name, range in ranges.items() if range.overflows}

        def fits(operation: Any) -> bool:
            values = [*operation.outputs, *(each for each in operation.inputs.values() if hasattr(each, "name"))]
            return large.isdisjoint(value.name for value in values)

        return ct.transform.FP16ComputePrecision(fits)
    return ct.precision.FLOAT16 if precision == "float16" else ct.precision.FLOAT32


def _tidied(model: Any) -> Any:
    """The model with `tidy` applied; it no longer drags along a table for ExecuTorch's debugger."""
    spec = model.get_spec()
    tidy(spec)
    return ct.models.MLModel(spec, weights_dir=model.weights_dir, skip_model_load=True)
