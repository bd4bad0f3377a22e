"""PyTorch to an ML Program: torch.export, coremltools, image input, class labels, metadata."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch

from reference.checkpoints import Checkpoint
from reference.labels import palette
from reference.manifest import InputSpec, OutputSpec, Preprocessing

from ..artifact import Written, app_preprocessing, class_names, publish, tensor_output
from ..deployable import deployable, input_transform
from ..passes import KEEPING_LAYER_NORM, without
from .lean_import import import_coremltools

ct = import_coremltools()

INPUT = "image"
LABEL = "classLabel"
PROBABILITIES = "classLabel_probs"  # coremltools' own name; it cannot be chosen
AUTHOR = "MobileViT Edge Kit"
# What Xcode's preview tab looks for, and what it knows.
PREVIEW_TYPE = "com.apple.coreml.model.preview.type"
PREVIEW_PARAMETERS = "com.apple.coreml.model.preview.params"
PREVIEWS = {"classification": "imageClassifier", "segmentation": "imageSegmenter"}
PURPOSES = {
    "classification": "image classifier",
    "segmentation": "semantic segmentation",
    "features": "image feature extractor",
}
MEANINGS = {
    "label": "most probable class",
    "probabilities": "probability of each class",
    "class_map": "class index of each pixel of the image",
    "features": "feature vector of the image",
}


def convert(
    checkpoint: Checkpoint,
    output_dir: Path,
    *,
    precision: str,
    minimum_deployment_target: str,
    excluded_passes: Collection[str] = (),
) -> Written:
    """Convert `checkpoint` and publish the .mlpackage.

    Args:
        precision: "fp16" or "fp32", of weights and activations.
        minimum_deployment_target: a coremltools target such as "iOS16".
        excluded_passes: names of exact rewrites to leave out.
    """
    preprocessing = app_preprocessing(checkpoint)
    transform = input_transform(checkpoint)
    shape = [1, 3, preprocessing.crop_height, preprocessing.crop_width]
    outputs = _outputs(checkpoint, preprocessing)

    classifies = checkpoint.task == "classification"
    network = deployable(checkpoint, passes=without(KEEPING_LAYER_NORM, excluded_passes), bake_input=False)
    program = torch.export.export(network, (torch.rand(shape),))
    model = ct.convert(
        program.run_decompositions({}),
        inputs=[ct.ImageType(INPUT, shape, scale=transform.scale, color_layout=ct.colorlayout[transform.color_order])],
        outputs=None if classifies else [ct.TensorType(outputs[0].name)],
        classifier_config=ct.ClassifierConfig(class_names(checkpoint), LABEL) if classifies else None,
        convert_to="mlprogram",
        compute_precision=ct.precision.FLOAT16 if precision == "fp16" else ct.precision.FLOAT32,
        minimum_deployment_target=ct.target[minimum_deployment_target],
        skip_model_load=True,
    )
    _describe(model, checkpoint, preprocessing, outputs)
    return publish(
        lambda path: model.save(str(path)),
        checkpoint=checkpoint,
        output_dir=output_dir,
        format="mlpackage",
        precision=precision,
        preprocessing=preprocessing,
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
            scale=transform.scale,
        ),
        outputs=outputs,
        tools=("coremltools", "torch"),
    )


def _outputs(checkpoint: Checkpoint, preprocessing: Preprocessing) -> list[OutputSpec]:
    plain = tensor_output(checkpoint, preprocessing)
    if checkpoint.task != "classification":
        return [plain]
    count = plain.shape[-1:]
    return [
        OutputSpec(name=LABEL, kind="string", shape=[1], dtype="string", meaning="label"),
        OutputSpec(name=PROBABILITIES, kind="dictionary", shape=count, dtype="float32", meaning="probabilities"),
    ]


def _describe(model: Any, checkpoint: Checkpoint, facts: Preprocessing, outputs: list[OutputSpec]) -> None:
    """What Xcode shows on the model's page."""
    own = checkpoint.id in ("demo", "random")
    model.author = AUTHOR
    model.license = "Apache-2.0" if own else f"that of the checkpoint {checkpoint.id}"
    model.version = checkpoint.sha256[:12]
    model.short_description = f"MobileViT {checkpoint.size} {PURPOSES[checkpoint.task]}, checkpoint {checkpoint.id}"
    model.user_defined_metadata.update({"checkpoint": checkpoint.id, "checkpoint_sha256": checkpoint.sha256})
    if checkpoint.task in PREVIEWS:
        model.user_defined_metadata[PREVIEW_TYPE] = PREVIEWS[checkpoint.task]
    if checkpoint.task == "segmentation":
        labels = class_names(checkpoint)
        colors = ["#{:02X}{:02X}{:02X}".format(*color) for color in palette(len(labels))]
        model.user_defined_metadata[PREVIEW_PARAMETERS] = json.dumps({"labels": labels, "colors": colors})
    model.input_description[INPUT] = (
        f"RGB image; resize its shortest edge to {facts.resize_shortest_edge}, "
        f"crop the central {facts.crop_width}x{facts.crop_height}"
    )
    for output in outputs:
        model.output_description[output.name] = MEANINGS[output.meaning]
