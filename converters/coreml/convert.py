"""PyTorch to an ML Program: torch.export, coremltools, image input, class labels, metadata."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.tensor_specs import InputSpec
from reference.threads import torch_threads

from ..artifact import Written, app_preprocessing, class_names, marks, publish, tensor_outputs
from ..calibration import calibration
from ..deployable import Deployable, SegmentationOutput, deployable, input_transform
from ..passes import KEEPING_LAYER_NORM, without
from .bias_correction import ENOUGH, correct_biases
from .channels_first import to_channels_first
from .checks import check
from .choice import Chosen, weights_to_compress
from .compress import COMPRESSIONS, Compression, add_passes, rounding
from .describe import INPUT, LABEL, classifier_outputs, describe
from .lean_import import import_coremltools
from .measure import Measured, Range, measure
from .tidy import tidy

ct = import_coremltools()

OLDEST_TARGET = "iOS16"


def convert(
    checkpoint: Checkpoint,
    output_dir: Path,
    *,
    precision: str = "float16",
    compress: str = "none",
    output: SegmentationOutput = "mask",
    image_sizes: Sequence[int] = (),
    minimum_deployment_target: str | None = None,
    calibration_folder: Path | None = None,
    calibration_samples: int = 128,
    excluded_passes: Collection[str] = (),
) -> Written:
    """Convert `checkpoint` and publish the .mlpackage.

    Args:
        precision: of weights and activations; "mixed" is float16 but for operations whose values leave its range.
        compress: "none" or a name in COMPRESSIONS.
        output: for segmentation, "mask" (the class of each pixel) or "logits".
        image_sizes: sides of the crop in pixels, the default first; none: the checkpoint's own.
        minimum_deployment_target: a coremltools target such as "iOS16"; None: the oldest that `compress` allows, iOS16
            without.
        calibration_folder, calibration_samples: images that "mixed" and "w8a8" measure on; see `calibration`.
        excluded_passes: names of exact rewrites to leave out.

    Raises:
        UserError: for options that do not go together.
    """
    if image_sizes:
        checkpoint = checkpoint.cropping(image_sizes[0], image_sizes[0])
    preprocessing = app_preprocessing(checkpoint)
    transform = input_transform(checkpoint)
    shape = [1, 3, preprocessing.crop_height, preprocessing.crop_width]
    compression = COMPRESSIONS.get(compress)
    target = _target(minimum_deployment_target, compress)

    passes = without(KEEPING_LAYER_NORM, excluded_passes)
    network = deployable(checkpoint, passes=passes, bake_input=False, output=output)
    to_channels_first(network.network)
    program = _export(network, shape, image_sizes)
    measures = precision == "mixed" or (compression is not None and compression.activations)
    images = None
    if measures or compression is not None:
        images = calibration(checkpoint, calibration_folder, calibration_samples, required=measures)
    with torch_threads(1):
        measured = measure(program, images.inputs[: None if measures else ENOUGH]) if images else Measured({}, {})
    ranges = measured.ranges if measures else {}
    pipeline = ct.PassPipeline.DEFAULT
    chosen: dict[str, Chosen] = {}
    if compression is not None:
        weights = weights_to_compress(program)
        chosen = {name: compression.choose(weight) for name, weight in weights.items()}
        add_passes(pipeline, compression, weights, chosen, ranges)
        if images is not None:
            dense = {name: torch.from_numpy(each.dense) for name, each in chosen.items()}
            with torch_threads(1):
                correct_biases(program, images.inputs, measured.means, dense, rounding(compression, ranges))

    classifies = checkpoint.task == "classification"
    outputs = tensor_outputs(network, _answer_shapes(network, shape), "NCHW")
    sizes = ct.EnumeratedShapes([[1, 3, side, side] for side in image_sizes], shape) if image_sizes[1:] else shape
    model = ct.convert(
        program,
        convert_to="mlprogram",
        pass_pipeline=pipeline,
        skip_model_load=True,
        inputs=[ct.ImageType(INPUT, sizes, scale=transform.scale, color_layout=ct.colorlayout[transform.color_order])],
        outputs=None if classifies else [ct.TensorType(spec.name) for spec in outputs],
        classifier_config=ct.ClassifierConfig(class_names(checkpoint), LABEL) if classifies else None,
        compute_precision=_compute_precision(precision, ranges),
        minimum_deployment_target=target,
    )
    model = _tidied(model)
    if classifies:
        outputs = classifier_outputs(len(class_names(checkpoint)))
    describe(model, checkpoint, preprocessing, outputs)

    def write(path: Path) -> None:
        model.save(str(path))
        if compression is not None:
            check(path, compression, chosen)

    return publish(
        write,
        checkpoint=checkpoint,
        output_dir=output_dir,
        format="mlpackage",
        precision=precision,
        compression=compress,
        preprocessing=preprocessing,
        other_sizes=[app_preprocessing(checkpoint.cropping(side, side)) for side in image_sizes[1:]],
        calibration=images.facts(_method(compression, ranges)) if images else None,
        input=InputSpec(
            name=INPUT,
            kind="image",
            shape=shape,
            layout="NCHW",
            dtype="uint8",
            minimum=0,
            maximum=255,
            color_order="RGB",
            network_color_order=transform.color_order,
            scale=[transform.scale] * 3,
            offset=[0.0] * 3,
        ),
        outputs=outputs,
        tools=("coremltools", "torch"),
        marks=marks(compression=compress, output=output, image_sizes=image_sizes),
    )


def _method(compression: Compression | None, ranges: Mapping[str, Range]) -> str:
    """What calibration images served for."""
    return ", ".join(["minmax"] * bool(ranges) + ["bias correction"] * (compression is not None))


def _target(name: str | None, compress: str) -> Any:
    """The deployment target; UserError where it has not the operations that `compress` needs."""
    needed = COMPRESSIONS[compress].needs if compress in COMPRESSIONS else OLDEST_TARGET
    if name is None:
        return ct.target[needed]
    if compress in COMPRESSIONS and ct.target[name] < ct.target[needed]:
        raise UserError(
            f"--compress {compress} needs {needed} or newer: leave --minimum-deployment-target {name} out, or raise it"
        )
    return ct.target[name]


def _export(network: Deployable, shape: Sequence[int], image_sizes: Sequence[int]) -> ExportedProgram:
    """The network as a graph of PyTorch's core operators, for one size of image or for several."""
    dynamic = None
    if image_sizes[1:]:
        config = network.network.config
        step = config.patch_size * 32  # patches tile every feature map, so that none is stretched
        wrong = [side for side in image_sizes if side % step]
        if wrong:
            raise UserError(f"--image-size with several sizes takes multiples of {step}, not {wrong[0]}")
        side = step * torch.export.Dim("side", min=1, max=max(image_sizes) // step)
        dynamic = ({2: side, 3: side},)
    return torch.export.export(network, (torch.rand(*shape),), dynamic_shapes=dynamic).run_decompositions({})


@torch.inference_mode()
def _answer_shapes(network: Deployable, shape: Sequence[int]) -> list[torch.Size]:
    answer = network(torch.zeros(*shape))
    return [each.shape for each in (answer if isinstance(answer, tuple) else (answer,))]


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
