"""Values stored in a program - immediate or in weight files - as tensors, strings, lists and dictionaries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from reference.errors import UserError

from .datatypes import DataType, Shape, data_type_of, shape_of, unpack_bits
from .package import Package


def decode(package: Package, value: Any) -> Any:
    """A MIL Value message: a tensor in its carrier type, a str for scalars of type string, or a list or dictionary.

    Raises:
        UserError: for types or forms that MIL does not have, and for weight files that do not hold what they should.
    """
    kind = value.type.WhichOneof("type")
    if kind == "tensorType":
        return _tensor(package, value)
    if kind == "listType":
        return [decode(package, item) for item in value.immediateValue.list.values]
    if kind == "tupleType":
        return [decode(package, item) for item in value.immediateValue.tuple.values]
    if kind == "dictionaryType":
        pairs = value.immediateValue.dictionary.values
        return {decode(package, pair.key): decode(package, pair.value) for pair in pairs}
    raise UserError(f"{package.path} has a value of the unknown type {kind}")


def matches(shape: Any, declared: Shape | None) -> bool:
    """Whether a tensor's shape is one that a declared shape allows."""
    if declared is None:
        return True
    return len(shape) == len(declared) and all(want in (None, size) for size, want in zip(shape, declared))


def stored_bits(value: Any) -> int:
    """How many bits the elements of a tensor value take in its file."""
    tensor_type = value.type.tensorType
    return _count(tensor_type) * data_type_of(tensor_type).bits


def _tensor(package: Package, value: Any) -> torch.Tensor | str | list[str]:
    tensor_type = value.type.tensorType
    data_type, count = data_type_of(tensor_type), _count(tensor_type)
    shape = [size for size in shape_of(tensor_type) or [] if size is not None]
    if value.WhichOneof("value") == "blobFileValue":
        blob = value.blobFileValue
        array = package.blob_file(blob.fileName).read(blob.offset, data_type, count)
    else:
        immediate = value.immediateValue.tensor
        if data_type.kind == "string":
            return list(immediate.strings.values) if shape else immediate.strings.values[0]
        array = _immediate(package, immediate, data_type, count)
    # The copy detaches from the memory map and gives torch memory it may own.
    return torch.from_numpy(np.array(array.reshape(shape), _carried(data_type)))


def _immediate(package: Package, tensor: Any, data_type: DataType, count: int) -> np.ndarray:
    form = tensor.WhichOneof("value")
    if form is None and count == 0:
        return np.zeros(0, data_type.stored)
    if form is None:
        raise UserError(f"{package.path} has a tensor of {count} values that are not stored")
    values = getattr(tensor, form).values
    try:
        if form != "bytes":
            array = np.array(values, data_type.stored)
        elif data_type.packed:
            array = unpack_bits(values, data_type, count)
        else:
            array = np.frombuffer(values, data_type.stored)
    except ValueError as error:
        raise UserError(f"{package.path} has a broken immediate value: {error}") from error
    if array.size != count:
        raise UserError(f"{package.path} has a tensor of {count} values of which {array.size} are stored")
    return array


def _carried(data_type: DataType) -> np.dtype:
    return torch.empty(0, dtype=data_type.carrier).numpy().dtype


def _count(tensor_type: Any) -> int:
    shape = shape_of(tensor_type)
    if shape is None or None in shape:
        raise UserError("a stored value has an open shape")
    return math.prod(size for size in shape if size is not None)
