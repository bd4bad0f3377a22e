"""What an .mlpackage says of itself: to Xcode in its metadata, to apps as the outputs of its manifest."""

from __future__ import annotations

import json
from typing import Any

from reference.checkpoints import Checkpoint
from reference.labels import as_hex, palette
from reference.manifest import Preprocessing
from reference.tensor_specs import InputSpec, OutputSpec

from ..deployable import Deployable
from ..naming import AUTHOR, PURPOSES, class_names

LABEL = "classLabel"
PROBABILITIES = "classLabel_probs"  # coremltools' own name; it cannot be chosen
# What Xcode's preview tab looks for, and what it knows.
PREVIEW_TYPE = "com.apple.coreml.model.preview.type"
PREVIEW_PARAMETERS = "com.apple.coreml.model.preview.params"
PREVIEWS = {"classification": "imageClassifier", "segmentation": "imageSegmenter"}
MEANINGS = {
    "label": "most probable class",
    "probabilities": "probability of each class",
    "class_map": "class index of each pixel of the image",
    "scores": "of each label whether it is in the image, 0 to 1; any number can be",
    "values": "the number of each label",
    "logits": "of each class, before softmax or sigmoid; of coarse maps resize to the image (bilinear) first",
    "features": "feature vector of the image, the mean of the feature map",
    "feature_map": "last feature map, channels first",
}


_RESIZING = {
    "shortest_edge": "resize its shortest edge to {0.resize_shortest_edge}",
    "both_sides": "resize it to {0.resize_width}x{0.resize_height}",
    "cover": "resize it in proportion, to just cover {0.resize_width}x{0.resize_height}",
    "contain": "resize it in proportion, to lie just within {0.resize_width}x{0.resize_height}",
    "none": "as large as it is",
}


def classifies(network: Deployable) -> bool:
    """Whether Core ML's own kind of classifier is right: one class is the image's, and it has a probability."""
    return network.meanings == ("probabilities",)


def classifier_outputs(labels: int) -> list[OutputSpec]:
    """What Core ML makes of the probabilities of a classifier with that many labels."""
    return [
        OutputSpec(name=LABEL, kind="string", shape=[1], dtype="string", meaning="label", layout=None),
        OutputSpec(
            name=PROBABILITIES, kind="dictionary", shape=[labels], dtype="float32", meaning="probabilities", layout=None
        ),
    ]


def describe(
    model: Any, checkpoint: Checkpoint, facts: Preprocessing, feed: InputSpec, outputs: list[OutputSpec]
) -> None:
    """What Xcode shows on the model's page."""
    own = checkpoint.id in ("demo", "random")
    model.author = AUTHOR
    model.license = "Apache-2.0" if own else f"that of the checkpoint {checkpoint.id}"
    model.version = checkpoint.sha256[:12]
    model.short_description = f"MobileViT {checkpoint.size} {PURPOSES[checkpoint.task]}, checkpoint {checkpoint.id}"
    model.user_defined_metadata.update({"checkpoint": checkpoint.id, "checkpoint_sha256": checkpoint.sha256})
    meaning = outputs[-1].meaning
    if checkpoint.task == "segmentation" or meaning == "probabilities":
        model.user_defined_metadata[PREVIEW_TYPE] = PREVIEWS[checkpoint.task]
    elif meaning in ("scores", "values", "logits"):
        model.user_defined_metadata["labels"] = json.dumps(class_names(checkpoint))
    if checkpoint.task == "segmentation":
        labels = class_names(checkpoint)
        colors = list(map(as_hex, palette(len(labels))))
        model.user_defined_metadata[PREVIEW_PARAMETERS] = json.dumps({"labels": labels, "colors": colors})
    kind = "grey" if feed.color_order == "L" else "RGB"
    model.input_description[feed.name] = (
        f"{kind} image; {_RESIZING[facts.resize].format(facts)}, crop the central "
        f"{facts.crop_width}x{facts.crop_height}"
    )
    for output in outputs:
        model.output_description[output.name] = MEANINGS[output.meaning]
