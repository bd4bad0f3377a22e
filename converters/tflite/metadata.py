"""TFLite metadata: what MediaPipe Tasks and Android Studio read inside the file.

The schema is MediaPipe's own; its writer is of no use, as the registry's builds lack a module that it imports.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as model_schema
from ai_edge_litert.interpreter import Interpreter
from mediapipe.tasks.metadata import image_segmenter_metadata_schema_py_generated as segmenter_schema
from mediapipe.tasks.metadata import metadata_schema_py_generated as schema

from reference.checkpoints import Checkpoint
from reference.tensor_specs import OutputSpec

from ..naming import PURPOSES, class_names
from .flatbuffer import pack, unpack

LABELS = "labels.txt"
FIELD = "TFLITE_METADATA"
SEGMENTER_FIELD = "SEGMENTER_METADATA"
# What follows the last layer of a mask: its class is chosen. The schema knows no such activation, and ImageSegmenter
# refuses a file with one that it does not know.
CHOSEN = 3


def with_metadata(content: bytes, checkpoint: Checkpoint, grey: bool, outputs: Sequence[OutputSpec]) -> bytes:
    """The file with a description, the input's normalisation (none: pixels 0..255) and its labels inside.

    ImageClassifier runs classifiers as they are, ImageSegmenter those that answer with logits; both refuse `grey`
    images, which they are told of. A mask ImageSegmenter would take for as many masks as it is wide, with such metadata
    or without: see CHOSEN.
    """
    labels = class_names(checkpoint)
    described = _model_metadata(checkpoint, grey, sorted(outputs, key=lambda output: _place(content, output)))
    model = unpack(content)
    entry = model_schema.MetadataT()
    entry.name, entry.buffer = FIELD, len(model.buffers)
    buffer = model_schema.BufferT()
    buffer.data = list(_packed(described, b"M001"))
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    file = io.BytesIO(pack(model))
    if labels:
        with zipfile.ZipFile(file, "a") as archive:  # which readers find at the end of the file
            archive.writestr(zipfile.ZipInfo(LABELS), "\n".join(labels))
    return file.getvalue()


def _model_metadata(checkpoint: Checkpoint, grey: bool, outputs: Sequence[OutputSpec]) -> schema.ModelMetadataT:
    normalisation = _table("NormalizationOptions", mean=[0.0], std=[1.0])
    colors = schema.ColorSpaceType.GRAYSCALE if grey else schema.ColorSpaceType.RGB
    pixels = _table("ImageProperties", colorSpace=colors)
    image = _table(
        "TensorMetadata",
        name="image",
        description=f"{'grey' if grey else 'RGB'}, resized and cropped as the manifest beside the file says",
        content=_table(
            "Content", contentPropertiesType=schema.ContentProperties.ImageProperties, contentProperties=pixels
        ),
        processUnits=[
            _table("ProcessUnit", optionsType=schema.ProcessUnitOptions.NormalizationOptions, options=normalisation)
        ],
        stats=_table("Stats", min=[0.0], max=[255.0]),
    )
    graph = _table("SubGraphMetadata", inputTensorMetadata=[image], outputTensorMetadata=[*map(_tensor, outputs)])
    if checkpoint.task == "segmentation":
        options = segmenter_schema.ImageSegmenterOptionsT()
        options.activation = _activation(*outputs)
        graph.customMetadata = [_table("CustomMetadata", name=SEGMENTER_FIELD, data=list(_packed(options, b"V001")))]
    return _table(
        "ModelMetadata",
        name=f"MobileViT {checkpoint.size}",
        description=f"{PURPOSES[checkpoint.task]}, checkpoint {checkpoint.id}",
        version=checkpoint.sha256[:12],
        subgraphMetadata=[graph],
    )


def _activation(output: OutputSpec) -> int:
    """What ImageSegmenter makes confidences of a segmenter's output by."""
    if output.meaning == "class_map":
        return CHOSEN
    kinds = segmenter_schema.Activation
    return kinds.SIGMOID if output.classes == 1 else kinds.SOFTMAX  # of one class: it is there or not


def _tensor(output: OutputSpec) -> schema.TensorMetadataT:
    # MediaPipe shows what has labels as probabilities: no logits of a classifier, and no values.
    named = output.meaning in ("probabilities", "scores", "class_map") or (
        output.meaning == "logits" and output.layout is not None
    )
    kinds = schema.AssociatedFileType
    kind = kinds.TENSOR_VALUE_LABELS if output.meaning == "class_map" else kinds.TENSOR_AXIS_LABELS
    return _table(
        "TensorMetadata",
        name=output.name,
        content=_table(
            "Content",
            contentPropertiesType=schema.ContentProperties.FeatureProperties,
            contentProperties=schema.FeaturePropertiesT(),
        ),
        associatedFiles=[_table("AssociatedFile", name=LABELS, type=kind) for _ in range(named)],
    )


def _table(kind: str, /, **fields: Any) -> Any:
    """A table of the metadata schema."""
    table = getattr(schema, f"{kind}T")()
    for field, value in fields.items():
        assert hasattr(table, field), field
        setattr(table, field, value)
    return table


def _packed(table: Any, identifier: bytes) -> bytes:
    builder = flatbuffers.Builder(0)
    builder.Finish(table.Pack(builder), identifier)
    return bytes(builder.Output())


def _place(content: bytes, output: OutputSpec) -> int:
    """Where the file has it; metadata lists tensors in that order, which is not that of the signature."""
    interpreter = Interpreter(model_content=content)
    index = interpreter.get_signature_runner().get_output_details()[output.name]["index"]
    return [detail["index"] for detail in interpreter.get_output_details()].index(index)
