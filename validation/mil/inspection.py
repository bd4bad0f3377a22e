"""What a saved ML Program consists of; reads the description only, runs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .datatypes import data_type_of
from .package import Function
from .protos import FeatureTypes_pb2
from .values import stored_bits


@dataclass(frozen=True)
class Weights:
    """Values in files, of one type; compression: the operation that decompresses them, "none" where there is none."""

    data_type: str
    compression: str
    tensors: int
    bytes: int


def described(feature: Any) -> str:
    """A FeatureDescription message in a few words, such as "image BGR 256x256"."""
    kind = feature.type.WhichOneof("Type")
    if kind == "imageType":
        image = feature.type.imageType
        layout = FeatureTypes_pb2.ImageFeatureType.ColorSpace.Name(image.colorSpace)
        return f"image {layout} {image.width}x{image.height}"
    if kind == "multiArrayType":
        array = feature.type.multiArrayType
        name = FeatureTypes_pb2.ArrayFeatureType.ArrayDataType.Name(array.dataType)
        return f"array {name.lower()} {list(array.shape)}"
    return kind.removesuffix("Type") if kind else "nothing"


def weights_of(function: Function) -> list[Weights]:
    """The weights in files, largest first; the small values in the program itself do not count."""
    operations = list(function.walk())
    decompressed_by: dict[str, str] = {}  # name of a constant -> constexpr operation
    for operation in operations:
        if operation.type.startswith("constexpr_"):
            decompressed_by |= dict.fromkeys(names_in(operation), operation.type)
    tensors: Counter[tuple[str, str]] = Counter()
    bits: Counter[tuple[str, str]] = Counter()
    for operation in operations:
        if operation.type == "const":
            compression = decompressed_by.get(operation.outputs[0].name, "none")
        else:
            compression = operation.type
        for value in operation.attributes.values():
            if value.WhichOneof("value") == "blobFileValue":
                key = (data_type_of(value.type.tensorType).name, compression)
                tensors[key] += 1
                bits[key] += stored_bits(value)
    return [Weights(*key, tensors[key], (count + 7) // 8) for key, count in bits.most_common()]


def names_in(operation: Any) -> Iterator[str]:
    """The values that an operation takes by name."""
    for argument in operation.inputs.values():
        for binding in argument.arguments:
            if binding.WhichOneof("binding") == "name":
                yield binding.name
