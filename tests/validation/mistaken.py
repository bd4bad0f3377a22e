"""Artifacts made wrong on purpose: copies of sound ones with one thing changed, and manifests that fit their bytes."""

from __future__ import annotations

import dataclasses
import json
import shutil
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from reference.manifest import digest, manifest_path, size_in_bytes
from validation.checks.diagnosis import Imitation
from validation.mil.protos import FeatureTypes_pb2, Model_pb2

MODEL = Path("Data/com.apple.CoreML/model.mlmodel")
WEIGHTS = Path("Data/com.apple.CoreML/weights/weight.bin")


def copy_of(artifact: Path, folder: Path) -> Path:
    """A copy to spoil, with its manifest."""
    target = folder / artifact.name
    (shutil.copytree if artifact.is_dir() else shutil.copyfile)(artifact, target)
    shutil.copyfile(manifest_path(artifact), manifest_path(target))
    return target


def describe_anew(artifact: Path, **changes: Any) -> None:
    """Make the manifest fit the bytes again, and change what else it says: dotted keys with double underscores."""
    path = manifest_path(artifact)
    manifest = json.loads(path.read_text("utf-8"))
    manifest["artifact"] |= {"sha256": digest(artifact), "bytes": size_in_bytes(artifact)}
    for key, value in changes.items():
        *parents, last = key.split("__")
        place = manifest
        for parent in parents:
            place = place[parent]
        place[last] = value(place[last]) if callable(value) else value
    path.write_text(json.dumps(manifest), "utf-8")


def remembering(imitations: Iterable[Imitation]) -> list[Imitation]:
    """Imitations of mistakes that answer to each picture once: they are what takes a diagnosis its time."""

    def kept(answer: Callable[[Image.Image], np.ndarray]) -> Callable[[Image.Image], np.ndarray]:
        answers: dict[int, np.ndarray] = {}

        def remembered(image: Image.Image) -> np.ndarray:
            if id(image) not in answers:
                answers[id(image)] = answer(image)
            return answers[id(image)]

        return remembered

    return [dataclasses.replace(each, answer=kept(each.answer)) for each in imitations]


# ML Programs


def edit_program(package: Path, edit: Callable[[Any, Any], None]) -> None:
    """Change the spec (Model message) and the operations of its main block."""
    path = package / MODEL
    spec = Model_pb2.Model.FromString(path.read_bytes())
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    edit(spec, block)
    path.write_bytes(spec.SerializeToString())


def operation(block: Any, kind: str) -> Any:
    """The only, or first, operation of a kind."""
    return next(each for each in block.operations if each.type == kind)


def source(block: Any, consumer: Any, parameter: str) -> Any:
    """The operation that computes a parameter of another."""
    name = consumer.inputs[parameter].arguments[0].name
    return next(each for each in block.operations if name in [output.name for output in each.outputs])


def swap_channels(spec: Any, block: Any) -> None:
    spec.description.input[0].type.imageType.colorSpace = FeatureTypes_pb2.ImageFeatureType.RGB


def scale_by(factor: float) -> Callable[[Any, Any], None]:
    def edit(spec: Any, block: Any) -> None:
        floats = source(block, operation(block, "mul"), "y").attributes["val"].immediateValue.tensor.floats
        floats.values[:] = [value * factor for value in floats.values]

    return edit


def _last_softmax(block: Any) -> Any:
    return [each for each in block.operations if each.type == "softmax"][-1]


def forget_softmax(spec: Any, block: Any) -> None:
    softmax = _last_softmax(block)
    softmax.type = "identity"
    del softmax.inputs["axis"]


def softmax_twice(spec: Any, block: Any) -> None:
    softmax = _last_softmax(block)
    again = type(softmax)()
    again.CopyFrom(softmax)
    again.inputs["x"].arguments[0].name = softmax.outputs[0].name
    again.outputs[0].name = "softmax_again"
    again.attributes["name"].immediateValue.tensor.strings.values[:] = ["softmax_again"]
    place = list(block.operations).index(softmax) + 1
    block.operations.insert(place, again)
    reader = next(
        argument
        for each in block.operations[place + 1 :]
        for parameter in each.inputs.values()
        for argument in parameter.arguments
        if argument.name == softmax.outputs[0].name
    )
    reader.name = "softmax_again"


def shift_labels(spec: Any, block: Any) -> None:
    (argument,) = operation(block, "classify").inputs["classes"].arguments
    texts = [each.immediateValue.tensor.strings for each in argument.value.immediateValue.list.values]
    names = [text.values[0] for text in texts]
    for text, name in zip(texts, [*names[1:], names[0]]):
        text.values[:] = [name]


def edit_weights(package: Path, edit: Callable[[np.ndarray], np.ndarray], named: str | None = None) -> None:
    """Change the float16 weights of the constant `named`, or of all constants in the file."""
    spec = Model_pb2.Model.FromString((package / MODEL).read_bytes())
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    content = bytearray((package / WEIGHTS).read_bytes())
    changed = 0
    for each in block.operations:
        value = each.attributes["val"]
        if each.type != "const" or value.WhichOneof("value") != "blobFileValue":
            continue
        if named is not None and each.outputs[0].name != named:
            continue
        # A record: sentinel and type (32 bits each), then the size and place of the data (64 bits each).
        _, _, size, start = struct.unpack_from("<IIQQ", content, value.blobFileValue.offset)
        values = np.frombuffer(bytes(content[start : start + size]), np.float16)
        content[start : start + size] = edit(values).astype(np.float16).tobytes()
        changed += 1
    assert changed, f"there is no constant {named}"
    (package / WEIGHTS).write_bytes(content)


def noise(values: np.ndarray) -> np.ndarray:
    """As strong as the weights themselves."""
    return values + np.random.default_rng(1).normal(0, values.astype(np.float32).std(), values.shape)


def shuffled(values: np.ndarray) -> np.ndarray:
    return np.random.default_rng(1).permutation(values)


# .tflite files


def edit_tflite(path: Path, edit: Callable[[Any, Callable[[int], np.ndarray]], None]) -> None:
    """Change a .tflite file: `edit` gets the model (flatbuffers' object API) and float32 views on its tensors."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    (graph,) = model.subgraphs

    def weights(tensor: int) -> np.ndarray:
        buffer = model.buffers[graph.tensors[tensor].buffer]
        buffer.data = np.array(buffer.data, np.uint8)
        return buffer.data.view(np.float32).reshape(graph.tensors[tensor].shape)

    edit(model, weights)
    builder = flatbuffers.Builder(len(path.read_bytes()))
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))


def convolution_weights(model: Any, number: int = 0, kind: str = "CONV_2D") -> int:
    """The filter tensor of the numbered operation of a kind."""
    from ai_edge_litert import schema_py_generated as schema

    convolutions = [
        each
        for each in model.subgraphs[0].operators
        if model.operatorCodes[each.opcodeIndex].builtinCode == getattr(schema.BuiltinOperator, kind)
    ]
    return int(convolutions[number].inputs[1])
