"""What an .onnx file says of itself in its metadata properties, so that it can be fed without its manifest."""

from __future__ import annotations

import json

from onnx import ModelProto, helper

from reference.checkpoints import Checkpoint
from reference.labels import palette
from reference.manifest import Preprocessing
from reference.tensor_specs import InputSpec

from ..naming import AUTHOR, class_names


def describe(model: ModelProto, checkpoint: Checkpoint, preprocessing: Preprocessing, input: InputSpec) -> None:
    """Write the metadata properties: words as they are, everything else as JSON."""
    labels = class_names(checkpoint)
    facts = {
        "task": checkpoint.task,
        "size": checkpoint.size,
        "checkpoint": checkpoint.id,
        "checkpoint_sha256": checkpoint.sha256,
        "preprocessing": preprocessing.model_dump_json(),
        "input": input.model_dump_json(),
        "color_order": input.color_order,
    }
    if labels:
        facts["labels"] = json.dumps(labels)
    if checkpoint.task == "segmentation":
        facts["palette"] = json.dumps(palette(len(labels)))  # RGB of each class
    helper.set_model_props(model, facts)
    model.producer_name = AUTHOR
    model.doc_string = f"MobileViT {checkpoint.size}, {checkpoint.task}, checkpoint {checkpoint.id}"
