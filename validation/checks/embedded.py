"""What a file says of itself beside its manifest: labels, preprocessing, quantization, checkpoint, Xcode's preview.

MediaPipe, Xcode and whoever opens the file without its manifest read this. Files of other tools may say less, or
nothing: what is not there is not held to anything.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reference.manifest import Manifest
from reference.tensor_specs import InputSpec, OutputSpec

LABELS_FILE = "labels.txt"  # which TFLite's metadata names
PREVIEW = "com.apple.coreml.model.preview."
PREVIEWS = {"classification": "imageClassifier", "segmentation": "imageSegmenter"}
ROUNDING = 2.0**-23  # of float32
COLOR_SPACES = {"RGB": "RGB", "BGR": "BGR", "GRAYSCALE": "L", "GRAYSCALE_FLOAT16": "L"}


def contradictions(path: Path, manifest: Manifest) -> list[str]:
    """Each place in the file that says otherwise than the manifest, in a line; UserError for a file that is broken."""
    inside = {".tflite": _of_tflite, ".onnx": _of_onnx, ".mlpackage": _of_mlpackage, ".aimodel": _of_aimodel}
    said = _said(manifest)
    return [
        line
        for place, key, value in inside[path.suffix](path)
        if key in said
        for line in _differences(f"the file's {place}", value, said[key])
    ]


def _said(manifest: Manifest) -> dict[str, Any]:
    """What the manifest says, by the keys that files' facts have here."""
    input, labels = manifest.input, manifest.labels
    facts: dict[str, Any] = {
        "task": manifest.task,
        "size": manifest.size,
        "checkpoint": manifest.checkpoint.id,
        "checkpoint_sha256": manifest.checkpoint.sha256,
        "preprocessing": manifest.preprocessing.model_dump(),
        "input": input.model_dump(),
        "color_order": input.color_order,
        "network_color_order": input.network_color_order,
        "image": [input.size[1], input.size[0]],
        "labels": labels,
        "palette": [[int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in manifest.palette],
        f"{PREVIEW}type": PREVIEWS.get(manifest.task),
        f"{PREVIEW}params": {"labels": labels, "colors": manifest.palette},
    }
    facts |= {f"tensor {each.name}": _tensor(each) for each in manifest.outputs}
    return facts | {f"tensor {input.name}": _tensor(input)}


def _tensor(spec: InputSpec | OutputSpec) -> dict[str, Any]:
    return {"dtype": spec.dtype, "quantization": spec.quantization and spec.quantization.model_dump()}


Facts = Iterator[tuple[str, str, Any]]  # where a fact stands in the file, its key in `_said`, what it says


def _of_tflite(path: Path) -> Facts:
    from ..graphs.tflite import load, type_names

    model, types = load(path), type_names()
    for signature in model.signatureDefs or ():
        tensors = model.subgraphs[signature.subgraphIndex].tensors
        for end in (*signature.inputs, *signature.outputs):
            tensor, name = tensors[end.tensorIndex], end.name.decode()
            scale = None if tensor.quantization is None else tensor.quantization.scale
            integers = None
            if scale is not None and len(scale):
                integers = {"scale": float(scale[0]), "zero_point": int(tensor.quantization.zeroPoint[0])}
            key = f"tensor {name}"
            yield key, key, {"dtype": types[tensor.type], "quantization": integers}
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if LABELS_FILE in archive.namelist():
                yield LABELS_FILE, "labels", archive.read(LABELS_FILE).decode("utf-8").split("\n")


def _of_onnx(path: Path) -> Facts:
    from ..graphs.onnx import load

    for each in load(path).metadata_props:
        yield f"metadata property {each.key}", each.key, _parsed(each.key, each.value)


def _of_mlpackage(path: Path) -> Facts:
    from ..mil.package import Package
    from ..mil.protos import FeatureTypes_pb2

    package = Package(path)
    for key, value in package.spec.description.metadata.userDefined.items():
        yield f"metadata {key}", key, _parsed(key, value)
    for feature in package.function().features.input:
        if feature.type.WhichOneof("Type") == "imageType":
            image = feature.type.imageType
            space = FeatureTypes_pb2.ImageFeatureType.ColorSpace.Name(image.colorSpace)
            yield f"input {feature.name}'s size", "image", [image.width, image.height]
            yield f"input {feature.name}'s colours", "network_color_order", COLOR_SPACES.get(space, space)
    for operation in package.function().walk():
        if operation.type == "classify":
            (classes,) = operation.inputs["classes"].arguments
            texts = classes.value.immediateValue.list.values
            yield "classes", "labels", [text.immediateValue.tensor.strings.values[0] for text in texts]


def _of_aimodel(path: Path) -> Facts:
    metadata = json.loads((path / "metadata.json").read_text("utf-8")).get("creatorDefinedMetadata", {})
    for key, value in metadata.items():
        yield f"metadata {key}", key, value if isinstance(value, list) else _parsed(key, value)


_JSON = ("preprocessing", "input", "labels", "palette", f"{PREVIEW}params")


def _parsed(key: str, text: str) -> Any:
    try:
        return json.loads(text) if key in _JSON else text
    except ValueError:
        return text


def _differences(place: str, inside: Any, said: Any) -> Iterator[str]:
    """Lines on what differs, of a list the first of its values."""
    if isinstance(inside, dict) and isinstance(said, dict):
        for key in dict.fromkeys([*inside, *said]):
            yield from _differences(f"{place}, {key}", inside.get(key), said.get(key))
    elif isinstance(inside, list) and isinstance(said, list) and len(inside) == len(said):
        for at, pair in enumerate(zip(inside, said)):
            if lines := list(_differences(f"{place}, at {at}", *pair)):
                yield lines[0]
                return
    elif not _same(inside, said):
        yield f"{place}: it says {_short(inside)}, the manifest says {_short(said)}"


def _same(inside: Any, said: Any) -> bool:
    """Scales are float32 in files."""
    if isinstance(inside, float) and isinstance(said, float | int):
        return math.isclose(inside, said, rel_tol=ROUNDING)
    return inside == said


def _short(value: Any) -> str:
    return f"{len(value)} values" if isinstance(value, list | dict) else json.dumps(value, ensure_ascii=False)
