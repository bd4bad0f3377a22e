"""PyTorch to an ML Program: torch.export, coremltools, image input, class labels, metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from reference.checkpoints import Checkpoint
from reference.labels import distinct
from reference.manifest import InputSpec, OutputSpec, Preprocessing

from ..artifact import Written, app_preprocessing, publish
from ..deployable import deployable, input_transform
from .lean_import import import_coremltools

ct = import_coremltools()

INPUT = "image"
LABEL = "classLabel"
PROBABILITIES = "classLabel_probs"  # coremltools' own name; it cannot be chosen
AUTHOR = "MobileViT Edge Kit"
PREVIEW_TYPE = "com.apple.coreml.model.preview.type"  # what Xcode's preview tab looks for


def convert(checkpoint: Checkpoint, output_dir: Path, *, precision: str, minimum_deployment_target: str) -> Written:
    """Convert `checkpoint` and publish the .mlpackage.

    Args:
        precision: "fp16" or "fp32", of weights and activations.
        minimum_deployment_target: a coremltools target such as "iOS16".
    """
    preprocessing = app_preprocessing(checkpoint)
    labels = distinct(checkpoint.model.config.labels)
    transform = input_transform(checkpoint)
    shape = [1, 3, preprocessing.crop_height, preprocessing.crop_width]

    program = torch.export.export(deployable(checkpoint, bake_input=False), (torch.rand(shape),))
    model = ct.convert(
        program.run_decompositions({}),
        inputs=[ct.ImageType(INPUT, shape, scale=transform.scale, color_layout=ct.colorlayout[transform.color_order])],
        classifier_config=ct.ClassifierConfig(labels, LABEL),
        convert_to="mlprogram",
        compute_precision=ct.precision.FLOAT16 if precision == "fp16" else ct.precision.FLOAT32,
        minimum_deployment_target=ct.target[minimum_deployment_target],
        skip_model_load=True,
    )
    _describe(model, checkpoint, preprocessing)
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
        outputs=[
            OutputSpec(name=LABEL, kind="string", shape=[1], dtype="string", meaning="label"),
            OutputSpec(
                name=PROBABILITIES, kind="dictionary", shape=[len(labels)], dtype="float32", meaning="probabilities"
            ),
        ],
        labels=labels,
        tools=("coremltools", "torch"),
    )


def _describe(model: Any, checkpoint: Checkpoint, facts: Preprocessing) -> None:
    """What Xcode shows on the model's page."""
    own = checkpoint.id in ("demo", "random")
    model.author = AUTHOR
    model.license = "Apache-2.0" if own else f"that of the checkpoint {checkpoint.id}"
    model.version = checkpoint.sha256[:12]
    model.short_description = f"MobileViT {checkpoint.size} image classifier, checkpoint {checkpoint.id}"
    model.user_defined_metadata.update(
        {"checkpoint": checkpoint.id, "checkpoint_sha256": checkpoint.sha256, PREVIEW_TYPE: "imageClassifier"}
    )
    model.input_description[INPUT] = (
        f"RGB image; resize its shortest edge to {facts.resize_shortest_edge}, "
        f"crop the central {facts.crop_width}x{facts.crop_height}"
    )
    model.output_description[LABEL] = "most probable class"
    model.output_description[PROBABILITIES] = "probability of each class"
