"""MIL's data types: what they are called, how they lie in files, and which tensor carries them while running.

A float16 value is carried by a float32 tensor whose values are already rounded, so that operations compute in float32
without widening their inputs each time. torch has few unsigned integers; a wider signed type carries those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from reference.errors import UserError

from .protos import MIL_pb2

# None: of any size.
Shape = list[int | None]


@dataclass(frozen=True)
class DataType:
    """One of MIL's types.

    stored: NumPy's little-endian type in files; for fewer than 8 bits, the type after unpacking.
    carrier: torch's type while running.
    bits: stored bits per value.
    """

    name: str
    kind: str  # "float", "int", "bool" or "string"
    stored: np.dtype
    carrier: torch.dtype
    bits: int

    @property
    def packed(self) -> bool:
        """Several values share a byte."""
        return self.bits < 8


def _type(name: str, kind: str, stored: str, carrier: torch.dtype, bits: int | None = None) -> DataType:
    dtype = np.dtype(stored)
    return DataType(name, kind, dtype, carrier, bits or 8 * dtype.itemsize)


_ALL = (
    _type("FLOAT16", "float", "<f2", torch.float32),
    _type("FLOAT32", "float", "<f4", torch.float32),
    _type("FLOAT64", "float", "<f8", torch.float64),
    _type("INT4", "int", "i1", torch.int8, 4),
    _type("INT8", "int", "i1", torch.int8),
    _type("INT16", "int", "<i2", torch.int16),
    _type("INT32", "int", "<i4", torch.int32),
    _type("INT64", "int", "<i8", torch.int64),
    _type("UINT1", "int", "u1", torch.uint8, 1),
    _type("UINT2", "int", "u1", torch.uint8, 2),
    _type("UINT3", "int", "u1", torch.uint8, 3),
    _type("UINT4", "int", "u1", torch.uint8, 4),
    _type("UINT6", "int", "u1", torch.uint8, 6),
    _type("UINT8", "int", "u1", torch.uint8),
    _type("UINT16", "int", "<u2", torch.int32),
    _type("UINT32", "int", "<u4", torch.int64),
    _type("UINT64", "int", "<u8", torch.int64),
    _type("BOOL", "bool", "?", torch.bool),
    _type("STRING", "string", "O", torch.uint8),  # the carrier is never used: strings stay Python's
)
BY_NAME = {data_type.name: data_type for data_type in _ALL}
BY_NUMBER = {number: BY_NAME[name] for name, number in MIL_pb2.DataType.items() if name in BY_NAME}

# What the string arguments `dtype` and `output_dtype` of operations may say.
_IN_ARGUMENTS = {
    "fp16": "FLOAT16",
    "fp32": "FLOAT32",
    "fp64": "FLOAT64",
    **{name: name.upper() for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bool")},
}


def data_type_of(tensor_type: Any) -> DataType:
    """The element type of a TensorType message; UserError for one that MIL has not had so far."""
    data_type = BY_NUMBER.get(tensor_type.dataType)
    if data_type is None:
        known = MIL_pb2.DataType.values()
        name = MIL_pb2.DataType.Name(tensor_type.dataType) if tensor_type.dataType in known else tensor_type.dataType
        raise UserError(f"data type {name} is not supported")
    return data_type


def shape_of(tensor_type: Any) -> Shape | None:
    """The shape of a TensorType message; None when even its rank is open."""
    shape: Shape = []
    for dimension in tensor_type.dimensions:
        if dimension.WhichOneof("dimension") == "constant":
            shape.append(dimension.constant.size)
        elif dimension.unknown.variadic:
            return None
        else:
            shape.append(None)
    return shape


def of_argument(text: str) -> DataType:
    """The type that an operation's argument names; ValueError for an unknown one."""
    if text not in _IN_ARGUMENTS:
        raise ValueError(f"unknown data type {text!r}")
    return BY_NAME[_IN_ARGUMENTS[text]]


def kind_of(tensor: torch.Tensor) -> str:
    """The kind of a carrier: "float", "int" or "bool"."""
    if tensor.dtype == torch.bool:
        return "bool"
    return "float" if tensor.is_floating_point() else "int"


def unpack_bits(raw: bytes | np.ndarray, data_type: DataType, count: int) -> np.ndarray:
    """`count` values of fewer than 8 bits, packed from the least significant bit on, values straddling bytes.

    Raises:
        ValueError: when there are too few bytes.
    """
    data = np.frombuffer(raw, np.uint8)
    if data.size * 8 < count * data_type.bits:
        raise ValueError(f"{data.size} bytes cannot hold {count} values of {data_type.name}")
    bits = np.unpackbits(data, bitorder="little", count=count * data_type.bits).reshape(count, data_type.bits)
    values = bits @ (1 << np.arange(data_type.bits))
    if data_type.stored.kind == "i":  # two's complement
        values = np.where(bits[:, -1], values - (1 << data_type.bits), values)
    return values.astype(data_type.stored)
