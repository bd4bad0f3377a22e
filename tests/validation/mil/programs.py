"""ML Programs written by hand, message by message: neither coremltools' builder nor its writer of weights."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from validation.mil import Program
from validation.mil.protos import FeatureTypes_pb2, MIL_pb2, Model_pb2

ALIGNMENT = 64
# NumPy's types -> MIL's, and the numbers that weight files use.
MIL_TYPES = {"f2": "FLOAT16", "f4": "FLOAT32", "i4": "INT32", "i1": "INT8", "u1": "UINT8", "b1": "BOOL", "u4": "UINT32"}
BLOB_NUMBERS = {
    "FLOAT16": 1, "FLOAT32": 2, "UINT8": 3, "INT8": 4, "INT16": 6, "UINT16": 7, "INT4": 8, "UINT1": 9, "UINT2": 10,
    "UINT4": 11, "UINT3": 12, "UINT6": 13, "INT32": 14, "UINT32": 15,
}  # fmt: skip


def blob_file(records: Sequence[tuple[str, bytes, int]], version: int = 2) -> tuple[bytes, list[int]]:
    """(type, data, unused bits) of each record -> the file and the offsets of the records."""
    content = bytearray(struct.pack("<II", len(records), version).ljust(ALIGNMENT, b"\0"))
    offsets = []
    for name, data, unused in records:
        offsets.append(len(content))
        start = len(content) + ALIGNMENT
        record = struct.pack("<IIQQQ", 0xDEADBEEF, BLOB_NUMBERS[name], len(data), start, unused)
        content += record.ljust(ALIGNMENT, b"\0") + data
        content += bytes(-len(content) % ALIGNMENT)
    return bytes(content), offsets


@dataclass(frozen=True)
class Named:
    """A reference to another value of the program."""

    name: str


@dataclass(frozen=True)
class Stored:
    """A value in the weight file: a record's offset, and its type and shape in MIL."""

    offset: int
    data_type: str
    shape: Sequence[int]


@dataclass(frozen=True)
class Operation:
    """One operation: inputs by name - arrays, numbers, strings, Named, Stored or lists of them - and outputs."""

    type: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, tuple[str, Sequence[int | None]]]
    attributes: Mapping[str, Any] = field(default_factory=dict)


def write_package(
    path: Path,
    *,
    inputs: Mapping[str, tuple[str, Sequence[int | None]]],
    operations: Sequence[Operation],
    outputs: Sequence[str],
    weights: bytes = b"",
    opset: str = "CoreML8",
    images: Mapping[str, str] | None = None,
) -> Path:
    """Write an .mlpackage. images: colour layout of those inputs that are images, [1, C, H, W]."""
    spec = Model_pb2.Model(specificationVersion=9)
    function = spec.mlProgram.functions["main"]
    function.opset = opset
    block = function.block_specializations[opset]
    types: dict[str, tuple[str, Sequence[int | None]]] = dict(inputs)
    for name, (data_type, shape) in inputs.items():
        _declare(function.inputs.add(name=name).type, data_type, shape)
        feature = spec.description.input.add(name=name)
        if images and name in images:
            feature.type.imageType.height, feature.type.imageType.width = shape[-2:]
            color = FeatureTypes_pb2.ImageFeatureType.ColorSpace.Value(images[name])
            feature.type.imageType.colorSpace = color
        else:
            _array_feature(feature, data_type, shape)
    for operation in operations:
        message = block.operations.add(type=operation.type)
        for name, value in operation.inputs.items():
            for each in value if isinstance(value, list) else [value]:
                binding = message.inputs[name].arguments.add()
                if isinstance(each, Named):
                    binding.name = each.name
                else:
                    _value(binding.value, each)
        for name, value in operation.attributes.items():
            _value(message.attributes[name], value)
        for name, (data_type, shape) in operation.outputs.items():
            _declare(message.outputs.add(name=name).type, data_type, shape)
        types |= operation.outputs
    for name in outputs:
        block.outputs.append(name)
        _array_feature(spec.description.output.add(name=name), *types[name])
    folder = path / "Data/com.apple.CoreML"
    (folder / "weights").mkdir(parents=True)
    (folder / "model.mlmodel").write_bytes(spec.SerializeToString())
    (folder / "weights/weight.bin").write_bytes(weights)
    entries = {"1": {"path": "com.apple.CoreML/model.mlmodel"}}
    manifest = {"fileFormatVersion": "1.0.0", "itemInfoEntries": entries, "rootModelIdentifier": "1"}
    (path / "Manifest.json").write_text(json.dumps(manifest))
    return path


def execute(
    path: Path,
    kind: str,
    tensors: Mapping[str, np.ndarray],
    outputs: Sequence[tuple[str, Sequence[int | None]]],
    precision: str = "declared",
    opset: str = "CoreML8",
    **arguments: Any,
) -> Any:
    """Run one operation whose `tensors` are inputs of the program; returns its result, or a tuple of several."""
    named = {f"y{index}": output for index, output in enumerate(outputs)}
    inputs = {name: (MIL_TYPES[array.dtype.str[1:]], array.shape) for name, array in tensors.items()}
    bound = {name: Named(name) for name in tensors} | dict(arguments)
    write_package(path, inputs=inputs, operations=[Operation(kind, bound, named)], outputs=list(named), opset=opset)
    answers = Program(path, precision).values(tensors, list(named))
    return tuple(answers.values()) if len(answers) > 1 else answers["y0"]


def _declare(message: Any, data_type: str, shape: Sequence[int | None]) -> None:
    tensor = message.tensorType
    tensor.dataType, tensor.rank = MIL_pb2.DataType.Value(data_type), len(shape)
    for size in shape:
        dimension = tensor.dimensions.add()
        if size is None:
            dimension.unknown.variadic = False
        else:
            dimension.constant.size = size


def _array_feature(feature: Any, data_type: str, shape: Sequence[int | None]) -> None:
    kind = data_type if data_type in ("FLOAT16", "FLOAT32", "INT32") else "FLOAT32"
    array = feature.type.multiArrayType
    array.dataType = FeatureTypes_pb2.ArrayFeatureType.ArrayDataType.Value(kind)
    array.shape.extend(size or 1 for size in shape)


def _value(message: Any, value: Any) -> None:
    if isinstance(value, Stored):
        _declare(message.type, value.data_type, value.shape)
        message.blobFileValue.fileName = "@model_path/weights/weight.bin"
        message.blobFileValue.offset = value.offset
        return
    tensor = message.immediateValue.tensor
    if isinstance(value, str):
        _declare(message.type, "STRING", ())
        tensor.strings.values.append(value)
        return
    array = np.asarray(value)
    if array.dtype.itemsize == 8:  # Python's own numbers
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.int32)
    data_type = MIL_TYPES[array.dtype.str[1:]]
    _declare(message.type, data_type, array.shape)
    if data_type == "FLOAT32":
        tensor.floats.values.extend(array.reshape(-1).tolist())
    elif data_type == "INT32":
        tensor.ints.values.extend(array.reshape(-1).tolist())
    elif data_type == "BOOL":
        tensor.bools.values.extend(array.reshape(-1).tolist())
    else:
        tensor.bytes.values = array.tobytes()
